"""Looking at workflows and runs."""

from __future__ import annotations

import asyncio
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from ninja import Query, Router

from workflows_app import runtime
from workflows_app.engine.arguments import instant
from workflows_app.engine.history import History
from workflows_app.engine.ports import Page, RunHead
from workflows_app.engine.ports import Query as Wanted
from workflows_app.engine.run import Run
from workflows_app.engine.snapshot import Result, result_of
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import InvalidInput, UnreadableEvent
from workflows_app.models import Run as RunRow
from workflows_app.web.activity import note, of_run
from workflows_app.web.api import documents
from workflows_app.web.api.access import asked, run_of, seen_by, stored_of, workflow_of
from workflows_app.web.api.bodies import Asking, Detail, Listing, NewRun, OfNewRun, Waiting, Workflows

MOST = 1000
"""Runs that one list holds at most; a caller who wants more turns pages."""
COUNTED = ("running", "suspended")
NOTHING_BEFORE = 2**62
"""An offset after every event there can be, for who waits for the end alone."""

router = Router(tags=["workflows"])


@router.get("/workflows", summary="List the workflows")
def list_workflows(request: HttpRequest, asking: Query[Workflows]) -> dict[str, Any]:
    """Give every workflow by its key. With `partial`, without the schemas of the steps."""
    person = asked(request)
    write = documents.workflow_summary if asking.partial else documents.workflow_info
    return {key: write(workflow) for key, workflow in seen_by(person).items()}


@router.get("/workflows/run-counts", summary="Count the open runs of each workflow")
def count_runs(request: HttpRequest, asking: Query[Asking]) -> dict[str, dict[str, int]]:
    person = asked(request)
    grouped = RunRow.objects.filter(status__in=COUNTED).values_list("workflow_id", "status").annotate(Count("id"))
    found = {(workflow_id, status): number for workflow_id, status, number in grouped}
    return {
        key: {status: found.get((workflow.id, status), 0) for status in COUNTED}
        for key, workflow in seen_by(person).items()
    }


@router.get("/workflows/{workflow_id}", summary="Get a workflow")
def get_workflow(request: HttpRequest, workflow_id: str, asking: Query[Asking]) -> dict[str, Any]:
    asked(request)
    return documents.workflow_info(workflow_of(workflow_id))


@router.get("/workflows/{workflow_id}/runs", summary="List a workflow's runs, newest first")
def list_runs(request: HttpRequest, workflow_id: str, asking: Query[Listing]) -> dict[str, Any]:
    asked(request)
    workflow = workflow_of(workflow_id)
    if asking.per_page is not None and asking.per_page < 1:
        raise InvalidInput(
            "perPage must be a positive integer", errors=[{"path": "perPage", "message": "Input should be at least 1"}]
        )
    number, size = asking.window
    dates = instant("fromDate", asking.from_date), instant("toDate", asking.to_date)
    wanted = Wanted(
        workflow.id, tuple(asking.status), asking.resource_id, *dates, tags=tuple(asking.tags), page=number,
        per_page=min(size or MOST, MOST),
    )  # fmt: skip
    found: Page = runtime.call(runtime.get_engine().journal.list_runs(wanted))
    runs = [listed(head, workflow) for head in found.heads]
    return {"runs": [run for run in runs if run], "total": found.total}


def listed(head: RunHead, workflow: Workflow) -> dict[str, Any] | None:
    """Write a run for a list, also one whose journal cannot be read; nothing when it was deleted meanwhile."""
    try:
        stored = runtime.call(runtime.get_engine().journal.read(head.id))
    except UnreadableEvent as error:
        return documents.unread_run(head, error)
    return None if stored is None else documents.listed_run(stored, workflow)


@router.post("/workflows/{workflow_id}/create-run", summary="Create a run, or find the one of this id")
def create_run(
    request: HttpRequest, workflow_id: str, asking: Query[OfNewRun], body: NewRun | None = None
) -> dict[str, str]:
    person = asked(request, "start_run")
    given = body or NewRun()
    run = runtime.call(
        runtime.get_engine().create_run(
            workflow_of(workflow_id), run_id=asking.run_id, resource_id=given.resource_id, tags=given.tags,
            idempotency_key=given.idempotency_key, started_by=person.user.get_username(),
        )
    )  # fmt: skip
    return {"runId": run.id}


@router.get("/workflows/{workflow_id}/runs/{run_id}", summary="Get a run")
def get_run(request: HttpRequest, workflow_id: str, run_id: str, asking: Query[Detail]) -> dict[str, Any]:
    asked(request)
    workflow = workflow_of(workflow_id)
    stored = stored_of(workflow, run_id)
    return documents.run_document(stored, workflow, asking.fields, nested=asking.with_nested_workflows)


@router.get("/workflows/{workflow_id}/runs/{run_id}/result", summary="Get how a run stands, once it rests")
def get_result(request: HttpRequest, workflow_id: str, run_id: str, asking: Query[Waiting]) -> dict[str, Any]:
    """Give what start-async would have. A run that does not rest within `wait` seconds is given as it then is."""
    asked(request)
    run = run_of(workflow_of(workflow_id), run_id)
    return documents.answered(runtime.call(standing(run, asking.wait, include_state=asking.include_state)))


async def standing(run: Run, seconds: float, *, include_state: bool) -> Result:
    """Wait for a run's rest, no longer than some seconds, and give how it stands."""
    stream = run.observe_stream(NOTHING_BEFORE)
    try:
        async with asyncio.timeout(seconds):
            await stream.result
    except TimeoutError:
        pass
    finally:
        stream.close()
    stored = await run.engine.read(run.id)
    return result_of(run.id, History(stored.events), run.workflow.places, include_state=include_state)


@router.delete("/workflows/{workflow_id}/runs/{run_id}", summary="Delete a run that is not active")
def delete_run(request: HttpRequest, workflow_id: str, run_id: str) -> dict[str, str]:
    asked(request, "delete_run")
    workflow = workflow_of(workflow_id)
    run = run_of(workflow, run_id)
    runtime.call(runtime.get_engine().delete_workflow_run_by_id(workflow, run.id))
    note(request, "delete", of_run(run.head))
    return {"message": "Workflow run deleted"}
