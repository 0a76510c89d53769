"""Counts runs that have ended into the rollups which figures and charts read.

Each run is counted once per end, however many processes look: what was counted of it is kept as its Ending,
and Endings are compared and written while the one row of `RollupCursor` is held. A run that was set back and
ended again has its earlier end taken out of the counts. The cursor only spares looking at old runs again; as
commits become visible a little out of order, every look begins some time behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Left
from pydantic_core import from_json

from .engine.events import SECOND, START_LENGTH, start_of
from .engine.paths import ITEM, public
from .engine.records import CONTAINERS
from .models import Ending, Event, Rollup, RollupCursor, Run
from .models.instants import MICROSECOND, to_instant
from .models.rollup import bucket_of

BEHIND = 60 * SECOND
"""Longer than a commit may take."""
FAR_BEHIND = 86_400 * SECOND
"""For what came later still, as when the machine slept in mid-commit."""
AT_ONCE = 200
SPAN_KINDS = (
    "StepStarted", "StepSucceeded", "StepFailed", "StepSuspended", "StepResumed", "StepLost", "StepCanceled",
    "TimerFired", "RunCancelled", "RunRestarted", "RunRewound", "RunFinished",
)  # fmt: skip
FAULT_LENGTH = 200

Key = tuple[str, str, datetime]


@dataclass(slots=True)
class Stopwatch:
    """Measures for how long at least one thing was open. Instants and durations are microseconds."""

    total: int = 0
    _open: set[str] = field(default_factory=set)
    _since: int = 0

    def start(self, name: str, at: int) -> None:
        if not self._open:
            self._since = at
        self._open.add(name)

    def stop(self, name: str, at: int) -> None:
        if name in self._open:
            self._open.discard(name)
            if not self._open:
                self.total += max(0, at - self._since)

    def stop_all(self, at: int) -> None:
        for name in tuple(self._open):
            self.stop(name, at)


@dataclass(slots=True)
class Meter:
    """Measures one run while its events pass: when something ran, and when a person was waited for."""

    working: Stopwatch = field(default_factory=Stopwatch)
    asking: Stopwatch = field(default_factory=Stopwatch)
    retries: int = 0
    failed_at: str = ""
    _events: set[str] = field(default_factory=set)

    def see(self, kind: str, path: str, at: int, start: str) -> None:
        match kind:
            case "StepStarted":
                self._started(path, at, start)
            case "StepSuspended":
                self.working.stop(path, at)
                if path not in self._events:
                    self.asking.start(path, at)
            case "RunCancelled":
                self.asking.stop_all(at)
            case "RunRestarted" | "RunRewound" | "RunFinished":
                self.working.stop_all(at)
                self.asking.stop_all(at)
            case _:
                self.failed_at = path if kind == "StepFailed" else self.failed_at
                self.working.stop(path, at)
                self.asking.stop(path, at)

    def _started(self, path: str, at: int, text: str) -> None:
        role, cause = start_of(text)
        self.retries += cause == "retry"
        if role == "event":
            # It waits for the world, not for a person.
            self._events.add(path)
        if role not in CONTAINERS:
            self.working.start(path, at)


def catch_up(using: str = DEFAULT_DB_ALIAS, *, behind: int = BEHIND) -> int:
    """Count the runs that have ended since the last look. Returns how many."""
    cursor = RollupCursor.objects.using(using).first()
    return count_since(using, to_instant(cursor.at) - behind if cursor else 0)


def recount(using: str = DEFAULT_DB_ALIAS, tell: Callable[[int], None] | None = None) -> int:
    """Forget what was counted and count every stored run; `tell` hears how far it is. Returns how many."""
    with transaction.atomic(using=using):
        held(using)
        for table in (Ending, Rollup, RollupCursor):
            table._default_manager.using(using).all().delete()
    return count_since(using, 0, tell)


def count_since(using: str, since: int, tell: Callable[[int], None] | None = None) -> int:
    counted = 0
    while runs := uncounted(using, since):
        counted += count(using, measured(using, runs))
        # Whatever ended before the last of these was counted just now, or before.
        since = to_instant(runs[-1].finished_at or runs[-1].updated_at)
        if tell is not None:
            tell(counted)
    return counted


def uncounted(using: str, since: int) -> list[Run]:
    """List some runs whose end was not counted yet, those that ended first."""
    same_end = Ending.objects.filter(run=OuterRef("pk"), ended_at=OuterRef("finished_at"))
    found = Run.objects.using(using).filter(~Exists(same_end), finished_at__gte=since)
    return list(found.order_by("finished_at", "id")[:AT_ONCE])


def measured(using: str, runs: Sequence[Run]) -> list[Ending]:
    """Read off the journal what is counted of these runs."""
    meters = {run.id: Meter() for run in runs}
    events = (
        Event.objects.using(using)
        .filter(run__in=list(meters), kind__in=SPAN_KINDS)
        .order_by("run_id", "seq")
        .values_list("run_id", "kind", "path", "at", Left("data", START_LENGTH))
    )
    for run_id, passing in groupby(events.iterator(), itemgetter(0)):
        meter = meters[run_id]
        for _, kind, path, at, start in passing:
            meter.see(kind, path, to_instant(at), start)
    faults = fault_types(using, [run.id for run in runs if run.status == "failed"])
    return [ending_of(run, meters[run.id], faults.get(run.id, "")) for run in runs]


def fault_types(using: str, run_ids: Sequence[str]) -> dict[str, str]:
    """Name the types of the exceptions that runs failed with."""
    ends = Event.objects.using(using).filter(run__in=run_ids, kind="RunFinished").order_by("seq")
    found = {run_id: error_in(data) for run_id, data in ends.values_list("run_id", "data")}
    return {run_id: str(error.get("name", "Error")) for run_id, error in found.items() if isinstance(error, dict)}


def error_in(data: str) -> object:
    """Read the error off the data of an end; None if it cannot be read, so that the others are counted."""
    try:
        end = from_json(data)
    except ValueError:
        return None
    return end.get("error") if isinstance(end, dict) else None


def ending_of(run: Run, meter: Meter, fault: str) -> Ending:
    end = run.finished_at or run.updated_at
    return Ending(
        run_id=run.id,
        workflow_id=run.workflow_id,
        status=run.status,
        ended_at=end,
        took=max(0, (end - (run.started_at or run.created_at)) // MICROSECOND),
        active=meter.working.total,
        human=meter.asking.total,
        retries=meter.retries,
        fault=fault[:FAULT_LENGTH],
        step=ITEM.sub("", public(meter.failed_at)) if fault else "",
    )


def count(using: str, endings: Sequence[Ending]) -> int:
    """Add runs to the rollups, unless another process did meanwhile. Returns how many were added."""
    with transaction.atomic(using=using):
        cursor = held(using)
        before = Ending.objects.using(using).in_bulk([ending.pk for ending in endings])
        fresh = [e for e in endings if e.pk not in before or before[e.pk].ended_at != e.ended_at]
        gone = [before[e.pk] for e in fresh if e.pk in before]
        if fresh:
            add(using, fresh, gone)
            last = max(ending.ended_at for ending in fresh)
            RollupCursor.objects.using(using).filter(pk=cursor.pk, at__lt=last).update(at=last)
    return len(fresh)


def held(using: str) -> RollupCursor:
    """Hold the row that whoever counts must hold; SQLite lets one write at a time anyway."""
    RollupCursor.objects.using(using).get_or_create(pk=1)
    return RollupCursor.objects.using(using).select_for_update().get(pk=1)


def add(using: str, fresh: Sequence[Ending], gone: Sequence[Ending]) -> None:
    """Write what changed: the endings, and the hours they fall in."""
    hours = hours_of(using, [*fresh, *gone])
    for sign, endings in ((1, fresh), (-1, gone)):
        for ending in endings:
            tally(hours[key_of(ending)], ending, sign)
    Rollup.objects.using(using).bulk_create(
        hours.values(),
        update_conflicts=True,
        unique_fields=("hour", "workflow_id", "status"),
        update_fields=("runs", "retries", "active", "human", "faults"),
    )
    columns = [column.name for column in Ending._meta.concrete_fields if not column.primary_key]
    Ending.objects.using(using).bulk_create(fresh, update_conflicts=True, unique_fields=("run",), update_fields=columns)


def hours_of(using: str, endings: Iterable[Ending]) -> dict[Key, Rollup]:
    """Give the rollups that these runs fall into, those that there are not yet among them."""
    keys = {key_of(ending) for ending in endings}
    stored = Rollup.objects.using(using).filter(
        hour__in={hour for _, _, hour in keys}, workflow_id__in={name for name, _, _ in keys}
    )
    found = {(row.workflow_id, row.status, row.hour): row for row in stored}
    for name, status, hour in keys - found.keys():
        found[name, status, hour] = Rollup(workflow_id=name, status=status, hour=hour)
    return {key: found[key] for key in keys}


def key_of(ending: Ending) -> Key:
    return ending.workflow_id, ending.status, ending.ended_at.replace(minute=0, second=0, microsecond=0)


def tally(row: Rollup, ending: Ending, sign: int) -> None:
    """Count one run in or out of its hour."""
    row.runs += sign
    row.retries += sign * ending.retries
    row.active = shifted(row.active, bucket_of(ending.active), sign)
    if ending.human:
        row.human = shifted(row.human, bucket_of(ending.human), sign)
    if ending.fault:
        row.faults = shifted(row.faults, f"{ending.fault}\n{ending.step}", sign)


def shifted(counts: dict[str, int], key: str, sign: int) -> dict[str, int]:
    changed = Counter(counts)
    changed[key] += sign
    return dict(+changed)
