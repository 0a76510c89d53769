"""What people are asked: the inbox, one question with its form, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from workflows_app.approvals.queues import MANY, QUEUES, Inbox
from workflows_app.errors import RunNotFound, UnreadableEvent
from workflows_app.models import Approval
from workflows_app.models.approval import ApprovalQuerySet
from workflows_app.web.activity import Thing, note
from workflows_app.web.approvals.answering import schema_of
from workflows_app.web.approvals.deciding import Sent, attempt, decider, words_of
from workflows_app.web.approvals.inbox import (
    PAGE,
    URGENT_FIRST,
    WAITS,
    InboxFilters,
    beyond,
    decided_rows,
    heading_counts,
    ordered,
    place_of,
    rows_of,
    window_of,
)
from workflows_app.web.approvals.precedents import decisions
from workflows_app.web.approvals.question import proof_of, read_question
from workflows_app.web.http import INBOX, Asked, may, number, page, show
from workflows_app.web.live.asksocket import stir

LABELS: Final = {
    "open": gettext_lazy("Open"), "mine": gettext_lazy("For me"), "groups": gettext_lazy("My groups"),
    "anyone": gettext_lazy("Unassigned"), "claimed": gettext_lazy("Claimed by others"),
    "snoozed": gettext_lazy("Put aside"),
}  # fmt: skip
FIRST: Final = ((URGENT_FIRST, gettext_lazy("Urgent first")),)
RARE: Final = ("claimed", "snoozed")
MOST_WORKFLOWS: Final = 100
MOST_PEOPLE: Final = 100
NO_TALK: Final[Mapping[str, str]] = {}


@require_safe
@page(door=INBOX)
def inbox(request: Asked) -> HttpResponse:
    return inbox_page(request, None)


@require_safe
@page()
def detail(request: Asked, approval_id: int) -> HttpResponse:
    return inbox_page(request, find(approval_id))


@require_safe
@page()
def record(request: Asked, approval_id: int) -> HttpResponse:
    """Give the record of a question to be printed: what was asked, who decided what, and how to check it."""
    approval, who = find(approval_id), decider(request)
    now = timezone.now()
    question = read_question(who, approval, now, may_see=may(request, "view_payload"))
    return show(request, "approvals/print.html", {"question": question, "proof": proof_of(approval), "now": now})


@require_safe
@page(door=INBOX)
def news(request: Asked) -> HttpResponse:
    """Say what came since the list was drawn, and what of it is gone; its rows stay where they are.

    A list that was `whole` lacks what it does not show; of a part only the newest are known to be new.
    """
    filters, latest = InboxFilters.of(request.GET), number(request, "newer")
    shown = [int(text) for text in request.GET.get("shown", "").split(".")[:PAGE] if is_number(text)]
    whole = "whole" in request.GET
    queue = Inbox.of(decider(request)).queue(filters.name if filters.name in QUEUES else "open")
    queue = filters.narrow(queue).order_by()
    fresh = queue.exclude(pk__in=shown) if whole else queue.filter(pk__gt=latest)
    context = {
        "filters": filters, "latest": latest, "most": MANY + 1, "shown": shown, "whole": whole,
        "count": fresh[: MANY + 1].count(),
        "gone": sorted(set(shown).difference(queue.filter(pk__in=shown).values_list("pk", flat=True))),
    }  # fmt: skip
    return show(request, "approvals/_news.html", context)


def is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


@require_POST
@page()
def decide(request: Asked, approval_id: int) -> HttpResponse:
    """Hand the answer to the run; of two answers exactly one is taken."""
    approval, who = find(approval_id), decider(request)
    came = attempt(who, approval, request, "page")
    if isinstance(came, Sent):
        return inbox_page(request, find(approval_id), came)
    note(request, "decide", thing(approval), via="page")
    stir(approval.pk)
    messages.success(request, words_of(came))
    return redirect(following(request, approval))


def following(request: Asked, approval: Approval) -> str:
    """Give the address of the next question of the queue, so that a stack is worked off from the top."""
    filters = InboxFilters.of(request.GET)
    if filters.name == "decided":
        filters = replace(filters, queue="")
    left = ordered(filters.narrow(Inbox.of(decider(request)).queue(filters.name)), filters.keys)
    after = left.filter(beyond(filters.keys, "gt", place_of(approval, filters.keys))).first()
    nearest = after or left.first()
    address = reverse("approvals:detail", args=[nearest.pk]) if nearest else reverse("approvals:inbox")
    return address + filters.query().rstrip("?")


def find(approval_id: int) -> Approval:
    """Find an approval. Raises: RunNotFound"""
    found = Approval.objects.filter(pk=approval_id).select_related("run").first()
    if found is None:
        raise RunNotFound(_("There is no such question any more; its run may have been deleted."))
    return found


def thing(approval: Approval) -> Thing:
    return Thing("approval", str(approval.pk), approval.workflow_id)


# The page


def inbox_page(
    request: Asked, approval: Approval | None, sent: Sent | None = None, talk: Mapping[str, str] = NO_TALK
) -> HttpResponse:  # fmt: skip
    """Show the list and one question beside it; on a narrow screen only one of the two is seen.

    `talk` is a remark that was not taken, with what is wrong with it.
    """
    who, filters = decider(request), InboxFilters.of(request.GET)
    of_person = Inbox.of(who)
    is_part = bool(request.htmx) and request.htmx.target == "detail"
    context: dict[str, Any] = {"filters": filters, "chosen": approval is not None, "sent": sent, **talk}
    if not is_part:
        context |= list_of(request, of_person, filters)
    first = None if is_part else next((row.approval for row in context["rows"]), None)
    shown = approval or (first if not filters.older and not filters.newer else None)
    if shown is not None:
        may_see = may(request, "view_payload")
        check = reverse("approvals:check", args=[shown.pk])
        try:
            question = read_question(who, shown, of_person.now, sent, may_see=may_see, check=check)
            context |= {"question": question, "people": people()}
        except UnreadableEvent as error:
            # The list must not be lost with the question that happens to stand first in it.
            if approval is not None:
                raise
            context["unreadable"] = error.message
    template = "approvals/_detail.html" if is_part else "approvals/inbox.html"
    status = 422 if talk.get("fault") else 200
    return show(request, template, context, status=sent.status if sent else status)


def list_of(request: Asked, of_person: Inbox, filters: InboxFilters) -> dict[str, Any]:
    latest = Approval.objects.order_by("-id").values_list("id", flat=True).first() or 0
    counts = of_person.counts()
    decided = filters.name == "decided"
    asked = of_person.decided if decided else of_person.queue(filters.name)
    asked = filters.narrow(asked)
    window = window_of(asked, filters)
    if decided:
        rows = decided_rows(window.approvals, decisions(window.approvals, schema_of))
    else:
        rows = rows_of(
            window.approvals, of_person, heading_counts(asked, of_person.now, filters.keys), filters.keys
        )  # fmt: skip
    return {
        "rows": rows,
        "may_pick": not decided and may(request, "decide_bulk"),
        "queues": [
            (name, LABELS[name], counts[name])
            for name in QUEUES
            if counts[name] or name == filters.name or name not in RARE
        ],
        "open": min(counts["open"], MANY + 1),
        "newer": window.earlier,
        "older": window.later,
        "latest": latest,
        "shown": [approval.pk for approval in window.approvals],
        "whole": not (window.earlier or window.later),
        "workflows": workflows_of(of_person.answerable),
        "waits": [(name, words) for name, (_span, words) in WAITS.items()],
        "priorities": [*(() if decided else FIRST), *((one.word, one.label) for one in Approval.Priority)],
        "next_due": None if rows else of_person.next_due(),
        "counts": counts,
    }


def workflows_of(approvals: ApprovalQuerySet) -> list[str]:
    return list(approvals.order_by("workflow_id").values_list("workflow_id", flat=True).distinct()[:MOST_WORKFLOWS])


def people() -> list[str]:
    """Name some of those that a question can be handed over to."""
    named = User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
    groups = Group.objects.order_by("name").values_list("name", flat=True)
    return [*groups[:MOST_PEOPLE], *named[:MOST_PEOPLE]]
