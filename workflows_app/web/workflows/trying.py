"""Starting tests, and how the tests of a workflow went: for the page, the API and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from workflows_app import runtime
from workflows_app.engine import Engine, Workflow
from workflows_app.engine.verbs import checked_start
from workflows_app.errors import InvalidData, RunNotFound
from workflows_app.models import SavedInput, Trial
from workflows_app.trials.examiner import TAG, conclude
from workflows_app.trials.expectations import Finding
from workflows_app.web.activity import Thing, note
from workflows_app.web.http import Asked
from workflows_app.web.workflows.starting import arguments_of

COMMAND_LINE: Final = "command line"
STRIP: Final = 10


@dataclass(frozen=True, slots=True)
class Tested:
    """A saved input with its trials, newest first."""

    test: SavedInput
    trials: Sequence[Trial]

    @property
    def last(self) -> Trial | None:
        return self.trials[0] if self.trials else None

    @property
    def is_open(self) -> bool:
        return self.last is not None and self.last.state == Trial.State.OPEN

    @property
    def good(self) -> Trial | None:
        """Give the last trial that passed before the last one."""
        return next((trial for trial in self.trials[1:] if trial.state == Trial.State.PASSED), None)

    @property
    def strip(self) -> Sequence[Trial]:
        """Give the trials that a row shows, the newest last."""
        return self.trials[:STRIP][::-1]

    @property
    def status(self) -> str:
        return self.last.shown if self.last is not None else "pending"

    @property
    def word(self) -> str:
        words = {"running": _("running"), "success": _("passed"), "failed": _("failed"), "pending": _("not run yet")}
        return words[self.status]


def tested(tests: Iterable[SavedInput]) -> list[Tested]:
    """Read the trials of tests."""
    found = {test.pk: (test, list[Trial]()) for test in tests}
    for trial in Trial.objects.filter(test__in=found).order_by("-id"):
        found[trial.test_id][1].append(trial)
    return [Tested(test, trials) for test, trials in found.values()]


def begin_all(request: Asked, workflow: Workflow, tests: Iterable[SavedInput]) -> list[Trial]:
    """Start tests for the person who asks; one that is being run is left alone."""
    by = request.user.get_username()
    started = [go(workflow, trial, by) for test in tests if (trial := opened(test, by)) is not None]
    if started:
        note(request, "test", Thing("workflow", workflow.id, workflow.id), after={"tests": len(started)})
    return started


def opened(test: SavedInput, by: str) -> Trial | None:
    """Open a trial unless one is open or the test is gone; of two that ask at once, one waits for the other."""
    with transaction.atomic():
        if SavedInput.objects.select_for_update().filter(pk=test.pk).first() is None or test.trials.open().exists():
            return None
        return new_trial(test, by)


def new_trial(test: SavedInput, by: str) -> Trial:
    return Trial.objects.create(test=test, run_id=str(uuid4()), started_by=by, started_at=timezone.now())


def begin(workflow: Workflow, test: SavedInput) -> Trial:
    """Start a test from the command line, where no account starts it: its answers count for everybody."""
    return go(workflow, new_trial(test, ""), COMMAND_LINE)


def go(workflow: Workflow, trial: Trial, by: str) -> Trial:
    """Start the run of a trial; one whose input does not fit any more has failed without a run."""
    try:
        runtime.call(_started(runtime.get_engine(), workflow, trial, by))
    except InvalidData as error:
        conclude(trial, [Finding(_("The workflow takes the input"), error.message, False)])
        trial.refresh_from_db()
    return trial


def delete(test: SavedInput, by: str) -> None:
    """Delete a test, and end the runs of it that are under way: nobody would answer or judge them."""
    open_runs = list(test.trials.open().values_list("run_id", flat=True))
    test.delete()
    for run_id in open_runs:
        with suppress(RunNotFound):
            runtime.call(_cancel(runtime.get_engine(), run_id, by))


async def _cancel(engine: Engine, run_id: str, by: str) -> None:
    run = await engine.get_run(run_id)
    await run.cancel(_("Its test was deleted."), by=by)


async def _started(engine: Engine, workflow: Workflow, trial: Trial, by: str) -> None:
    given: dict[str, Any] = arguments_of(workflow, trial.test.values, by)
    # What does not fit shall not leave a run behind.
    checked_start(workflow, given["input_data"], given["initial_state"], given["request_context"])
    run = await engine.create_run(workflow, run_id=trial.run_id, tags=(TAG,), started_by=by)
    await run.start_async(**given, by=by)
