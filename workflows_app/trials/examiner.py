"""Takes every test that was started to its verdict, off the path of the runs.

What to do next is read from the journal and the open trials alone, so it does not matter which process started
a test, which one dies meanwhile, or how often two of them look at the same trial.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app.approvals.gather import catch_up
from workflows_app.approvals.policy import Who, refusal
from workflows_app.engine import events as e
from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import Event
from workflows_app.engine.history import History
from workflows_app.engine.paths import public
from workflows_app.engine.ports import TERMINAL, Stored
from workflows_app.engine.records import Record
from workflows_app.engine.schema import encode
from workflows_app.errors import NotSuspended, ResumeAlreadyClaimed, WorkflowsError
from workflows_app.models import Approval, Run, Trial

from .expectations import ANSWERS, EXPECTATIONS, Answer, Finding
from .judging import judge, next_answer, outcome_of

TAG: Final = "test"
LIMIT: Final = timedelta(minutes=5)
KEPT: Final = 20
"""How many trials of one test are kept."""
AT_REST: Final = (*TERMINAL, "suspended", "paused")
HEARD: Final = (e.RunSuspended, e.RunPaused, e.RunFinished, e.StepSuspended)


@dataclass(frozen=True, slots=True)
class Due:
    """A trial that something is to be done about."""

    trial: Trial
    is_late: bool


class Examiner:
    """Gives answers and verdicts; all of it happens on the engine's loop but the looking."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.bell = asyncio.Event()

    def hear(self, active: ActiveRun, happened: Sequence[Event], start: int) -> None:
        """Be told what the engine committed."""
        if TAG in active.head.tags and any(isinstance(event, HEARD) for event in happened):
            self.bell.set()

    async def look(self) -> None:
        """Do what is due."""
        for due in await self._beside(due_trials):
            try:
                await self._advance(due)
            except (ValueError, WorkflowsError) as error:
                # A test that cannot be read, or whose workflow is gone, shall not hold up the others.
                await self._beside(conclude, due.trial, [Finding(_("The test can be judged"), str(error), False)])

    async def _advance(self, due: Due) -> None:
        stored = await self._engine.journal.read(due.trial.run_id)
        if stored is None:
            await self._beside(conclude, due.trial, [Finding(_("There is a run"), _("it is not there"), False)])
            return
        history = History(stored.events)
        refused: list[Finding] = []
        asked = next_answer(ANSWERS.validate_json(due.trial.test.answers), stored.events, history)
        if asked is not None and not due.is_late:
            problem = await self._answer(due.trial, *asked)
            if not problem:
                return
            refused = [Finding(_("%s takes the answer") % asked[1].step, problem, False)]
        await self._beside(conclude, due.trial, [*self._findings(due, stored), *refused])
        if not history.finished:
            await self._end(due.trial)

    def _findings(self, due: Due, stored: Stored) -> list[Finding]:
        workflow = self._engine.registry.by_id.get(stored.head.workflow_id)
        outcome = outcome_of(stored, workflow.places if workflow is not None else {})
        found = judge(EXPECTATIONS.validate_json(due.trial.test.expectations), outcome)
        if due.is_late:
            minutes = LIMIT // timedelta(minutes=1)
            found.append(Finding(_("It ends within %d minutes") % minutes, _("it has not ended"), False))
        return found

    async def _answer(self, trial: Trial, record: Record, answer: Answer) -> str:
        """Hand an answer to the run, and say why it was not taken."""
        if trial.started_by and (problem := await self._beside(why_not, trial, record)):
            return str(problem)
        run = await self._engine.get_run(trial.run_id)
        try:
            await run.resume_async(
                step=public(record.path), resume_data=answer.data, by=trial.started_by or None, asked=record.asked,
                groups=await self._beside(speaking_for, trial, record),
            )  # fmt: skip
        except (NotSuspended, ResumeAlreadyClaimed):
            pass  # Somebody was faster; the next look sees what came of it.
        except WorkflowsError as error:
            return error.message
        return ""

    async def _end(self, trial: Trial) -> None:
        """Cancel a run that nobody needs any more, so that its question leaves the inbox."""
        run = await self._engine.get_run(trial.run_id)
        await run.cancel(_("Its test is judged."), by=trial.started_by or None)

    async def _beside(self, work: Any, *arguments: Any) -> Any:
        return await self._engine.journal.beside(lambda _alias: work(*arguments))


def due_trials() -> list[Due]:
    """List the open trials whose run rests, is not there, or takes too long."""
    trials = list(Trial.objects.open().select_related("test").order_by("id"))
    if not trials:
        return []
    status = dict(Run.objects.filter(pk__in=[trial.run_id for trial in trials]).values_list("id", "status"))
    late = timezone.now() - LIMIT
    found = [Due(trial, trial.started_at < late) for trial in trials]
    return [due for due in found if due.is_late or status.get(due.trial.run_id) in AT_REST]


def why_not(trial: Trial, record: Record) -> str:
    """Say why the person who started a test may not answer a question of its run."""
    user = User.objects.filter(username=trial.started_by, is_active=True).first()
    if user is None:
        return _("The account %s is not there any more.") % trial.started_by
    catch_up(runs=[trial.run_id])
    approval = Approval.objects.filter(run=trial.run_id, path=record.path, attempt=record.attempt).first()
    return _("It asks something else by now.") if approval is None else refusal(Who.of(user), approval)


def speaking_for(trial: Trial, record: Record) -> list[str]:
    """Name the groups for which the person who started a test answers a question."""
    user = User.objects.filter(username=trial.started_by).first()
    return Who.of(user).speaks_for(record.groups) if user is not None else []


def conclude(trial: Trial, findings: Sequence[Finding]) -> None:
    """Write the verdict down, once; of the trials before it only the newest are kept."""
    passed = all(finding.is_met for finding in findings)
    Trial.objects.open().filter(pk=trial.pk).update(
        state=Trial.State.PASSED if passed else Trial.State.FAILED,
        finished_at=timezone.now(),
        findings=encode([asdict(finding) for finding in findings]),
    )
    old = Trial.objects.filter(test=trial.test_id).order_by("-id").values_list("id", flat=True)[KEPT:]
    Trial.objects.filter(pk__in=list(old)).delete()
