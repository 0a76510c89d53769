"""`manage.py testworkflows`: run the tests that are shared in the studio, as a build server does.

Exit codes: 0 all passed, 1 some failed, 2 refused. The runs are real, and so is what they do.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from workflows_app import runtime
from workflows_app.engine import Workflow
from workflows_app.errors import WorkflowsError
from workflows_app.models import SavedInput, Trial
from workflows_app.web.workflows.trying import begin
from workflows_app.words import duration

REFUSED: Final = 2
PAUSE: Final = 0.05


class Command(BaseCommand):
    help = "Run the tests of all workflows, or of some, and say what was not as expected."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("workflows", nargs="*", metavar="ID", help="ids of workflows (default: all)")

    def handle(self, *, workflows: list[str], **_: Any) -> None:
        runtime.start_background()
        try:
            tests = list(wanted(workflows))
            trials = [begin(workflow, test) for workflow, test in tests]
            failed = sum(not self.passed(trial) for trial in concluded(trials))
        except WorkflowsError as error:
            raise CommandError(error.message, returncode=REFUSED) from error
        finally:
            runtime.stop_background()
        self.stdout.write(f"{len(trials)} tests, {failed} failed." if trials else "No test is shared, so none was run.")
        sys.exit(1 if failed else 0)

    def passed(self, trial: Trial) -> bool:
        """Say how one test went."""
        has_passed = trial.state == Trial.State.PASSED
        line = f"{trial.test.workflow_id}: {trial.test.title}: {trial.state}, {duration(trial.took)}"
        self.stdout.write(line if has_passed else f"{line}, run {trial.run_id}")
        for finding in trial.unmet:
            self.stdout.write(f"  {finding['expected']}, but {finding['found']}")
        return has_passed


def wanted(names: list[str]) -> Iterator[tuple[Workflow, SavedInput]]:
    """Find the tests of workflows. Raises: WorkflowNotFound"""
    engine = runtime.get_engine()
    workflows = [engine.get_workflow(name) for name in names] or list(engine.list_workflows().values())
    for workflow in workflows:
        for test in SavedInput.objects.of(workflow.id).tests().filter(is_shared=True):
            yield workflow, test


def concluded(trials: list[Trial]) -> Iterator[Trial]:
    """Yield each trial once its verdict is there, in their order."""
    for trial in trials:
        while trial.state == Trial.State.OPEN:
            time.sleep(PAUSE)
            trial.refresh_from_db(fields=["state", "findings", "finished_at"])
        yield trial
