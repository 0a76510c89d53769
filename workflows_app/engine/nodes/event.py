"""WaitForEvent: suspend until somebody sends an event of this name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workflows_app.engine import events as e
from workflows_app.engine.errors import StepTimeout, describe
from workflows_app.engine.events import SECOND
from workflows_app.engine.outcomes import HELD, Blocked, Done, Failed, Outcome, Suspension, Timer, Wait
from workflows_app.engine.records import Record
from workflows_app.engine.schema import ANY, Json, Schema, Value, trusted

from .base import Cursor, Node


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WaitForEvent(Node):
    """Wait for an event; its payload is the output. With a timeout, no event in time fails the entry."""

    name: str
    match: dict[str, Json] | None = None
    timeout: float | None = None
    schema: Schema = ANY

    kind: ClassVar[str] = "event"
    drawing: ClassVar[str] = "pill"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        path = at.path(self.id)
        record = at.record(path)
        if record is None or record.is_aimed_at or record.status == "canceled":
            return self._begin(at, path, value if record is None else record.input)
        if record.status == "success":
            return Done(record.output or value)
        if record.status == "suspended":
            return self._waiting(path, record.attempt, record.due)
        return self._answered(at, path, record)

    def _begin(self, at: Cursor, path: str, value: Value) -> Outcome:
        draft = at.draft
        if draft.stops_before(path) or not draft.may_open("event"):
            return HELD
        attempt = draft.history.next_attempt(path)
        due = None if self.timeout is None else draft.now + int(self.timeout * SECOND)
        payload = trusted({"event": self.name, "match": self.match or {}})
        draft.emit(e.StepStarted(draft.now, path, attempt, "event", value))
        draft.emit(e.StepSuspended(draft.now, path, attempt, payload, due=due))
        return self._waiting(path, attempt, due)

    def _waiting(self, path: str, attempt: int, due: int | None) -> Outcome:
        waits: tuple[Wait, ...] = (Suspension(path, attempt, self.name),)
        return Blocked(waits if due is None else (*waits, Timer(path, due)), active=False)

    def _answered(self, at: Cursor, path: str, record: Record) -> Outcome:
        now = at.draft.now
        if record.resume_payload is not None:
            at.draft.emit(e.StepSucceeded(now, path, record.attempt, record.resume_payload))
            return Done(record.resume_payload)
        error = describe(StepTimeout(f"No event {self.name!r} came in {self.timeout:g} s."))
        at.draft.emit(e.StepFailed(now, path, record.attempt, error))
        return Failed(error)

    def members(self) -> tuple[Node, ...]:
        return (self,)

    @property
    def answer_schema(self) -> Schema:
        return self.schema

    @property
    def label(self) -> str:
        return f"wait for {self.name}"
