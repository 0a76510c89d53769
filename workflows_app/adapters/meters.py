"""What this process counts and measures while it performs runs; `/metrics/` shows it.

It is counted in plain numbers, since every turn passes here, and put into the words of Prometheus at a scrape.
Each number is changed by one thread, as a rule the engine's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from workflows_app.engine import events as e
from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import Event
from workflows_app.engine.records import LEAVES


class Buckets:
    """A histogram: how many of what was measured are at most as large as each bound."""

    __slots__ = ("bounds", "counts", "name", "total", "words")

    def __init__(self, name: str, words: str, bounds: Sequence[float]) -> None:
        self.name, self.words, self.bounds = name, words, bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, measured: float) -> None:
        self.counts[bisect_left(self.bounds, measured)] += 1
        self.total += measured

    def family(self) -> Metric:
        marks = [*map(str, self.bounds), "+Inf"]
        return HistogramMetricFamily(
            self.name, self.words, list(zip(marks, accumulate(self.counts), strict=True)), self.total
        )


COMMIT = Buckets(
    "workflows_commit_seconds", "From handing a turn to the journal until it is written",
    (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)  # fmt: skip
GROUP_SIZE = Buckets(
    "workflows_commit_group_size", "Turns and new runs that were written in one transaction",
    (1, 2, 4, 8, 16, 32, 64, 128, 256),
)  # fmt: skip
CONFLICTS: Counter[tuple[str, ...]] = Counter({(): 0})
STARTED: Counter[tuple[str, ...]] = Counter()
FINISHED: Counter[tuple[str, ...]] = Counter()
TRIES: Counter[tuple[str, ...]] = Counter(
    {(outcome,): 0 for outcome in ("success", "retried", "failed", "suspended", "lost", "canceled")}
)
COUNTED = (
    ("workflows_runs_started", "Runs that this process started", ("workflow",), STARTED),
    ("workflows_runs_finished", "Runs that ended in this process", ("workflow", "status"), FINISHED),
    ("workflows_steps", "Tries of steps that ended here, by how they ended", ("outcome",), TRIES),
    ("workflows_journal_conflicts", "Turns refused since the run had moved on", (), CONFLICTS),
)
ENDS = {
    e.StepSucceeded: ("success",), e.StepSuspended: ("suspended",), e.StepLost: ("lost",),
    e.StepCanceled: ("canceled",), e.StepFailed: ("failed",),
}  # fmt: skip
RETRIED = ("retried",)


def tally(active: ActiveRun, happened: Sequence[Event], start: int) -> None:
    """Count what was committed. A bell of the engine."""
    for event in happened:
        outcome = ENDS.get(type(event))
        if outcome is not None:
            record = active.known.records.get(event.path)
            if record is not None and record.role in LEAVES:
                goes_on = isinstance(event, e.StepFailed) and not event.final
                TRIES[RETRIED if goes_on else outcome] += 1
        elif isinstance(event, e.RunStarted):
            STARTED[active.head.workflow_id,] += 1
        elif isinstance(event, e.RunFinished):
            FINISHED[active.head.workflow_id, event.status] += 1


class Numbers:
    """Puts the numbers above into the words of Prometheus."""

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        for name, words, labels, counts in COUNTED:
            family = CounterMetricFamily(name, words, labels=labels)
            for values, count in list(counts.items()):
                family.add_metric(values, count)
            yield family
        yield from (COMMIT.family(), GROUP_SIZE.family())


REGISTRY = CollectorRegistry()
for _collector in (GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, Numbers()):
    REGISTRY.register(_collector)
