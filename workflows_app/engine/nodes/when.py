"""When: a step only if a condition holds; else the value passes by, or another step runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workflows_app.engine.events import StepSkipped
from workflows_app.engine.outcomes import Blocked, Done, Outcome
from workflows_app.engine.schema import Value

from .base import Cursor, Edge, Node
from .condition import condition_path, first_id, holds
from .step import Step


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class When(Node):
    """Run the node if the condition holds; a node passed by is recorded as skipped."""

    condition: Step
    node: Node
    otherwise: Node | None = None

    kind: ClassVar[str] = "when"
    ordered: ClassVar[bool] = False
    drawing: ClassVar[str] = "fork"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        answer = self.condition.advance_at(at, condition_path(at, self.node), value)
        if isinstance(answer, Blocked):
            return answer
        if holds(answer):
            at.skip_targets([] if self.otherwise is None else [self.otherwise], value)
            return self.node.advance(at, value)
        at.skip_targets([self.node], value)
        for member in self.node.members():
            if at.record(at.path(member.id)) is None:
                at.draft.emit(StepSkipped(at.draft.now, at.path(member.id), value))
        return Done(value) if self.otherwise is None else self.otherwise.advance(at, value)

    def children(self) -> tuple[Node, ...]:
        return (self.node,) if self.otherwise is None else (self.node, self.otherwise)

    def edges(self) -> tuple[Edge, ...]:
        taken = Edge(self.node, self.condition.words, f"{first_id(self.node)}/condition")
        return (taken,) if self.otherwise is None else (taken, Edge(self.otherwise, "otherwise"))

    @property
    def output_id(self) -> str:
        return self.node.output_id
