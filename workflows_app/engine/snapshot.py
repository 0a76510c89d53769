"""The public picture of a run: the result of a verb, and the stored run as queries give it.

History knows records by path; people know steps by id. This module is the only translator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import stop_of
from .events import Instant
from .history import REWOUND, History
from .paths import PublicPath, is_below, item_of, public, to_list
from .ports import RunHead
from .records import CONTAINERS, OPEN, Record
from .schema import Json, Value
from .streams import bare, is_item, millis, told
from .traces import leg_id, trace_id, try_id

Order = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What is known of one step. Times are aware datetimes; everything else is JSON data."""

    status: str
    payload: Json = None
    output: Json = None
    error: Json = None
    tripwire: Json = None
    suspend_payload: Json = None
    suspend_output: Json = None
    resume_payload: Json = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    suspended_at: datetime | None = None
    resumed_at: datetime | None = None
    retry_count: int = 0
    metadata: dict[str, Json] = field(default_factory=dict)
    wire: dict[str, Json] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Json]:
        """Give the camelCase document of the HTTP API, with times in milliseconds."""
        return dict(self.wire)


@dataclass(frozen=True, slots=True)
class Result:
    """How a run stands when a verb returns."""

    status: str
    run_id: str
    input: Json
    steps: dict[str, StepResult]
    step_execution_path: list[str]
    result: Json = None
    error: Json = None
    tripwire: Json = None
    suspended: list[PublicPath] = field(default_factory=list)
    suspend_payload: dict[str, Json] = field(default_factory=dict)
    resume_labels: dict[str, str] = field(default_factory=dict)
    state: Json = None
    trace_id: str = ""
    span_id: str = ""

    def to_json(self) -> dict[str, Json]:
        """Give the camelCase document of the HTTP API."""
        steps = {name: step.to_json() for name, step in self.steps.items()}
        document: dict[str, Json] = {
            "status": self.status, "steps": {"input": self.input, **steps}, "input": self.input,
            "runId": self.run_id, "stepExecutionPath": self.step_execution_path,
        }  # fmt: skip
        if self.status == "success":
            document["result"] = self.result
        document |= {k: v for k, v in {"error": self.error, "tripwire": self.tripwire}.items() if v is not None}
        if self.status == "suspended":
            document |= self._wire_suspensions()
        if self.state is not None:
            document["state"] = self.state
        return document

    def _wire_suspensions(self) -> dict[str, Json]:
        by_top: dict[str, list[str]] = {}
        for path in self.suspend_payload:
            by_top.setdefault(path.partition(".")[0].partition("[")[0], []).append(path)
        shown = {
            (top if len(paths) == 1 else path): self.suspend_payload[path]
            for top, paths in by_top.items()
            for path in paths
        }
        document: dict[str, Json] = {**wire_paths(self.suspended), "suspendPayload": shown}
        if self.resume_labels:
            document["resumeLabels"] = self.resume_labels
        return document


def wire_paths(suspended: list[PublicPath]) -> dict[str, Json]:
    """Write what waits for an answer: the steps, and beside them which items of a foreach."""
    items = [path for path in suspended if any(isinstance(part, int) for part in path)]
    document: dict[str, Json] = {"suspended": [[part for part in path if isinstance(part, str)] for path in suspended]}
    if items:
        document["suspendedItems"] = [{"path": p, "forEachIndex": _last_index(p)} for p in items]
    return document


def _last_index(path: PublicPath) -> int:
    return next(part for part in reversed(path) if isinstance(part, int))


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A stored run. With `fields`, what was not asked for is None."""

    workflow_id: str
    run_id: str
    resource_id: str | None
    created_at: datetime
    updated_at: datetime
    status: str
    input: Json = None
    result: Json = None
    error: Json = None
    tripwire: Json = None
    steps: dict[str, StepResult] | None = None
    state: Json = None
    suspended: list[PublicPath] | None = None
    resume_labels: dict[str, str] | None = None

    def to_json(self) -> dict[str, Json]:
        """Give the camelCase document of the HTTP API."""
        document: dict[str, Json] = {
            "runId": self.run_id, "workflowName": self.workflow_id, "resourceId": self.resource_id,
            "createdAt": iso(self.created_at), "updatedAt": iso(self.updated_at), "status": self.status,
        }  # fmt: skip
        optional = {
            "payload": self.input, "result": self.result, "error": self.error, "tripwire": self.tripwire,
            "initialState": self.state, "resumeLabels": self.resume_labels,
        }  # fmt: skip
        document |= {key: value for key, value in optional.items() if value is not None}
        if self.suspended:
            document |= wire_paths(self.suspended)
        if self.steps is not None:
            document["steps"] = {name: step.to_json() for name, step in self.steps.items()}
        return document


@dataclass(frozen=True, slots=True)
class WorkflowRuns:
    """A page of stored runs, newest first; `total` ignores the paging."""

    runs: list[WorkflowRun]
    total: int


def to_datetime(at: Instant | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at / 1_000_000, UTC)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def result_of(run_id: str, history: History, places: Order, *, include_state: bool = False) -> Result:
    """Draw the result of a run at rest."""
    waiting = suspended_records(history, places)
    return Result(
        status=history.status,
        run_id=run_id,
        input=history.input.data,
        steps=steps_of(history),
        step_execution_path=execution_path(history),
        result=history.result.data if history.result is not None else None,
        error=bare(history.error),
        tripwire=stop_of(history.error).get("tripwire"),
        suspended=[to_list(record.path) for record in waiting],
        suspend_payload=payloads_of(waiting),
        resume_labels={label: public(record.path) for record in waiting for label in record.labels},
        state=history.state.data if include_state else None,
        trace_id=trace_id(run_id, history),
        span_id=leg_id(run_id, history),
    )


def nested_result(run_id: str, history: History, record: Record, status: str) -> Result:
    """Draw how a nested workflow ended, with its steps under their own ids."""
    prefix = f"{public(record.path)}."
    steps = {name: step for name, step in steps_of(history).items() if name.startswith(prefix)}
    started = [name.removeprefix(prefix) for name in execution_path(history) if name.startswith(prefix)]
    return Result(
        status=status, run_id=run_id, input=record.input.data,
        steps={name.removeprefix(prefix): step for name, step in steps.items()}, step_execution_path=started,
        result=data_of(record.output) if status == "success" else None, error=bare(record.error),
        tripwire=stop_of(record.error).get("tripwire"), trace_id=trace_id(run_id, history),
        span_id=try_id(run_id, history, record.path, record.attempt),
    )  # fmt: skip


def payloads_of(waiting: list[Record]) -> dict[str, Json]:
    return {public(r.path): r.suspend_payload.data for r in waiting if r.suspend_payload is not None}


FIELDS = frozenset(
    {"input", "payload", "result", "error", "tripwire", "steps", "state", "suspended", "resume_labels", "status"}
)


def stored_run(
    head: RunHead, history: History, places: Order, *, fields: list[str] | None = None, nested: bool = True
) -> WorkflowRun:
    """Draw a stored run; a suspended nested workflow shows as running, only its leaf as suspended."""
    waiting = suspended_records(history, places)
    everything: dict[str, Json] = {
        "input": data_of(history.input),
        "result": data_of(history.result),
        "error": bare(history.error),
        "tripwire": stop_of(history.error).get("tripwire"),
        "steps": steps_of(history, at_rest=False, nested=nested),
        "state": history.state.data,
        "suspended": [to_list(record.path) for record in waiting],
        "resume_labels": {label: public(record.path) for record in waiting for label in record.labels},
    }
    wanted = None if fields is None else {"input" if name == "payload" else name for name in fields}
    return WorkflowRun(
        workflow_id=head.workflow_id, run_id=head.id, resource_id=head.resource_id,
        created_at=datetime.fromtimestamp(head.created_at / 1_000_000, UTC),
        updated_at=datetime.fromtimestamp(head.updated_at / 1_000_000, UTC), status=head.status,
        **{key: value for key, value in everything.items() if wanted is None or key in wanted},
    )  # fmt: skip


def data_of(value: Value | None) -> Json:
    return None if value is None else value.data


def suspended_records(history: History, places: Order) -> list[Record]:
    """List what waits for an answer, in the order of the graph."""
    order = {path: number for number, path in enumerate(places)}
    return sorted(history.suspended, key=lambda record: graph_key(record.path, order))


def graph_key(path: str, order: Mapping[str, int]) -> list[tuple[int, int]]:
    """Sort paths as the graph does: by place, then by item."""
    key: list[tuple[int, int]] = []
    place = ""
    for part in to_list(path):
        if isinstance(part, int):
            key[-1] = (key[-1][0], part)
        else:
            place = f"{place}.{part}" if place else part
            key.append((order.get(place, len(order)), -1))
    return key


def execution_path(history: History) -> list[str]:
    """Name every started step in order, anew after each rewind.

    Items of a foreach and passes of a loop count once for the entry.
    """
    named: list[str] = []
    seen: set[str] = set()
    for path in history.execution:
        if path == REWOUND:
            seen.clear()
            continue
        if is_item(path):
            continue
        name = public(path)
        if "#" in path:
            if name in seen:
                continue
            seen.add(name)
        named.append(name)
    return named


def steps_of(history: History, *, at_rest: bool = True, nested: bool = True) -> dict[str, StepResult]:
    """Draw every step under its public key, in order of start."""
    found: dict[str, StepResult] = {}
    for name, path in history.latest.items():
        if is_item(path) or (not nested and "." in name):
            continue
        found[name] = step_result(history, history.records[path], at_rest=at_rest)
    return found


def step_result(history: History, record: Record, *, at_rest: bool = True) -> StepResult:
    """Draw one step."""
    status, shown = record.status, record
    if record.role in CONTAINERS and status in OPEN:
        below = [r for r in history.suspended if is_below(r.path, record.path) or _is_item_of(r, record)]
        status = "suspended" if below and (at_rest or record.role == "foreach") else open_status(history)
        shown = below[0] if below and record.role == "foreach" and is_item(below[0].path) else record
    elif status == "bailed":
        status = "success"
    elif status == "ready" or (status == "failed" and not record.final):
        status = open_status(history) if status == "ready" else "waiting"
    output = data_of(record.output)
    if record.role == "foreach" and record.status in ("failed", "canceled"):
        output = partial_outputs(history, record)
    return _draw(record, shown, status, output)


def open_status(history: History) -> str:
    return "paused" if history.status == "paused" else "running"


def _is_item_of(record: Record, container: Record) -> bool:
    split = item_of(record.path)
    return split is not None and split[0] == container.path


def _draw(record: Record, shown: Record, status: str, output: Json) -> StepResult:
    payload, error = data_of(record.input), bare(record.error) if status == "failed" else None
    suspend_payload, suspend_output = data_of(shown.suspend_payload), data_of(shown.suspend_output)
    resume_payload = data_of(record.resume_payload)
    if status != "suspended":
        suspend_payload = suspend_output = None
    wire: dict[str, Json] = {"status": status, "payload": payload, "startedAt": millis(record.started_at)}
    if metadata := told(record):
        wire["metadata"] = metadata
    tripwire = stop_of(record.error).get("tripwire") if status == "failed" else None
    if status == "success" or output is not None:
        wire["output"] = output
    suspended_at = shown.suspended_at if status == "suspended" else None
    optional = {
        "error": error, "tripwire": tripwire, "endedAt": millis(record.ended_at), "suspendPayload": suspend_payload,
        "suspendOutput": suspend_output, "suspendedAt": millis(suspended_at),
        "resumePayload": resume_payload, "resumedAt": millis(record.resumed_at),
    }  # fmt: skip
    wire |= {key: value for key, value in optional.items() if value is not None}
    if record.non_retryable:
        wire["nonRetryable"] = True
    if record.retries:
        wire["retryCount"] = record.retries
    return StepResult(
        status=status, payload=payload, output=output, error=error, tripwire=tripwire, suspend_payload=suspend_payload,
        suspend_output=suspend_output, resume_payload=resume_payload, started_at=to_datetime(record.started_at),
        ended_at=to_datetime(record.ended_at), suspended_at=to_datetime(suspended_at),
        resumed_at=to_datetime(record.resumed_at), retry_count=record.retries, metadata=spelled(metadata), wire=wire,
    )  # fmt: skip


def spelled(metadata: dict[str, Json]) -> dict[str, Json]:
    """Spell metadata as Python does."""
    return {"iteration_count" if key == "iterationCount" else key: value for key, value in metadata.items()}


def partial_outputs(history: History, record: Record) -> list[Json]:
    """List what a foreach that was cut short has: None where an item did not finish."""
    count = history.items[record.path].next
    records = [history.records.get(f"{record.path}[{index}]") for index in range(count)]
    return [data_of(r.output) if r is not None and r.status == "success" else None for r in records]
