"""The tests of a workflow: what is expected, how it went, and running them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic_core import from_json

from workflows_app.engine.snapshot import iso
from workflows_app.models import Trial
from workflows_app.web.api.access import asked, workflow_of
from workflows_app.web.api.bodies import Testing
from workflows_app.web.workflows.savedinputs import visible
from workflows_app.web.workflows.trying import Tested, begin_all, tested

router = Router(tags=["tests"])
Document = dict[str, Any]


@router.get("/workflows/{workflow_id}/tests", summary="List a workflow's tests, and how they went last")
def list_tests(request: HttpRequest, workflow_id: str) -> Document:
    tests = visible(asked(request), workflow_of(workflow_id)).tests()
    return {"tests": [test_document(row) for row in tested(tests)]}


@router.post("/workflows/{workflow_id}/tests/run", summary="Run a workflow's tests, or some of them")
def run_tests(request: HttpRequest, workflow_id: str, body: Testing | None = None) -> Document:
    """Start the runs and give their trials at once; list the tests to see how they went."""
    person = asked(request, "start_run")
    workflow = workflow_of(workflow_id)
    tests = visible(person, workflow).tests()
    if body is not None and body.tests is not None:
        tests = tests.filter(pk__in=body.tests)
    started = begin_all(person, workflow, tests)
    return {"trials": [{"test": trial.test_id, **trial_document(trial)} for trial in started]}


def test_document(row: Tested) -> Document:
    test, good = row.test, next((trial for trial in row.trials if trial.state == Trial.State.PASSED), None)
    return {
        "id": test.pk, "title": test.title, "owner": test.owner, "shared": test.is_shared,
        "expectations": from_json(test.expectations), "answers": from_json(test.answers),
        "lastTrial": trial_document(row.last) if row.last is not None else None,
        "lastGoodRunId": good.run_id if good is not None else None,
    }  # fmt: skip


def trial_document(trial: Trial) -> Document:
    findings = [{"expected": one["expected"], "found": one["found"], "isMet": one["is_met"]} for one in trial.found]
    return {
        "state": trial.state, "runId": trial.run_id, "startedBy": trial.started_by or None,
        "startedAt": iso(trial.started_at), "finishedAt": iso(trial.finished_at) if trial.finished_at else None,
        "findings": findings,
    }  # fmt: skip
