"""What a workflow and its steps usually take: the middle half of its last runs that succeeded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from django.core.cache import cache

from workflows_app.engine.paths import public
from workflows_app.models import Ending, Event, Run
from workflows_app.models.instants import to_instant

LAST: Final = 100
LEAST: Final = 5
"""Fewer runs say nothing about what is usual."""
EVENTS: Final = 20_000
"""How many events are read at most; of very long runs fewer are looked at."""
REMEMBERED: Final = 60
BEGINS: Final = "StepStarted"
ENDS: Final = ("StepSucceeded", "StepFailed", "StepSuspended", "StepLost", "StepCanceled")


@dataclass(frozen=True, slots=True)
class Band:
    """How long something takes: of `runs` runs half lie between `low` and `high`. Durations are microseconds."""

    runs: int
    low: int
    middle: int
    high: int

    @classmethod
    def of(cls, times: Iterable[int]) -> Band:
        found = sorted(times)
        return cls(len(found), share(found, 0.25), int(median(found)), share(found, 0.75))


def share(values: Sequence[int], part: float) -> int:
    """Give the value under which a part of sorted values lies, between two of them in proportion."""
    at = part * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return round(values[low] + (values[high] - values[low]) * (at - low))


def usual_active(workflow_id: str) -> Band | None:
    """Say how long runs of a workflow are usually at work; None where too few have succeeded."""
    key = f"usual.{workflow_id.encode().hex()}"
    known = cache.get(key)
    if known is None:
        known = _usual_active(workflow_id) or ()
        cache.set(key, known, REMEMBERED)
    return known or None


def _usual_active(workflow_id: str) -> Band | None:
    runs = Run.objects.filter(workflow_id=workflow_id, status="success").newest().values_list("id", flat=True)
    times = list(Ending.objects.filter(pk__in=list(runs[:LAST])).values_list("active", flat=True))
    return Band.of(times) if len(times) >= LEAST else None


def usual_steps(workflow_id: str, beside: str) -> tuple[int, dict[str, Band]]:
    """Measure every step in the last runs that succeeded, but not in the one beside which they are put.

    Shape: how many runs, and a band by path; passes of a loop are added up, items of a list left out.
    """
    runs = list(read(workflow_id, beside))
    times: dict[str, list[int]] = defaultdict(list)
    for measured in worked(runs).values():
        for path, took in measured.items():
            times[path].append(took)
    return len(runs), {path: Band.of(found) for path, found in times.items()}


def read(workflow_id: str, beside: str) -> Iterator[str]:
    """Yield the ids of the last runs, as many as may be read."""
    left = EVENTS
    found = Run.objects.filter(workflow_id=workflow_id, status="success").exclude(pk=beside).newest()
    for run_id, events in found.values_list("id", "seq")[:LAST]:
        left -= events
        if left < 0:
            return
        yield run_id


def worked(run_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Add up how long each step of each run was at work, in all its passes and tries."""
    rows = (
        Event.objects.filter(run__in=run_ids, kind__in=(BEGINS, *ENDS))
        .exclude(path__contains="[")
        .order_by("run", "seq")
        .values_list("run_id", "kind", "path", "at")
    )
    total: dict[str, dict[str, int]] = {run_id: defaultdict(int) for run_id in run_ids}
    begun: dict[tuple[str, str], int] = {}
    for run_id, kind, path, at in rows:
        if kind == BEGINS:
            begun[run_id, path] = to_instant(at)
        elif (run_id, path) in begun:
            total[run_id][public(path)] += to_instant(at) - begun.pop((run_id, path))
    return total
