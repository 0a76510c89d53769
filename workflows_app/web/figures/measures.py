"""How runs went, read from the rollups: sums over any stretch of hours, by hour or by workflow.

Nothing here looks at a run, so that a figure costs the same whether there were ten runs or a million.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise

from django.db.models import QuerySet
from django.utils import timezone

from workflows_app.models import Rollup
from workflows_app.models.rollup import quantile
from workflows_app.rights import seen

HOUR = timedelta(hours=1)
WENT = ("success", "failed")
"""The ends that tell how well a workflow works; a canceled run tells nothing of it."""


# Without slots, so that several figures of one stretch read it once.
@dataclass(frozen=True)
class Span:
    """A stretch of whole hours, cut into equal parts: each begins at one of `starts`."""

    starts: tuple[datetime, ...]
    until: datetime

    @property
    def since(self) -> datetime:
        return self.starts[0]

    @property
    def parts(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield where each part begins and ends."""
        return pairwise((*self.starts, self.until))

    def rollups(self, workflow: str = "") -> Iterable[Rollup]:
        """Give what was counted in it, as far as the person who asks may see it."""
        return self._seen.filter(workflow_id=workflow) if workflow else self._seen

    @cached_property
    def _seen(self) -> QuerySet[Rollup]:
        return seen(Rollup.objects.all()).filter(hour__gte=self.since, hour__lt=self.until)


def last_hours(count: int, now: datetime, step: int = 1) -> Span:
    """Give the last hours, the one that passes now among them, `step` of them to a part."""
    until = now.replace(minute=0, second=0, microsecond=0) + HOUR
    return Span(tuple(until - back * HOUR for back in range(count, 0, -step)), until)


def last_days(count: int, now: datetime) -> Span:
    """Give the last days of the reader's zone, today among them.

    Where clocks are half an hour off, a day begins with the first hour that lies in it: only hours are counted.
    """
    today = timezone.localtime(now).date()
    days = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    starts = tuple(next_hour(timezone.make_aware(datetime.combine(day, time()))) for day in days)
    return Span(starts, last_hours(1, now).until)


def next_hour(moment: datetime) -> datetime:
    """Give the moment itself if an hour begins with it, else when the next one does."""
    begun = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return begun if begun == moment else begun + HOUR


@dataclass(slots=True)
class Measure:
    """What is known of a number of ended runs. Durations are microseconds."""

    ended: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    active: Counter[str] = field(default_factory=Counter)
    human: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, row: Rollup) -> None:
        self.ended[row.status] += row.runs
        self.retries += row.retries
        self.active.update(row.active)
        self.human.update(row.human)
        self.faults.update(row.faults)

    @property
    def runs(self) -> int:
        return self.ended.total()

    @property
    def failed(self) -> int:
        return self.ended["failed"]

    @property
    def went(self) -> int:
        return sum(self.ended[status] for status in WENT)

    @property
    def succeeded(self) -> str:
        """Say the share that went well; rounding must not hide that some failed."""
        if not self.went:
            return "—"
        share = 100 * self.ended["success"] / self.went
        return "100 %" if not self.failed else f"{min(share, 99.9):.1f} %"

    @property
    def share(self) -> int | None:
        """Give the share that went well in whole percents, of those that tell."""
        return None if not self.went else int(100 * self.ended["success"] / self.went)

    @property
    def p50(self) -> int | None:
        return quantile(self.active, 0.5)

    @property
    def p95(self) -> int | None:
        return quantile(self.active, 0.95)

    @property
    def p99(self) -> int | None:
        return quantile(self.active, 0.99)

    @property
    def asked(self) -> int | None:
        """Give the median time for which people were waited for, of the runs that asked any."""
        return quantile(self.human, 0.5)

    @property
    def asked_p95(self) -> int | None:
        return quantile(self.human, 0.95)

    @property
    def retried(self) -> int | None:
        """Count the retries, where anything ended."""
        return self.retries if self.runs else None


def measure(span: Span, workflow: str = "") -> Measure:
    """Sum up a span."""
    found = Measure()
    for row in span.rollups(workflow):
        found.add(row)
    return found


def by_part(span: Span, workflow: str = "") -> list[Measure]:
    """Sum up each part of a span, those in which nothing ended among them."""
    found = [Measure() for _ in span.starts]
    for row in span.rollups(workflow):
        found[bisect_right(span.starts, row.hour) - 1].add(row)
    return found


def by_workflow(span: Span) -> dict[str, Measure]:
    """Sum up each workflow of which runs ended."""
    found: dict[str, Measure] = {}
    for row in span.rollups():
        found.setdefault(row.workflow_id, Measure()).add(row)
    return found
