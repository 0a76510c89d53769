"""What a studio answers, read into the objects that the engine gives: the same attributes, from JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from workflows_app.engine.errors import InvalidInput
from workflows_app.engine.paths import PublicPath, to_text
from workflows_app.engine.ports import TERMINAL
from workflows_app.engine.preview import Preview
from workflows_app.engine.snapshot import FIELDS, Result, StepResult, WorkflowRun, spelled, to_datetime

Document = Mapping[str, Any]
REST = frozenset({*TERMINAL, "suspended", "paused"})
ASKED = {"input": "payload", "payload": "payload", "result": "result", "error": "error", "steps": "steps"}
"""The fields of a run that can be asked for alone, as the wire calls them."""


def result_of(document: Document) -> Result:
    """Read how a run stands."""
    paths = suspended_of(document)
    return Result(
        status=document["status"], run_id=document["runId"], input=document.get("input"),
        steps=steps_of(document["steps"]), step_execution_path=document["stepExecutionPath"],
        result=document.get("result"), error=document.get("error"), tripwire=document.get("tripwire"), suspended=paths,
        suspend_payload=payloads_of(document, paths),
        resume_labels=document.get("resumeLabels", {}), state=document.get("state"),
        trace_id=document.get("traceId", ""), span_id=document.get("spanId", ""),
    )  # fmt: skip


def suspended_of(document: Document) -> list[PublicPath]:
    """Read what waits for an answer. Items of a foreach stand beside the list, in its order."""
    items = [item["path"] for item in document.get("suspendedItems", ())]
    paths: list[PublicPath] = []
    for path in document.get("suspended", ()):
        is_item = bool(items) and [part for part in items[0] if isinstance(part, str)] == path
        paths.append(items.pop(0) if is_item else path)
    return paths


def payloads_of(document: Document, paths: list[PublicPath]) -> dict[str, Any]:
    """Read what each question says; what only one below an entry says stands under the entry."""
    payloads, steps = document.get("suspendPayload", {}), document["steps"]
    found: dict[str, Any] = {}
    for text in map(to_text, paths):
        entry = text.partition(".")[0].partition("[")[0]
        if text in payloads:
            found[text] = payloads[text]
        elif entry in payloads and (text not in steps or "suspendPayload" in steps[text]):
            found[text] = payloads[entry]
    return found


def steps_of(documents: Document) -> dict[str, StepResult]:
    return {name: step_of(step) for name, step in documents.items() if name != "input"}


def step_of(document: Document) -> StepResult:
    return StepResult(
        status=document["status"], payload=document.get("payload"), output=document.get("output"),
        error=document.get("error"), tripwire=document.get("tripwire"),
        suspend_payload=document.get("suspendPayload"), suspend_output=document.get("suspendOutput"),
        resume_payload=document.get("resumePayload"), started_at=moment_of(document, "startedAt"),
        ended_at=moment_of(document, "endedAt"), suspended_at=moment_of(document, "suspendedAt"),
        resumed_at=moment_of(document, "resumedAt"), retry_count=document.get("retryCount", 0),
        metadata=spelled(document.get("metadata", {})), wire=dict(document),
    )  # fmt: skip


def moment_of(document: Document, name: str) -> datetime | None:
    milliseconds = document.get(name)
    return None if milliseconds is None else to_datetime(milliseconds * 1000)


def run_of(document: Document) -> WorkflowRun:
    """Read a stored run."""
    return WorkflowRun(
        **head_of(document), status=document["status"], input=document.get("payload"), result=document.get("result"),
        error=document.get("error"), tripwire=document.get("tripwire"), steps=steps_of(document.get("steps", {})),
        state=document.get("initialState"), suspended=suspended_of(document),
        resume_labels=document.get("resumeLabels", {}),
    )  # fmt: skip


def listed_run_of(document: Document) -> WorkflowRun:
    """Read a run of a list."""
    known = document["snapshot"]
    return WorkflowRun(
        **head_of(document), status=known["status"], input=known["context"]["input"], result=known.get("result"),
        error=known.get("error"), tripwire=known.get("tripwire"), steps=steps_of(known["context"]),
        state=known["value"], suspended=suspended_of(known), resume_labels=known["resumeLabels"],
    )  # fmt: skip


def head_of(document: Document) -> dict[str, Any]:
    return {
        "workflow_id": document["workflowName"], "run_id": document["runId"], "resource_id": document["resourceId"],
        "created_at": datetime.fromisoformat(document["createdAt"]),
        "updated_at": datetime.fromisoformat(document["updatedAt"]),
    }  # fmt: skip


def asked_fields(wanted: Collection[str] | None) -> str | None:
    """Name the fields of a run as the wire does; None for all, where not each can be asked for alone.

    Raises: InvalidInput
    """
    unknown = set(wanted or ()) - FIELDS
    if unknown:
        raise InvalidInput(f"Unknown fields {sorted(unknown)}; known are {sorted(FIELDS)}.")
    if not wanted or not ASKED.keys() >= set(wanted):
        return None
    return ",".join(sorted({ASKED[name] for name in wanted}))


def only(run: WorkflowRun, wanted: Collection[str] | None) -> WorkflowRun:
    """Leave out of a run what was not asked for."""
    if wanted is None:
        return run
    kept = {"input" if name == "payload" else name for name in wanted}
    left_out = [one.name for one in fields(run) if one.name in FIELDS and one.name not in ("status", *kept)]
    nothing: dict[str, Any] = dict.fromkeys(left_out)
    return replace(run, **nothing)


def preview_of(document: Document) -> Preview:
    return Preview(
        verb=document["verb"], runs_again=document["runsAgain"], reused=document["reused"],
        canceled=document["canceled"], withdrawn=document["withdrawn"], effects=document["effects"],
    )  # fmt: skip
