"""Running the tests of workflows from the command line, as a build server does."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.web.cases import APPROVE, SUCCEEDS, kept
from workflows_app import runtime
from workflows_app.models import Run


@pytest.fixture(autouse=True)
def workflows(transactional_db: None, settings: Any) -> Iterator[None]:
    modules = ["tests.workflows.journeys", "tests.workflows.asking"]
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": modules}
    runtime.process.catalogue = None
    yield
    runtime.process.catalogue = None


def command(*names: str) -> tuple[int, list[str]]:
    """Give the exit code and the lines that were written."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as exit:
        call_command("testworkflows", *names, stdout=out)
    return int(exit.value.code or 0), out.getvalue().splitlines()


def test_all_pass() -> None:
    kept(expectations=SUCCEEDS, answers=APPROVE)
    kept("echo", "Nothing", given={"input": 1}, expectations=[{"what": "result", "value": 1}])
    kept("echo", "Of one person", given={"input": 1}, expectations=[{"what": "result", "value": 2}], shared=False)
    code, lines = command()
    assert (code, lines[-1]) == (0, "2 tests, 0 failed.")
    assert {run.started_by for run in Run.objects.all()} == {"command line"}


def test_it_answers_for_as_many_people_as_are_asked() -> None:
    given = {"input": {"approvals": 2, "allow_requester": False}}
    kept("asking", given=given, expectations=SUCCEEDS, answers=[{"step": "ask", "data": {"decision": "approve"}}])
    assert command("asking")[0] == 0


def test_one_that_fails_is_told_with_its_run() -> None:
    kept("failing", "Goes well", given={"input": 1}, expectations=SUCCEEDS)
    kept("echo", "Is not asked for", given={"input": 1}, expectations=SUCCEEDS)
    code, lines = command("failing")
    assert code == 1
    assert lines[0].startswith("failing: Goes well: failed, ")
    assert lines[0].endswith(Run.objects.get().id)
    assert lines[1:] == ["  The status is “succeeded”, but failed: The cupboard is bare", "1 tests, 1 failed."]


def test_nothing_to_run_is_said() -> None:
    assert command() == (0, ["No test is shared, so none was run."])


def test_a_workflow_that_is_not_there_is_refused() -> None:
    with pytest.raises(CommandError, match="Workflow 'nothing' not found") as error:
        call_command("testworkflows", "nothing")
    assert error.value.returncode == 2
