"""Deciding many questions at once: only those that ask the same thing, each told with what sets it apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from workflows_app.approvals.gather import event_of
from workflows_app.approvals.policy import Who
from workflows_app.engine.events import StepSuspended
from workflows_app.engine.schema import trusted
from workflows_app.errors import NotSuspended, ResumeAlreadyClaimed, WorkflowsError
from workflows_app.models import Approval, Event
from workflows_app.models.approval import ApprovalQuerySet
from workflows_app.web.approvals.deciding import decide
from workflows_app.web.approvals.inbox import asking_events, given_words, payload_of
from workflows_app.web.values.facts import NO_SCHEMA, Fact, facts_in

MOST: Final = 100
COUNTED: Final = 20
"""More than so many are decided only by who types how many they are."""
TOLD: Final = 4


@dataclass(frozen=True, slots=True)
class Item:
    """One of many questions, with the facts in which it differs from the others."""

    approval: Approval
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one answer. `status` is the status whose colour and glyph say it."""

    approval: Approval
    status: str
    words: str


def chosen(asked: QueryDict, among: ApprovalQuerySet) -> list[Approval]:
    """Find the questions that a form or an address names, as far as they are not too many."""
    numbers = {int(text) for text in asked.getlist("id") if text.isdecimal() and len(text) < 19}
    return list(among.filter(pk__in=sorted(numbers)[: MOST + 1]).select_related("run").soonest())


def obstacle(approvals: Sequence[Approval]) -> str:
    """Say why questions cannot be decided together; nothing when they can."""
    if not approvals:
        return _("None of these questions is open any more.")
    if len(approvals) > MOST:
        return _("At most %d questions are decided together.") % MOST
    if len({(one.workflow_id, one.place) for one in approvals}) > 1:
        return _("Only questions of the same step of the same workflow are decided together.")
    if len({form_of(row) for row in asking_events(approvals).values()}) > 1:
        return _("These questions ask for answers of different shapes.")
    return ""


def form_of(row: Event) -> str:
    """Write the shape of the answer that a question itself asks for, as those of agents do."""
    event = event_of(row)
    return trusted(event.form).text if isinstance(event, StepSuspended) else ""


def items_of(approvals: Sequence[Approval], *, may_see: bool) -> list[Item]:
    """Tell the questions by the facts that are not the same in all of them."""
    rows = asking_events(approvals) if may_see else {}
    told = {pk: facts_in(payload_of(row), NO_SCHEMA).facts for pk, row in rows.items()}
    texts: dict[str, set[str]] = {}
    for facts in told.values():
        for fact in facts:
            texts.setdefault(fact.label, set()).add(fact.text)
    differing = [label for label, found in texts.items() if len(found) > 1][:TOLD]
    return [Item(one, tuple(fact for fact in told.get(one.pk, ()) if fact.label in differing)) for one in approvals]


def decide_all(who: Who, approvals: Sequence[Approval], value: object) -> list[Result]:
    """Hand the same answer to every question; one that is not taken stops none of the others."""
    return [result_of(who, approval, value) for approval in approvals]


def result_of(who: Who, approval: Approval, value: object) -> Result:
    try:
        done = decide(who, approval, value, "bulk")
    except (NotSuspended, ResumeAlreadyClaimed):
        by = Approval.objects.filter(pk=approval.pk).values_list("decided_by", flat=True).first()
        return Result(approval, "canceled", _("%s was faster") % by if by else _("No longer open"))
    except WorkflowsError as error:
        return Result(approval, "failed", error.message)
    if done.is_open:
        return Result(done, "suspended", _("Counted, %s") % given_words(done))
    return Result(done, "success", _("Decided"))
