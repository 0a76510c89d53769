"""From facts to the public events that streams show.

`project` turns one journal event into public ones; `count` says how many these are without building them, so
that each event's row can know the number of its first. Both see only facts, so every reader of a run gets the
same stream under the same numbers.
"""

from __future__ import annotations

from typing import Any

from . import events as e
from .errors import stop_of
from .events import Event, Instant
from .history import History
from .paths import ancestors, is_helper, item_of, public
from .records import Record
from .schema import Json
from .usage import NO_USAGE, Usage, added

PublicEvent = dict[str, Any]
UNCALLED = frozenset({"foreach", "sleep"})
"""What runs no code of its own, so that its events name no call."""


def millis(at: Instant | None) -> int | None:
    return None if at is None else at // 1000


def is_item(path: str) -> bool:
    return path[-1:] == "]"


def count(event: Event) -> int:
    """Number the public events that an event projects to."""
    match event:
        case e.StepStarted(path=path, cause=cause):
            return 0 if is_helper(path) or is_item(path) or cause == "retry" else 1
        case e.StepSucceeded(path=path) | e.StepFailed(path=path):
            return 0 if is_helper(path) else 1
        case e.RunStarted() | e.StepResumed() | e.StepVoted() | e.RunRestarted() | e.RunRewound():
            return 1
        case e.RunUnpaused() | e.RunSuspended():
            return 1
        case e.RunPaused():
            return 2
        case e.RunFinished(status=status):
            return 2 if status == "canceled" else 1
        case e.StepOutput(count=written):
            return written
        case e.StepSuspended(path=path):
            return len(list(ancestors(path))) + (not is_item(path))
        case e.TimerStarted(path=path):
            return 0 if is_helper(path) else 1
        case e.TimerFired(path=path, role=role):
            return 1 if role == "sleep" and not is_helper(path) else 0
    return 0


class Projector:
    """Projects a run's events in order; it folds them, since public events repeat what is known."""

    def __init__(self, run_id: str, workflow_id: str) -> None:
        self.run_id, self.workflow_id = run_id, workflow_id
        self.history = History()
        self.number = 0
        self.usage: Usage = dict(NO_USAGE)

    def project(self, event: Event) -> list[PublicEvent]:
        """Fold one event in and give the public events it stands for, numbered."""
        self.history.apply(event)
        made = getattr(self, f"_{event.kind}", self._nothing)(event)
        for public_event in made:
            self.number += 1
            public_event["seq"] = self.number
        return made

    def _event(self, kind: str, payload: Json, source: str = "WORKFLOW") -> PublicEvent:
        return {"seq": 0, "type": kind, "runId": self.run_id, "from": source, "payload": payload}

    def _nothing(self, event: Event) -> list[PublicEvent]:
        return []

    def _begin(self, event: Event) -> list[PublicEvent]:
        self.usage = dict(NO_USAGE)
        return [self._event("workflow-start", {"workflowId": self.workflow_id})]

    _RunStarted = _StepResumed = _StepVoted = _RunRestarted = _RunRewound = _RunUnpaused = _begin

    def _finish(self, status: str, event: Event | None = None) -> PublicEvent:
        payload: dict[str, Json] = {"workflowStatus": status, "metadata": {}, "output": {"usage": self.usage}}
        if isinstance(event, e.RunFinished) and event.result is not None:
            payload["finalWorkflowResult"] = event.result.data
        if isinstance(event, e.RunFinished) and event.error:
            payload["metadata"] = {"errorMessage": event.error["message"], "error": bare(event.error)}
            payload |= stop_of(event.error)
        return self._event("workflow-finish", payload)

    def _RunSuspended(self, event: e.RunSuspended) -> list[PublicEvent]:
        return [self._finish("suspended")]

    def _RunPaused(self, event: e.RunPaused) -> list[PublicEvent]:
        return [self._event("workflow-paused", {}), self._finish("paused")]

    def _RunFinished(self, event: e.RunFinished) -> list[PublicEvent]:
        canceled = [self._event("workflow-canceled", {})] if event.status == "canceled" else []
        return [*canceled, self._finish(event.status, event)]

    def _StepStarted(self, event: e.StepStarted) -> list[PublicEvent]:
        if not count(event):
            return []
        record = self.history.records[event.path]
        return [self._event("workflow-step-start", {**self._step(record), "status": "running"})]

    def _step(self, record: Record) -> dict[str, Json]:
        """What every event of a step says."""
        name = public(record.path)
        said: dict[str, Json] = {
            "id": name, "stepName": name, "payload": record.input.data, "startedAt": millis(record.started_at),
        }  # fmt: skip
        if record.role not in UNCALLED:
            said["stepCallId"] = record.path
        if record.resume_payload is not None:
            said |= {"resumePayload": record.resume_payload.data, "resumedAt": millis(record.resumed_at)}
        if metadata := told(record):
            said["metadata"] = metadata
        return said

    def _StepSucceeded(self, event: e.StepSucceeded) -> list[PublicEvent]:
        if is_helper(event.path):
            return []
        if is_item(event.path):
            return [self._progress(event.path, "success", event.output.data)]
        status = "bailed" if event.bailed else "success"
        return [self._result(event.path, {"status": status, "output": event.output.data})]

    def _StepFailed(self, event: e.StepFailed) -> list[PublicEvent]:
        if is_helper(event.path):
            return []
        if not event.final:
            return [self._retry(event)]
        if is_item(event.path):
            return [self._progress(event.path, "failed")]
        return [self._result(event.path, {"status": "failed", "error": bare(event.error), **stop_of(event.error)})]

    def _retry(self, event: e.StepFailed) -> PublicEvent:
        name = public(event.path)
        delay = max(0, (event.retry_at or event.at) - event.at) // 1000
        said = {
            "id": name,
            "stepName": name,
            "attempt": event.attempt,
            "error": bare(event.error),
            "delay": delay,
        }
        return self._event("workflow-step-retry", said)

    def _result(self, path: str, ended: dict[str, Json]) -> PublicEvent:
        record = self.history.records[path]
        return self._event("workflow-step-result", {**self._step(record), **ended, "endedAt": millis(record.ended_at)})

    def _progress(self, path: str, status: str, output: Json = None) -> PublicEvent:
        name, index = item_of(path) or (path, 0)
        items = self.history.items[name]
        said = {
            "id": public(name), "stepName": public(name), "completedCount": items.done, "totalCount": items.total,
            "currentIndex": index, "iterationStatus": status,
        }  # fmt: skip
        return self._event(
            "workflow-step-progress", said | ({"iterationOutput": output} if status == "success" else {})
        )

    def _StepSuspended(self, event: e.StepSuspended) -> list[PublicEvent]:
        record = self.history.records[event.path]
        asked: dict[str, Json] = {"status": "suspended", "suspendedAt": millis(record.suspended_at)}
        asked["suspendPayload"] = {} if event.payload is None else event.payload.data
        if event.output is not None:
            asked["suspendOutput"] = event.output.data
        paths = [*([] if is_item(event.path) else [event.path]), *ancestors(event.path)]
        found = [self.history.find(public(path)) for path in paths]
        split = item_of(event.path)
        index = {"forEachIndex": split[1]} if split and is_item(event.path) else {}
        return [self._event("workflow-step-suspended", {**self._step(r or record), **asked, **index}) for r in found]

    def _StepOutput(self, event: e.StepOutput) -> list[PublicEvent]:
        name = public(event.path)
        self.usage = added(self.usage, event.usage) or self.usage
        return [self._written(name, chunk) for chunk in event.chunks.data]

    def _written(self, name: str, chunk: dict[str, Json]) -> PublicEvent:
        if "output" in chunk and "type" not in chunk:
            said = {"output": chunk["output"], "runId": self.run_id, "stepName": name, "id": name}
            return self._event("workflow-step-output", said, "USER")
        custom = self._event(chunk["type"], {"id": name, "stepName": name}, "USER")
        return {**custom, "data": chunk.get("data")}

    def _TimerStarted(self, event: e.TimerStarted) -> list[PublicEvent]:
        if not count(event):
            return []
        said = self._step(self.history.records[event.path])
        return [self._event("workflow-step-waiting", {**said, "status": "waiting"})]

    def _TimerFired(self, event: e.TimerFired) -> list[PublicEvent]:
        if not count(event):
            return []
        record = self.history.records[event.path]
        output = record.output.data if record.output else None
        return [self._result(event.path, {"status": "success", "output": output})]


def told(record: Record) -> dict[str, Json]:
    """Give a step's metadata: its pass of a loop, and the tokens that models used for it."""
    known = {"iterationCount": record.iteration_count, "usage": record.usage}
    return {key: value for key, value in known.items() if value is not None}


def bare(error: Json) -> Json:
    """Drop what is for the studio alone, tracebacks, and what is told beside the error."""
    if not isinstance(error, dict):
        return error
    shown = {key: value for key, value in error.items() if key not in ("traceback", "tripwire")}
    if "cause" in shown:
        shown["cause"] = bare(shown["cause"])
    return shown
