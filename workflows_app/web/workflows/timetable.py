"""When schedules fire and what came of it, as pages show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from workflows_app.engine.cron import Cron
from workflows_app.engine.schedule import zone_of
from workflows_app.errors import DefinitionError
from workflows_app.models import Firing, Run, Schedule
from workflows_app.rights import told_error
from workflows_app.web.values.crons import said_of
from workflows_app.web.workflows.scheduling import is_gone

DAY: Final = timedelta(days=1)
WIDTH: Final = 240.0
APART: Final = DAY / 96
SECOND: Final = timedelta(seconds=1)
LATE: Final = timedelta(minutes=1)
UPCOMING: Final = 5
Outcome = Firing.Outcome


@dataclass(frozen=True, slots=True)
class Fire:
    """A firing with the run that it started, if that is still there."""

    firing: Firing
    run: Run | None

    @property
    def status(self) -> str:
        """Name the status that stands for it on pages."""
        if self.run is not None:
            return self.run.status
        return "failed" if self.firing.outcome == Outcome.FAILED else "skipped"

    @property
    def error(self) -> str:
        return told_error(self.firing.schedule.workflow_id, self.firing.error)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A schedule as the list shows it. `marks` are its times of the next day, from 0 to `WIDTH`.

    It is gone where the code of its workflow is not here.
    """

    row: Schedule
    words: str
    last: Fire | None
    marks: Sequence[float]
    is_gone: bool

    @property
    def is_late(self) -> bool:
        """Tell whether its time has passed and nothing has started a run."""
        return self.row.next_at is not None and not self.row.is_paused and self.row.next_at < timezone.now() - LATE


def listed(rows: Iterable[Schedule]) -> list[Scheduled]:
    """Add to schedules what their list shows."""
    found = list(rows)
    last = latest(found)
    now = timezone.now()
    return [scheduled(row, last.get(row.pk), now) for row in found]


def scheduled(row: Schedule, last: Fire | None, now: datetime) -> Scheduled:
    gone = is_gone(row)
    return Scheduled(row, said_of(row.cron), last, () if row.is_paused or gone else marks(row, now), gone)


def latest(rows: Sequence[Schedule]) -> dict[str, Fire]:
    """Find the last firing of each schedule."""
    newest = [
        Firing.objects.filter(schedule=row.pk).order_by("-id").values_list("id", flat=True).first() for row in rows
    ]
    return {fire.firing.schedule_id: fire for fire in fires(Firing.objects.filter(pk__in=[id for id in newest if id]))}


def fires(firings: Iterable[Firing]) -> list[Fire]:
    """Add their runs to firings."""
    found = list(firings)
    runs = Run.objects.in_bulk([one.run_id for one in found if one.run_id])
    return [Fire(one, runs.get(one.run_id)) for one in found]


def upcoming(row: Schedule, moment: datetime) -> Iterator[datetime]:
    """Give its times after a moment, on the clocks of its zone and without the jitter."""
    try:
        cron, zone = Cron.parse(row.cron), zone_of(row.timezone)
    except DefinitionError:
        return
    while (found := cron.after(moment, zone)) is not None:
        yield found.astimezone(zone)
        moment = found


def marks(row: Schedule, now: datetime) -> list[float]:
    """Place its times of the next day on a strip; of those that would touch only the first."""
    found: list[float] = []
    moment = now
    while (time := next(upcoming(row, moment), None)) is not None and time <= now + DAY:
        found.append(round((time - now) / DAY * WIDTH, 1))
        moment = max(time, time + APART - SECOND)
    return found
