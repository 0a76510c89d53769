"""Sequence: one after another. The body of every workflow, and a list of steps in an arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workflows_app.engine.outcomes import Done, Outcome
from workflows_app.engine.schema import Value

from .base import Cursor, Edge, Node


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sequence(Node):
    """Run the nodes in order, each on the output of the one before.

    The walk starts behind what an earlier one found to have ended, so a long sequence costs no more per turn than
    a short one.
    """

    nodes: tuple[Node, ...]

    kind: ClassVar[str] = "sequence"
    drawing: ClassVar[str] = "seq"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        begun, value = at.ended(self, value)
        opened, migrated = len(at.draft.opened), at.draft.history.migrated
        for number in range(begun, len(self.nodes)):
            outcome = self._overtaking(at, number, value) if migrated else None
            outcome = outcome or self.nodes[number].advance(at, value)
            if type(outcome) is not Done:
                return outcome
            value = outcome.output
            # What was only now announced may yet fail to be recorded.
            if len(at.draft.opened) == opened:
                at.note_ended(self, number + 1, value)
        return Done(value)

    def _overtaking(self, at: Cursor, number: int, value: Value) -> Outcome | None:
        """Say how far a node further on is that was under way before this one came into the graph: it ends first.

        Its process may be alive and not know this one; what it gives is wanted all the same.
        """
        history = at.draft.history
        ahead = next((node for node in self.nodes[number + 1 :] if at.has_any(node, history.running)), None)
        if ahead is None or at.has_any(self.nodes[number], history.records):
            return None
        return ahead.advance(at, value)

    def edges(self) -> tuple[Edge, ...]:
        return tuple(Edge(node) for node in self.nodes)

    @property
    def output_id(self) -> str:
        return self.nodes[-1].output_id
