"""The documents that the API answers with: workflows, and runs as they are stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic_core import to_json

from workflows_app.engine import codec
from workflows_app.engine.events import Instant
from workflows_app.engine.history import History
from workflows_app.engine.nodes import Nested, Node
from workflows_app.engine.paths import public
from workflows_app.engine.ports import RunHead, Stored
from workflows_app.engine.records import CONTAINERS, Record
from workflows_app.engine.schema import Schema
from workflows_app.engine.snapshot import Result, execution_path, iso, stored_run
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import UnreadableEvent
from workflows_app.models.instants import to_datetime

Document = dict[str, Any]
DIALECT = "http://json-schema.org/draft-07/schema#"


def workflow_info(workflow: Workflow) -> Document:
    """Write a workflow with the schemas of every step."""
    steps = {name: step_info(node) for name, node in workflow.steps.items()}
    return {
        **workflow_summary(workflow),
        "steps": steps,
        "allSteps": {
            path: {**step_info(node), "id": path, "isWorkflow": isinstance(node, Nested)}
            for path, node in workflow.places.items()
        },
        **schemas_of(workflow),
        "isProcessorWorkflow": False,
    }


def workflow_summary(workflow: Workflow) -> Document:
    """Write a workflow without its steps' schemas."""
    return {
        "name": workflow.id,
        **({"description": workflow.description} if workflow.description else {}),
        "origin": "code",
        "stepCount": sum(1 for _ in workflow.root.members()),
        "stepGraph": codec.graph(workflow),
        "options": {"validateInputs": workflow.validate_inputs, "emitStepEvents": True},
        "steps": {},
        "allSteps": {},
    }


def step_info(node: Node) -> Document:
    component = {"component": "TOOL"} if getattr(node, "role", "") == "tool" else {}
    description = {"description": node.description} if node.description else {}
    return {"id": node.id, **description, **component, **schemas_of(node)}


def schemas_of(node: Any) -> Document:
    """Write the declared schemas, each as JSON in a text, as the protocol has it."""
    source = node.workflow if isinstance(node, Nested) else node
    found: Document = {}
    for name in ("input", "output", "state", "resume", "suspend"):
        schema = getattr(source, f"{name}_schema", None)
        if isinstance(schema, Schema) and schema:
            document = {"json": {"$schema": DIALECT, **schema.json_schema()}}
            found[f"{name}Schema"] = to_json(document).decode()
    return found


def run_document(
    stored: Stored, workflow: Workflow, fields: Collection[str] | None = None, *, nested: bool = True
) -> Document:
    """Write a stored run; `fields` picks from what can be left out."""
    history = History(stored.events)
    kept = None if fields is None else [name for name in fields if name in ("result", "error", "payload", "steps")]
    written = stored_run(stored.head, history, workflow.places, fields=kept, nested=nested).to_json()
    if fields is None:
        graph = codec.graph(workflow)
        return {**written, "tags": stored.head.tags, **standing(history, workflow), "serializedStepGraph": graph}
    more: Document = {**standing(history, workflow), "serializedStepGraph": codec.graph(workflow)}
    return {**written, **{name: more[name] for name in fields if name in more}}


def answered(result: Result) -> Document:
    """Write how a run stands, and where its trace is to be found."""
    trace = {"traceId": result.trace_id, "spanId": result.span_id} if result.trace_id else {}
    return {**result.to_json(), **trace}


def listed_run(stored: Stored, workflow: Workflow) -> Document:
    """Write a run as lists have it: its head, and what is known of it as a snapshot."""
    head, history = stored.head, History(stored.events)
    run = stored_run(head, history, workflow.places)
    written = run.to_json()
    known = {key: written[key] for key in ("result", "error", "suspended", "suspendedItems") if key in written}
    return {
        "workflowName": head.workflow_id, "runId": head.id, "resourceId": head.resource_id,
        "createdAt": written["createdAt"], "updatedAt": written["updatedAt"], "tags": head.tags,
        "snapshot": {
            "runId": head.id, "status": head.status, "value": run.state or {},
            "context": {"input": run.input, **written["steps"]},
            "activePaths": list(standing(history, workflow)["activeStepsPath"].values()),
            "stepExecutionPath": execution_path(history), **standing(history, workflow),
            "resumeLabels": run.resume_labels or {}, **known, "requestContext": history.context.data,
            "serializedStepGraph": codec.graph(workflow), "timestamp": head.updated_at // 1000,
        },
    }  # fmt: skip


def unread_run(head: RunHead, error: UnreadableEvent) -> Document:
    """Write a run of which nothing but the head can be read."""
    said = {"name": type(error).__name__, "message": error.message}
    return {
        "workflowName": head.workflow_id, "runId": head.id, "resourceId": head.resource_id,
        "createdAt": moment(head.created_at), "updatedAt": moment(head.updated_at), "tags": head.tags,
        "snapshot": {"runId": head.id, "status": head.status, "value": {}, "context": {}, "error": said},
    }  # fmt: skip


def moment(at: Instant) -> str:
    return iso(to_datetime(at))


def standing(history: History, workflow: Workflow) -> Document:
    """Say where in the graph a run is active, waits for time and waits for people."""
    at = dict(positions(workflow))
    leaves = [record for record in history.records.values() if is_step(record)]
    status = {
        "activeStepsPath": ("running", "ready"), "waitingPaths": ("waiting",), "suspendedPaths": ("suspended",),
    }  # fmt: skip
    return {
        name: {top: at[top] for record in leaves if record.status in wanted and (top := top_of(record.path)) in at}
        for name, wanted in status.items()
    }


def is_step(record: Record) -> bool:
    return record.role not in CONTAINERS and "/" not in record.path


def top_of(path: str) -> str:
    return public(path).partition(".")[0].partition("[")[0]


def positions(workflow: Workflow) -> Iterator[tuple[str, list[int]]]:
    """Yield each top-level step with the indexes that lead to it through the graph."""
    for index, node in enumerate(workflow.entries):
        yield from _positions(node, [index])


def _positions(node: Node, at: list[int]) -> Iterator[tuple[str, list[int]]]:
    if node in node.members():
        yield node.id, at
        return
    children = node.children()
    for index, child in enumerate(children):
        yield from _positions(child, at if len(children) == 1 else [*at, index])
