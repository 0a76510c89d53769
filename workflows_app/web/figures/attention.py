"""What needs somebody: runs interrupted or held back, failed lately, waiting for a person, slow; stuck schedules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, zip_longest

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workflows_app import runtime
from workflows_app.models import Approval, Ending, Run, Schedule
from workflows_app.rights import seen, told_error
from workflows_app.web.figures.counts import Steps, elapsed, first_line, name_at, record, steps_of
from workflows_app.web.figures.stuck import stuck
from workflows_app.web.values.crons import said_of
from workflows_app.words import status_word

LISTED = 8
LATELY = timedelta(days=1)
LOOKED_AT = 20
MOST_LOST = 500
SLOW = 3.0
SLOW_FROM = 60_000_000


@dataclass(frozen=True, slots=True)
class Attention:
    """A run or a schedule that needs somebody. `status` is what its glyph shows."""

    on: Run | Schedule
    words: str
    since: datetime | None
    status: str

    @property
    def address(self) -> str:
        return reverse("schedules:detail" if self.schedule else "runs:inspector", args=[self.on.pk])

    @property
    def schedule(self) -> str:
        """Tell a schedule from the others of its workflow; nothing for a run."""
        return self.on.title or said_of(self.on.cron) or self.on.cron if isinstance(self.on, Schedule) else ""


def attention(now: datetime) -> list[Attention]:
    """List what needs somebody: of every kind the most pressing, in turn, as long as there is room."""
    kinds = (interrupted() + held_back(), unstarted(now), failed(now - LATELY), waiting(), slow(now))
    taken: dict[str, Attention] = {}
    for one in chain.from_iterable(zip_longest(*kinds)):
        if one is not None:
            taken.setdefault(one.address, one)
    return list(taken.values())[:LISTED]


def interrupted() -> list[Attention]:
    """List the runs whose worker is gone and which nobody has taken up."""
    engine = runtime.get_engine()
    calls = runtime.call(engine.at_home(engine.journal.lost(engine.now(), engine.lease)))
    lost = list({call.run_id: None for call in calls})[:MOST_LOST]
    runs = seen(Run.objects.all()).filter(id__in=lost, finished_at=None)[:LOOKED_AT]
    words = _("worker lost, restart is safe")
    return [Attention(run, words, run.updated_at, "waiting") for run in runs]


def held_back() -> list[Attention]:
    """List the open runs that cannot go on, with the reason."""
    runs = (
        seen(Run.objects.all())
        .filter(blocked_reason__isnull=False, finished_at=None)
        .order_by("-created_at")[:LOOKED_AT]
    )
    return [Attention(run, first_line(run.blocked_reason), run.updated_at, "paused") for run in runs]


def unstarted(now: datetime) -> list[Attention]:
    """List the schedules that start no runs."""
    return [Attention(one.row, one.words, one.since, "failed") for one in stuck(now)]


def failed(since: datetime) -> list[Attention]:
    runs = list(
        seen(Run.objects.all()).filter(status="failed", finished_at__gte=since).order_by("-finished_at")[:LISTED]
    )
    endings = Ending.objects.in_bulk([run.id for run in runs])
    return [
        Attention(run, failed_in_words(run, endings.get(run.id)), run.finished_at or run.updated_at, "failed")
        for run in runs
    ]


def failed_in_words(run: Run, ending: Ending | None) -> str:
    """Say where a run failed, and why to whom may know."""
    step = _("%s failed") % name_at(run.workflow_id, ending.step) if ending is not None and ending.step else ""
    why = first_line(told_error(run.workflow_id, run.error))
    return ": ".join(filter(None, (step, why))) or status_word("failed")


def waiting() -> list[Attention]:
    """List the runs that wait for a person, those that were made first before the others."""
    asking = Run.objects.filter(status="suspended", pk__in=Approval.objects.open().values("run"))
    runs = list(seen(asking).order_by("created_at", "id")[:LISTED])
    on = steps_of(run.id for run in runs)
    steps = [on.get(run.id, Steps(_("a step"), 1)) for run in runs]
    return [
        Attention(run, waits_in_words(at), run.updated_at, "suspended") for run, at in zip(runs, steps, strict=True)
    ]


def waits_in_words(steps: Steps) -> str:
    words = ngettext("%(steps)s waits for a person", "%(steps)s wait for a person", steps.count)
    return words % {"steps": steps}


def slow(now: datetime) -> list[Attention]:
    """List the runs that have been at it for much longer than the last ones of their workflow took."""
    runs = list(seen(Run.objects.all()).filter(status="running").order_by("created_at", "id")[:LOOKED_AT])
    usual = {name: record(name).usual for name in {run.workflow_id for run in runs}}
    return list(told_slow(runs, usual, now))


def told_slow(runs: Iterable[Run], usual: dict[str, int | None], now: datetime) -> Iterable[Attention]:
    for run in runs:
        normal, took = usual[run.workflow_id], elapsed(run.started_at, now)
        if normal and took and took > max(SLOW_FROM, SLOW * normal):
            words = (
                _("%.1f times as long as usual") % (took / normal)
                if took < 100 * normal
                else _("far longer than usual")
            )
            yield Attention(run, words, run.started_at or run.created_at, "running")
