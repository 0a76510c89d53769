"""Parallel: all at once, on the same input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from workflows_app.engine.outcomes import Done, Failed, Outcome, join
from workflows_app.engine.paths import is_below
from workflows_app.engine.schema import NULL, Value

from .base import Cursor, Edge, Node

OnError = Literal["wait_all", "fail_fast", "collect"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parallel(Node):
    """Run every member side by side; the output is a dict of their outputs by id."""

    nodes: tuple[Node, ...]
    on_error: OnError = "wait_all"

    kind: ClassVar[str] = "parallel"
    ordered: ClassVar[bool] = False
    drawing: ClassVar[str] = "fork"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        if self.on_error == "fail_fast" and (failed := self._failed(at)) is not None:
            self._abort_siblings(at)
            return failed
        outcomes = {node.output_id: node.advance(at, value) for node in self.nodes}
        if self.on_error == "collect":
            outcomes = {key: Done(NULL) if type(o) is Failed else o for key, o in outcomes.items()}
        elif self.on_error == "fail_fast":
            failed = next((o for o in outcomes.values() if type(o) is Failed), None)
            if failed is not None:
                self._abort_siblings(at)
                return failed
        return join(outcomes, lambda outputs: at.composed(at.path(self.id), outputs))

    def _failed(self, at: Cursor) -> Failed | None:
        """Look for a member that failed before the others are asked, so that none of them opens a call."""
        for node in self.nodes:
            for member in node.members():
                record = at.record(at.path(member.id))
                if record is not None and record.status == "failed" and record.final:
                    return Failed(record.error, record.non_retryable)
        return None

    def _abort_siblings(self, at: Cursor) -> None:
        roots = [at.path(member.id) for node in self.nodes for member in node.members()]
        at.draft.cancel(lambda path: any(is_below(path, root) for root in roots))

    def edges(self) -> tuple[Edge, ...]:
        return tuple(Edge(node) for node in self.nodes)
