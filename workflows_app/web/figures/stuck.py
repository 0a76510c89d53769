"""The schedules that start no runs, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext as _

from workflows_app import runtime
from workflows_app.errors import WorkflowsError
from workflows_app.models import Firing, Schedule
from workflows_app.models.instants import to_datetime, to_instant
from workflows_app.models.seal import SealedElsewhere
from workflows_app.rights import seen, told_error
from workflows_app.schedules.starter import LATE, Due, fitting, last_run

LOOKED_AT: Final = 100
LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class Stuck:
    """A schedule that starts no runs. `since` is empty where nobody knows."""

    row: Schedule
    words: str
    since: datetime | None


def stuck(now: datetime) -> list[Stuck]:
    """List the schedules that start no runs: those that just failed before those that are about to."""
    found: dict[str, Stuck] = {}
    for reading in (failed(), unfit(), late(now)):
        for one in islice(reading, LISTED):
            found.setdefault(one.row.pk, one)
    return list(found.values())


def failed() -> Iterator[Stuck]:
    """Give those whose last time started nothing, unless somebody has changed them since."""
    newest = Firing.objects.filter(schedule=OuterRef("pk")).order_by("-id").values("id")[:1]
    last = Firing.objects.filter(outcome=Firing.Outcome.FAILED, fired_at__gte=F("schedule__changed_at"))
    rows = working().annotate(newest=Subquery(newest))
    for one in last.filter(pk__in=rows.values("newest")).select_related("schedule").order_by("-id")[:LISTED]:
        words = _("its schedule could not start a run")
        yield Stuck(one.schedule, because(words, one.schedule, one.error), one.fired_at)


def unfit() -> Iterator[Stuck]:
    """Give those whose input the workflow does not take, of those that are next."""
    for row in working().filter(next_at__isnull=False).order_by("next_at")[:LOOKED_AT]:
        if fault := fault_of(row):
            yield Stuck(row, because(_("its schedule will start no run"), row, fault), None)


def late(now: datetime) -> Iterator[Stuck]:
    """Give those whose time has passed without anything, unless they wait for the run before."""
    for row in working().filter(next_at__lt=to_datetime(to_instant(now) - LATE)).order_by("next_at")[:LOOKED_AT]:
        if row.next_at and not Due(row, to_instant(row.next_at), last_run(row)).is_held_up:
            yield Stuck(row, _("its schedule is overdue: no process starts its runs"), row.next_at)


def fault_of(row: Schedule) -> str:
    """Say why the workflow takes no more what its runs are started with; nothing where its code is not here."""
    workflow = runtime.get_engine().registry.by_id.get(row.workflow_id)
    try:
        if workflow is not None:
            fitting(workflow, row)
    except (WorkflowsError, SealedElsewhere) as error:
        return str(error)
    return ""


def working() -> Any:
    """Find the schedules that are to start runs, of the workflows that the person who asks may look at."""
    return seen(Schedule.objects.all()).filter(state=Schedule.State.ACTIVE)


def because(words: str, row: Schedule, cause: str) -> str:
    """Add the cause for whom may know it."""
    why = in_one_line(told_error(row.workflow_id, cause))
    return f"{words}: {why}" if why else words


def in_one_line(text: str) -> str:
    """Put a message and the faults listed below it on one line."""
    return " ".join(text.replace("\n- ", " ").split())
