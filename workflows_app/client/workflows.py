"""What can be asked of a workflow, and of what it offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic_core import from_json

from workflows_app.client.answers import Document, asked_fields, listed_run_of, only, run_of
from workflows_app.client.requests import Exchange, Request, given, path_of
from workflows_app.client.runs import OfRun
from workflows_app.engine.errors import RunNotFound
from workflows_app.engine.ports import ACTIVE
from workflows_app.engine.snapshot import WorkflowRun, WorkflowRuns

R = TypeVar("R", bound=OfRun)
PAGE = 1000
"""Runs that a studio gives in one answer at most."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step as a studio describes it; each schema is a JSON Schema, or None where none is declared."""

    id: str
    description: str | None
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any] | None
    resume_schema: dict[str, Any] | None
    suspend_schema: dict[str, Any] | None


class OfWorkflow(Generic[R]):
    """The handle of a workflow in a studio, with what the studio says of it.

    `steps` are its own by their ids; `places` are all by their paths, those of nested workflows too.
    """

    run_kind: type[R]

    def __init__(self, line: Any, document: Document) -> None:
        self.line = line
        self.id: str = document["name"]
        self.description: str | None = document.get("description")
        self.serialized_step_graph: list[Any] = document["stepGraph"]
        self.input_schema = schema_of(document, "inputSchema")
        self.output_schema = schema_of(document, "outputSchema")
        self.state_schema = schema_of(document, "stateSchema")
        self.steps = {name: step_of(step) for name, step in document["steps"].items()}
        self.places = {path: step_of(step) for path, step in document["allSteps"].items()}

    def __repr__(self) -> str:
        return f"<Workflow {self.id}>"

    def path(self, *names: str) -> str:
        return path_of("workflows", self.id, *names)


def schema_of(document: Document, name: str) -> dict[str, Any] | None:
    """Read a schema: JSON in a text, inside an object of its own."""
    text = document.get(name)
    return None if text is None else from_json(text)["json"]


def step_of(document: Document) -> Step:
    read = (schema_of(document, f"{name}Schema") for name in ("input", "output", "resume", "suspend"))
    return Step(document["id"], document.get("description"), *read)


def create_run(
    workflow: OfWorkflow[R], run_id: str | None = None, resource_id: str | None = None,
    idempotency_key: str | None = None, tags: Sequence[str] = (),
) -> Exchange[R]:  # fmt: skip
    """Make a run of this workflow, or get the one that has this id. Raises: RunIdTaken, InvalidInput"""
    body = given(resource_id=resource_id, idempotency_key=idempotency_key, tags=list(tags) or None)
    answer = yield Request("POST", workflow.path("create-run"), given(run_id=run_id), body)
    return workflow.run_kind(workflow.line, workflow.id, answer["runId"], resource_id)


def get_run(workflow: OfWorkflow[R], run_id: str) -> Exchange[R]:
    """Get the handle of a stored run. Raises: RunNotFound"""
    answer = yield Request("GET", workflow.path("runs", run_id), {"fields": "error"})
    return workflow.run_kind(workflow.line, workflow.id, answer["runId"], answer["resourceId"])


def list_workflow_runs(
    workflow: OfWorkflow[Any], *, status: str | Sequence[str] | None = None, from_date: datetime | None = None,
    to_date: datetime | None = None, resource_id: str | None = None, tags: Sequence[str] = (),
    page: int | None = None, per_page: int | None = None,
) -> Exchange[WorkflowRuns]:  # fmt: skip
    """List the workflow's runs, newest first; without `per_page` all of them. Raises: InvalidInput"""
    wanted = (status,) if isinstance(status, str) else status or ()
    filters = given(
        status=",".join(wanted) or None, from_date=from_date and from_date.isoformat(),
        to_date=to_date and to_date.isoformat(), resource_id=resource_id, tags=",".join(tags) or None,
    )  # fmt: skip
    runs: dict[str, WorkflowRun] = {}
    number, size = (0, PAGE) if per_page is None else (page or 0, per_page)
    while True:
        answer = yield Request("GET", workflow.path("runs"), {**filters, "page": number, "perPage": size})
        # A run that begins meanwhile pushes the last one of a page onto the next.
        runs |= {run.run_id: run for run in map(listed_run_of, answer["runs"])}
        number += 1
        if per_page is not None or not answer["runs"] or number * size >= answer["total"]:
            return WorkflowRuns([*runs.values()], answer["total"])


def get_workflow_run_by_id(
    workflow: OfWorkflow[Any], run_id: str, *, fields: Sequence[str] | None = None, with_nested_workflows: bool = True
) -> Exchange[WorkflowRun | None]:
    """Read a run; None when there is none. Raises: InvalidInput for an unknown field"""
    query = given(fields=asked_fields(fields), with_nested_workflows=with_nested_workflows)
    try:
        answer = yield Request("GET", workflow.path("runs", run_id), query)
    except RunNotFound:
        return None
    return only(run_of(answer), fields)


def delete_workflow_run_by_id(workflow: OfWorkflow[Any], run_id: str) -> Exchange[None]:
    """Delete a run that is not active, with everything recorded of it. Raises: RunNotFound, StillRunning"""
    yield Request("DELETE", workflow.path("runs", run_id))


def list_active_workflow_runs(workflow: OfWorkflow[Any]) -> Exchange[WorkflowRuns]:
    """List the runs that are running or waiting."""
    return (yield from list_workflow_runs(workflow, status=ACTIVE))


def restart_all_active_workflow_runs(workflow: OfWorkflow[Any]) -> Exchange[None]:
    """Have every active run restarted whose worker is gone; returns at once."""
    yield Request("POST", workflow.path("restart-all-active-workflow-runs"))
