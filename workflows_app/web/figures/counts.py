"""Figures about runs, read so that they stay fast when there are very many.

Nothing is counted past `COUNTED`; what a workflow usually takes is told by its last runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Exists, Min, OuterRef
from django.utils.translation import gettext as _

from workflows_app.engine.paths import last_id, public
from workflows_app.models import Run, Wait
from workflows_app.models.run import RunQuerySet

COUNTED = 10_000
LAST = 20
SPARK_HEIGHT = 20
BAR = 4.7
ENDED = ("success", "failed")
MICROSECOND = timedelta(microseconds=1)
NO_NAME = re.compile(r"event_.+_\d+")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of runs; past `COUNTED` it only says that there are more, or `about` how many."""

    number: int
    about: int | None = None

    @property
    def is_more(self) -> bool:
        return self.number > COUNTED

    def __str__(self) -> str:
        return f"{min(self.number, COUNTED):,}{'+' if self.is_more else ''}"

    @property
    def words(self) -> str:
        """Say the number where there is room for words."""
        if not self.is_more:
            return f"{self.number:,}"
        return (
            _("more than %s") % f"{COUNTED:,}"
            if self.about is None
            else _("about %s") % f"{float(f'{self.about:.2g}'):,.0f}"
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """One run in the strip of a workflow's last runs, as a bar of an SVG."""

    status: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Record:
    """How a workflow did lately. Durations are microseconds; without ended runs there is none."""

    marks: tuple[Mark, ...]
    usual: int | None
    last_at: datetime | None
    ended: int
    succeeded: int

    @property
    def words(self) -> str:
        """Say the strip for those who do not see it."""
        if not self.ended:
            return _("No run ended yet")
        found = {"succeeded": self.succeeded, "ended": self.ended}
        return _("%(succeeded)s of the last %(ended)s that ended succeeded") % found


def asking(runs: RunQuerySet) -> RunQuerySet:
    """Keep the runs that wait for a person; one that waits for events alone asks nobody."""
    asked = Wait.objects.filter(run=OuterRef("pk"), kind=Wait.Kind.SUSPENSION, event=None)
    return runs.filter(Exists(asked), status="suspended")


def amount(runs: RunQuerySet) -> Amount:
    """Count runs, up to a bound."""
    return Amount(runs.order_by()[: COUNTED + 1].count())


def record(workflow_id: str) -> Record:
    """Read the last runs of a workflow, the newest at the end of the strip."""
    rows = list(
        Run.objects.filter(workflow_id=workflow_id)
        .newest()
        .values_list("status", "created_at", "started_at", "finished_at")[:LAST]
    )
    took = [(row[0], elapsed(row[2], row[3])) for row in rows]
    ended = [status for status, _ in took if status in ENDED]
    times = [time for status, time in took if status in ENDED and time is not None]
    return Record(
        marks=tuple(strip(took[::-1])),
        usual=int(median(times)) if times else None,
        last_at=rows[0][1] if rows else None,
        ended=len(ended),
        succeeded=ended.count("success"),
    )


def elapsed(start: datetime | None, end: datetime | None) -> int | None:
    """Measure in microseconds."""
    return (end - start) // MICROSECOND if start is not None and end is not None else None


def strip(runs: Sequence[tuple[str, int | None]]) -> Iterable[Mark]:
    """Draw runs as bars: as tall as they took, those that have not ended half as tall as can be."""
    longest = max((time for _, time in runs if time is not None), default=0) or 1
    for index, (status, time) in enumerate(runs):
        height = SPARK_HEIGHT / 2 if time is None else 5 + (SPARK_HEIGHT - 5) * time / longest
        yield Mark(status, round(index * BAR, 1), round(SPARK_HEIGHT - height, 1), round(height, 1))


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that a run is on: the first, and how many there are."""

    first: str
    count: int

    def __str__(self) -> str:
        if self.count == 1:
            return self.first
        return _("%(step)s and %(others)d more") % {"step": self.first, "others": self.count - 1}


def named(path: str, event: str | None) -> str:
    """Name where a run is: what waits for an event and was given no id by the event."""
    return _("wait for %s") % event if event and NO_NAME.fullmatch(last_id(path)) else path


def steps_of(run_ids: Iterable[str]) -> dict[str, Steps]:
    """Say which steps each of these runs is on."""
    waits = Wait.objects.filter(run__in=list(run_ids)).exclude(path="")
    found = waits.values_list("run_id").annotate(Min("path"), Count("path", distinct=True), Min("event")).order_by()
    return {run_id: Steps(named(public(path), event), count) for run_id, path, count, event in found}
