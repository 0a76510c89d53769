"""Starts the runs that are due, beside the runs under way.

A run is started under an id made of its schedule and its time, and only then is the schedule moved on, if nobody
has moved it meanwhile. So each time starts one run, whoever looks, however often, and whatever dies in between.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from workflows_app.engine import Engine, Workflow
from workflows_app.engine.ports import OPEN
from workflows_app.engine.verbs import checked_start
from workflows_app.errors import RunAlreadyStarted, WorkflowsError
from workflows_app.models import Firing, Run, Schedule
from workflows_app.models.instants import to_datetime, to_instant
from workflows_app.models.seal import SealedElsewhere

from .declared import declared
from .timing import MICRO, next_time

logger = logging.getLogger("workflows")
TAG: Final = "scheduled"
AT_A_TIME: Final = 100
"""How many missed times of one schedule are made good in one round, and how many old firings go with a new one."""
LATE: Final = 60 * MICRO
"""After how long a time counts as missed."""
KEPT: Final = 1000
"""How many firings of one schedule are kept."""
Outcome = Firing.Outcome


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of a time: a run, or why there is none."""

    outcome: Outcome
    run_id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule whose time has come; `before` is the run that it started last, where that matters."""

    row: Schedule
    at: int
    before: Run | None

    @property
    def is_held_up(self) -> bool:
        return self.before is not None and self.before.status in OPEN

    @property
    def ready_at(self) -> int:
        """Give since when it could have fired: in a queue, since the run before has ended."""
        ended = self.before.finished_at if self.before is not None and self.row.overlap == "queue" else None
        return self.at if ended is None else max(self.at, to_instant(ended))


class Starter:
    """Looks for what is due, and starts it; the tables are read and written in the journal's threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def round(self) -> None:
        """Fire everything that is due by now, of what was missed some at a time."""
        now = self._engine.now()
        for _ in range(AT_A_TIME):
            if not await self._fire_due(now):
                return

    async def _fire_due(self, now: int) -> bool:
        """Fire each schedule that is due once, and tell whether some may be due still.

        What this process has no code for is left to another.
        """
        has_more = False
        known = dict(self._engine.registry.by_id)
        for one in await self._beside(due, now, known.keys()):
            if not (one.is_held_up and one.row.overlap == "queue"):
                await self._fire(known[one.row.workflow_id], one, now)
                has_more = has_more or one.row.catch_up == "all"
        return has_more

    async def _fire(self, workflow: Workflow, one: Due, now: int) -> None:
        if one.row.catch_up == "none" and now - one.ready_at > LATE:
            fired = Fired(Outcome.MISSED)
        elif one.is_held_up and one.row.overlap == "skip":
            fired = Fired(Outcome.SKIPPED)
        else:
            fired = await self._start(workflow, one.row, one.at)
        await self._beside(move_on, one.row, one.at, now, fired)

    async def fire_now(self, row: Schedule, by: str) -> Fired:
        """Start a run at once, because somebody asks for it; its times stay as they are.

        Raises: WorkflowNotFound, InvalidData
        """
        now = self._engine.now()
        workflow = self._engine.get_workflow(row.workflow_id)
        run_id = await self._started(workflow, row, f"sched_{row.id}_{now // 1000}", by=by)
        fired = Fired(Outcome.STARTED, run_id)
        await self._beside(note, row, now, now, fired, by)
        return fired

    async def _start(self, workflow: Workflow, row: Schedule, at: int) -> Fired:
        run_id = f"sched_{row.id}_{at // 1000}"
        try:
            return Fired(Outcome.STARTED, await self._started(workflow, row, run_id))
        except (WorkflowsError, SealedElsewhere) as error:
            logger.error("the schedule %s could not start a run: %s", row.id, error)
            return Fired(Outcome.FAILED, error=str(error))

    async def _started(self, workflow: Workflow, row: Schedule, run_id: str, by: str = "") -> str:
        # What does not fit shall not leave a run behind.
        given = fitting(workflow, row)
        # Who says what is started has asked for it, and may have no voice in what the run asks. No account has a
        # space in its name, so a schedule of the code passes for nobody.
        name = by or row.made_by or f"schedule {row}"
        run = await self._engine.create_run(workflow, run_id=run_id, tags=(TAG,), started_by=name)
        # Another process may have been faster, or have died before it could move the schedule on.
        with contextlib.suppress(RunAlreadyStarted):
            await run.start_async(**given, by=name)
        return run.id

    async def _beside(self, work: Any, *arguments: Any) -> Any:
        journal: Any = self._engine.journal
        return await journal.beside(lambda _alias: work(*arguments))


def fitting(workflow: Workflow, row: Schedule) -> Mapping[str, Any]:
    """Give what a run is started with, if the workflow takes it. Raises: InvalidData, SealedElsewhere"""
    given = arguments_of(workflow, row)
    checked_start(workflow, given["input_data"], given["initial_state"], given["request_context"])
    return given


def arguments_of(workflow: Workflow, row: Schedule) -> Mapping[str, Any]:
    """Give what a run is started with: of a declared schedule as the code has it now. Raises: SealedElsewhere"""
    if row.is_declared and (spec := declared(workflow).get(row.id)) is not None:
        return {
            "input_data": spec.input_data,
            "initial_state": spec.initial_state,
            "request_context": spec.request_context,
        }
    given = row.given
    return {
        "input_data": given.get("input"),
        "initial_state": given.get("state"),
        "request_context": given.get("context"),
    }


def due(now: int, workflows: Collection[str]) -> list[Due]:
    """List what is due of these workflows, with the runs before where it matters whether they are open."""
    rows = list(Schedule.objects.due(now).filter(workflow_id__in=workflows))
    return [Due(row, to_instant(row.next_at), last_run(row)) for row in rows if row.next_at is not None]


def last_run(row: Schedule) -> Run | None:
    """Find the last run that a schedule started, unless any number of them may be open."""
    if row.overlap == "allow":
        return None
    last = row.firings.filter(outcome=Outcome.STARTED).order_by("-id").values_list("run_id", flat=True).first()
    return Run.objects.filter(pk=last).first()


def move_on(row: Schedule, at: int, now: int, fired: Fired) -> None:
    """Let a schedule wait for its next time, and note what came of this one; whoever is second does nothing."""
    try:
        following = next_time(row.spec, at if row.catch_up == "all" else max(at, now))
    except WorkflowsError as error:
        following, fired = None, Fired(Outcome.FAILED, fired.run_id, str(error))
    with transaction.atomic():
        if Schedule.objects.filter(pk=row.pk, next_at=to_datetime(at)).update(next_at=following):
            note(row, at, now, fired)


def note(row: Schedule, at: int, now: int, fired: Fired, by: str = "") -> None:
    """Write down that a schedule fired; of the firings before it only the newest are kept."""
    row.firings.create(
        due_at=to_datetime(at), fired_at=to_datetime(now), outcome=fired.outcome, run_id=fired.run_id,
        error=fired.error, fired_by=by,
    )  # fmt: skip
    old = row.firings.order_by("-id").values_list("id", flat=True)[KEPT : KEPT + AT_A_TIME]
    Firing.objects.filter(pk__in=list(old)).delete()
