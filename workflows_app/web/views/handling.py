"""What people do about a question before it is answered: claim, hand over, put aside, write half of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Final

from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, Value
from django.db.models.functions import Least
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from workflows_app.approvals.notices import forget_asking, next_look
from workflows_app.approvals.policy import Who, bar, may_handle, unasked
from workflows_app.conf import get_conf
from workflows_app.engine.arguments import is_storable
from workflows_app.models import Approval, Desk
from workflows_app.models.instants import InstantField
from workflows_app.web.activity import note, reason_of
from workflows_app.web.approvals.answering import ANSWER, answer_form
from workflows_app.web.approvals.deciding import decider
from workflows_app.web.approvals.inbox import InboxFilters
from workflows_app.web.forms import Control, SchemaForm
from workflows_app.web.http import Asked, named, page
from workflows_app.web.inspector.look import looking_at
from workflows_app.web.live.asksocket import stir
from workflows_app.web.views.approvals import find, following, thing

LONGEST_DRAFT: Final = 65_536
MORNING: Final = time(9)
SNOOZES: Final[Mapping[str, Callable[[datetime], datetime]]] = {
    "hour": lambda now: now + timedelta(hours=1),
    "half-day": lambda now: now + timedelta(hours=4),
    "tomorrow": lambda now: morning(now, 1),
    "monday": lambda now: morning(now, 7 - now.weekday()),
}


def morning(now: datetime, days: int) -> datetime:
    """Give nine o'clock some days from now, in the reader's zone."""
    return timezone.make_aware(datetime.combine(now.date() + timedelta(days=days), MORNING))


@require_POST
@page()
def claim(request: Asked, approval_id: int) -> HttpResponse:
    """Take a question into one's own hands for some hours. `over` names whose claim is taken over."""
    who, approval = handler(request, approval_id)
    now = timezone.now()
    free = Q(claimed_by__in=["", who.name, named(request.POST, "over")]) | Q(claimed_until__lte=now)
    until = now + timedelta(seconds=get_conf().claim_seconds)
    approval.claimed_until, holder = until, approval.holder
    look = Least("tell_at", Value(next_look(approval, now), InstantField()))
    columns = {"claimed_by": who.name, "claimed_until": until, "tell_at": look}
    if Approval.objects.open().filter(free, pk=approval.pk).update(**columns):
        note(request, "claim", thing(approval), before={"claimed_by": holder}, after={"claimed_by": who.name})
    else:
        messages.warning(request, _("Somebody else has claimed this meanwhile."))
    return back(request, approval)


@require_POST
@page()
def release(request: Asked, approval_id: int) -> HttpResponse:
    """Give a claimed question back."""
    who, approval = handler(request, approval_id)
    if Approval.objects.open().filter(pk=approval.pk, claimed_by=who.name).update(claimed_by="", claimed_until=None):
        note(request, "release", thing(approval), before={"claimed_by": who.name})
    return back(request, approval)


@require_POST
@page()
def hand_over(request: Asked, approval_id: int) -> HttpResponse:
    """Give a question to somebody else, or to a group."""
    who, approval = handler(request, approval_id)
    to = request.POST.get("to", "").strip()
    if obstacle := why_not_to(to, approval):
        messages.error(request, f"{obstacle} {_('Nothing was handed over.')}")
        return back(request, approval)
    columns = {
        "assignee": to,
        "handed_by": who.name,
        "claimed_by": "",
        "claimed_until": None,
        "tell_at": timezone.now(),
    }
    forget_asking(approval, to)
    if Approval.objects.open().filter(pk=approval.pk).update(**columns):
        before, after = {"assignee": approval.assignee}, {"assignee": to}
        note(request, "hand_over", thing(approval), reason=reason_of(request), before=before, after=after)
        messages.success(request, _("Handed over to %s.") % to)
        stir(approval.pk)
    return redirect(following(request, approval))


def why_not_to(name: str, approval: Approval) -> str:
    """Say why a question cannot be handed over to somebody of this name: there is nobody, or they may not answer it."""
    if approval.groups:
        return _("One of each group must decide, and nobody can for another group.")
    person = User.objects.filter(username=name, is_active=True).first() if is_storable(name) else None
    if person is not None:
        return _("%s may not decide this.") % name if bar(Who.of(person), approval) else ""
    is_group = is_storable(name) and Group.objects.filter(name=name).exists()
    return "" if is_group else _("There is no person or group %r.") % name[:100]


@require_POST
@page()
def snooze(request: Asked, approval_id: int) -> HttpResponse:
    """Put a question out of one's own sight until a time; without one, back into it."""
    who, approval = decider(request), find(approval_id)
    until = SNOOZES.get(request.POST.get("until", ""))
    moment = until(timezone.localtime()) if until else None
    Desk.keep(approval, who.user, snoozed_until=moment)
    if moment is None:
        return back(request, approval)
    messages.success(request, _("Put aside until %s.") % date_format(timezone.localtime(moment), "D H:i"))
    return redirect(following(request, approval))


@require_POST
@page()
def draft(request: Asked, approval_id: int) -> HttpResponse:
    """Keep an answer that is not ready. What is secret is not kept."""
    who, approval = handler(request, approval_id)
    if not approval.is_open:
        return too_late(request, approval)
    with looking_at(approval.run_id) as look:
        form = answer_form(look, approval.path)
    kept = "" if form is None else draft_in(request.POST, form)
    if len(kept) > LONGEST_DRAFT:
        return HttpResponse(_("This is too long to be kept as a draft."), status=413, content_type="text/plain")
    Desk.keep(approval, who.user, draft=kept, drafted_at=timezone.now())
    return HttpResponse(status=204) if request.htmx else back(request, approval)


def too_late(request: Asked, approval: Approval) -> HttpResponse:
    """Say of a draft that came after the decision that nobody needs it: that is no fault of who wrote it."""
    if approval.decided_by:
        words = _("%s has decided this meanwhile, so no draft is needed.") % approval.decided_by
    else:
        words = _("This waits for no answer any more, so no draft is needed.")
    if request.htmx:
        return HttpResponse(words, content_type="text/plain")
    messages.info(request, words)
    return back(request, approval)


def draft_in(posted: QueryDict, form: SchemaForm) -> str:
    """Write the fields of a form as they were sent, without buttons and secrets."""
    secret = {control.name for control in everything(form.bind(posted).controls) if is_secret(control)}
    # Secrets may stand anywhere in what was typed as JSON.
    secret |= {form.json_name} if any(map(is_secret, everything(form.controls))) else set()
    kept = QueryDict(mutable=True)
    for name, values in posted.lists():
        if name.startswith(f"{ANSWER}.") and name not in secret and not name.startswith(tuple(form.names.values())):
            kept.setlist(name, values)
    return kept.urlencode()


def everything(controls: tuple[Control, ...]) -> Iterator[Control]:
    for control in controls:
        yield control
        yield from everything(control.children)


def is_secret(control: Control) -> bool:
    return ("type", "password") in control.attributes


def handler(request: Asked, approval_id: int) -> tuple[Who, Approval]:
    """Tell who asks about which question. Raises: PermissionDenied, RunNotFound"""
    who, approval = decider(request), find(approval_id)
    if approval.is_open and not may_handle(who, approval):
        raise PermissionDenied(unasked(who, approval))
    return who, approval


def back(request: Asked, approval: Approval) -> HttpResponse:
    """Show the question again, also on the pages where it is open."""
    stir(approval.pk)
    query = InboxFilters.of(request.GET).query().rstrip("?")
    return redirect(reverse("approvals:detail", args=[approval.pk]) + query)
