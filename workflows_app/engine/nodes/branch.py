"""Branch: those arms whose condition holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from workflows_app.engine.outcomes import Blocked, Done, Outcome, gather, join
from workflows_app.engine.schema import EMPTY, Value

from .base import Cursor, Edge, Node
from .condition import condition_path, first_id, holds
from .step import Step

Mode = Literal["all", "first"]


class Arm(NamedTuple):
    condition: Step
    node: Node


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Branch(Node):
    """Ask all conditions, then run the arms that hold (or the first of them) side by side.

    A condition that raises counts as false. Without a taken arm the `otherwise` arm runs, if there is one.
    """

    arms: tuple[Arm, ...]
    mode: Mode = "all"
    otherwise: Node | None = None

    kind: ClassVar[str] = "branch"
    ordered: ClassVar[bool] = False
    drawing: ClassVar[str] = "fork"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        asked = [arm.condition.advance_at(at, condition_path(at, arm.node), value) for arm in self.arms]
        waiting = gather(asked)
        if waiting is not None:
            return Blocked(waiting.waits)
        taken = [arm.node for arm, answer in zip(self.arms, asked, strict=True) if holds(answer)]
        if self.mode == "first":
            taken = taken[:1]
        if not taken and self.otherwise is not None:
            taken = [self.otherwise]
        at.skip_targets([node for node in self.children() if node not in taken], value)
        if not taken:
            return Done(EMPTY)
        outcomes = {node.output_id: node.advance(at, value) for node in taken}
        return join(outcomes, lambda outputs: at.composed(at.path(self.id), outputs))

    def children(self) -> tuple[Node, ...]:
        arms = tuple(arm.node for arm in self.arms)
        return arms if self.otherwise is None else (*arms, self.otherwise)

    def edges(self) -> tuple[Edge, ...]:
        arms = tuple(Edge(arm.node, arm.condition.words, f"{first_id(arm.node)}/condition") for arm in self.arms)
        return arms if self.otherwise is None else (*arms, Edge(self.otherwise, "otherwise"))
