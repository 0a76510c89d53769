"""Sleep: a durable timer. The value passes through unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workflows_app.engine import events as e
from workflows_app.engine.events import SECOND, Instant
from workflows_app.engine.outcomes import HELD, Blocked, Done, Failed, Outcome, Timer
from workflows_app.engine.schema import Value

from .base import Cursor, Node
from .step import Step


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sleep(Node):
    """Wait for a time (`seconds`), until an instant (`until`), or as long as `duration` computes.

    The computed number is seconds, or seconds since the epoch when its role is "until".
    """

    seconds: float = 0.0
    until: Instant | None = None
    duration: Step | None = None

    kind: ClassVar[str] = "sleep"
    drawing: ClassVar[str] = "pill"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        path = at.path(self.id)
        record = at.record(path)
        if record is None or record.is_aimed_at:
            return self._begin(at, path, value if record is None else record.input)
        if record.status == "waiting" and record.due is not None:
            return Blocked((Timer(path, record.due),))
        return Done(record.output or value)

    def _begin(self, at: Cursor, path: str, value: Value) -> Outcome:
        due = self._due(at, path, value)
        if isinstance(due, Failed):
            at.draft.emit(e.StepFailed(at.draft.now, path, 1, due.error))
            return due
        if not isinstance(due, int):
            return due
        if at.draft.stops_before(path) or not at.draft.may_open("sleep"):
            return HELD
        at.draft.emit(e.TimerStarted(at.draft.now, path, due, value))
        if due > at.draft.now:
            return Blocked((Timer(path, due),))
        at.draft.emit(e.TimerFired(at.draft.now, path))
        return Done(value)

    def _due(self, at: Cursor, path: str, value: Value) -> Instant | Outcome:
        if self.until is not None:
            return self.until
        if self.duration is None:
            return at.draft.now + int(self.seconds * SECOND)
        outcome = self.duration.advance_at(at, f"{path}/duration", value)
        if type(outcome) is not Done:
            return outcome
        start = 0 if self.duration.role == "until" else at.draft.now
        return start + int(outcome.output.data * SECOND)

    def members(self) -> tuple[Node, ...]:
        return (self,)

    @property
    def label(self) -> str:
        if self.duration is not None:
            return "sleep, computed"
        return "sleep until" if self.until is not None else f"sleep {spoken(self.seconds)}"


def spoken(seconds: float) -> str:
    """Say a duration in its largest units, as in `2 h 5 m`."""
    rest = round(seconds)
    if rest < 60:
        return f"{seconds:g} s"
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, rest = divmod(rest, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts[:2])
