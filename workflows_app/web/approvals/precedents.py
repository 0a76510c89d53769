"""How similar questions were decided: those of the same step of the same workflow, lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from workflows_app.approvals.gather import event_of
from workflows_app.engine.events import StepResumed
from workflows_app.engine.questions import decision_in
from workflows_app.engine.schema import Json, Schema
from workflows_app.models import Approval, Event
from workflows_app.models.approval import ApprovalQuerySet
from workflows_app.web.forms.titles import value_title

LATELY: Final = timedelta(days=30)
READ: Final = 100
SHOWN: Final = 5
MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Precedent:
    approval: Approval
    decision: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Precedents:
    """The decisions counted, the most frequent first, and the last ones one by one."""

    counts: tuple[tuple[str, int], ...]
    last: tuple[Precedent, ...]
    total: int


def precedents_of(approval: Approval, schema: Schema, decided: ApprovalQuerySet) -> Precedents:
    """Read how questions of this step were decided lately, among those that the person may look at."""
    since = timezone.now() - LATELY
    similar = decided.filter(workflow_id=approval.workflow_id, place=approval.place, decided_at__gte=since).exclude(
        pk=approval.pk
    )
    found = list(similar.order_by("-decided_at")[:READ])
    said = decisions(found, lambda _one: schema)
    read = [Precedent(one, said[one.pk], one.decided_at) for one in found]
    counts = Counter(one.decision for one in read if one.decision)
    return Precedents(tuple(counts.most_common(MOST)), tuple(read[:SHOWN]), len(read))


def decisions(approvals: Collection[Approval], schema_of: Callable[[Approval], Schema]) -> dict[int, str]:
    """Say in a word what was decided; an answer without a field that decides has none."""
    asked = {"run__in": {one.run_id for one in approvals}, "seq__in": {one.answer_seq for one in approvals}}
    rows = {(row.run_id, row.seq): row for row in Event.objects.filter(**asked, kind="StepResumed")}
    answers = ((one, rows.get((one.run_id, one.answer_seq or 0))) for one in approvals)
    return {one.pk: word_of(row, schema_of(one)) if row is not None else "" for one, row in answers}


def word_of(row: Event, schema: Schema) -> str:
    event = event_of(row)
    if not isinstance(event, StepResumed) or not event.data.loaded:
        return ""
    decided: Json = decision_in(event.data.data, schema)
    return "" if isinstance(decided, dict | list) or decided is None else value_title(decided)
