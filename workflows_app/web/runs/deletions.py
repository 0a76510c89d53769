"""Deleting runs so that it can be undone: for a while the wish stands beside the run, which is all there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app import runtime
from workflows_app.conf import get_conf
from workflows_app.errors import StillRunning
from workflows_app.models import Deletion, Run
from workflows_app.rights import reach_of
from workflows_app.web.http import Asked
from workflows_app.words import duration

SHOWN = 500


@dataclass(frozen=True, slots=True)
class Leaving:
    """Runs that are about to be deleted at the same time."""

    due: datetime
    runs: Sequence[Run]


def wish(run_id: str) -> None:
    """Have a run deleted in a while, at once where the settings leave no time. Raises: RunNotFound, StillRunning"""
    engine = runtime.get_engine()
    head = runtime.call(engine.head(run_id))
    delay = get_conf().undo_seconds
    if not delay:
        runtime.call(engine.delete_run(run_id))
        return
    if head.is_active and runtime.call(engine.at_home(engine.live_calls(run_id))):
        raise StillRunning(_("The run is still running. Cancel it before you delete it."))
    Deletion.objects.get_or_create(pk=run_id, defaults={"due_at": timezone.now() + timedelta(seconds=delay)})


def undo_words() -> str:
    """Say for how long a deleted run can be brought back; nothing where it cannot."""
    seconds = get_conf().undo_seconds
    return duration(int(seconds * 1_000_000)) if seconds else ""


def take_back(runs: Iterable[Run]) -> list[Run]:
    """Keep runs that were to be deleted; give those for which it was not too late."""
    return [run for run in runs if Deletion.objects.filter(pk=run.id).delete()[0]]


def leaving(request: Asked) -> list[Leaving]:
    """List what is about to be deleted and this person may bring back, the nearest first."""
    wishes: Mapping[str, datetime] = dict(Deletion.objects.order_by("due_at").values_list("run_id", "due_at")[:SHOWN])
    if not wishes:
        return []
    mine = Run.objects.filter(pk__in=list(wishes)).filter(reach_of(request.user).where("delete_run"))
    together: dict[datetime, list[Run]] = {}
    for run in sorted(mine, key=lambda run: wishes[run.id]):
        together.setdefault(wishes[run.id].replace(microsecond=0), []).append(run)
    return [Leaving(due, runs) for due, runs in together.items()]
