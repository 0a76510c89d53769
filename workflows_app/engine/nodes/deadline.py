"""Deadline: a bound on how long a construct, or a whole workflow, may take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from workflows_app.engine.errors import StepTimeout, describe
from workflows_app.engine.events import SECOND, TimerStarted
from workflows_app.engine.outcomes import Blocked, Failed, Outcome, Timer
from workflows_app.engine.paths import is_below
from workflows_app.engine.schema import Value

from .base import Cursor, Edge, Node


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Deadline(Node):
    """Fail the node, and cancel what is open in it, when its time is over.

    The timer stands at the helper path `<id>/deadline`; it is durable, like that of a sleep.
    """

    node: Node
    seconds: float

    kind: ClassVar[str] = "deadline"
    drawing: ClassVar[str] = "seq"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        outcome = self.node.advance(at, value)
        if not isinstance(outcome, Blocked):
            return outcome
        path = f"{at.prefix}{self.id}/deadline"
        record = at.record(path)
        if record is not None and record.status == "success":
            return self._over(at)
        due = record.due if record is not None else None
        if due is None:
            due = at.draft.now + int(self.seconds * SECOND)
            at.draft.emit(TimerStarted(at.draft.now, path, due, value))
        return Blocked((*outcome.waits, Timer(path, due)), outcome.active)

    def _over(self, at: Cursor) -> Outcome:
        roots = [at.path(member.id) for member in self.node.members()]
        at.draft.cancel(lambda path: any(is_below(path, root) for root in roots))
        return Failed(describe(StepTimeout(f"{self.id!r} did not end in {self.seconds:g} s.")))

    def edges(self) -> tuple[Edge, ...]:
        return (Edge(self.node),)

    def members(self) -> Iterable[Node]:
        return self.node.members()

    @property
    def output_id(self) -> str:
        return self.node.output_id
