"""Loop: a body again and again, while or until a condition holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workflows_app.engine.events import StepFailed
from workflows_app.engine.outcomes import Done, Failed, Outcome
from workflows_app.engine.schema import Value

from .base import Cursor, Edge, Node
from .condition import holds
from .step import Step


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Loop(Node):
    """Run the body, ask the condition with its output, and go round again on that output.

    Pass n of the body stands at the path `body#n`. The walk starts at the latest pass, so a long loop costs
    no more per turn than a short one.
    """

    body: Node
    condition: Step
    until: bool

    kind: ClassVar[str] = "loop"
    drawing: ClassVar[str] = "group"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        number = at.latest_pass(self.body.id)
        while True:
            here = at.marked(f"#{number}")
            outcome = self.body.advance(here, value)
            if type(outcome) is not Done:
                return outcome
            path = here.path(self.body.id)
            answer = self.condition.advance_at(here, f"{path}/condition", outcome.output)
            if type(answer) is Failed:
                attempt = at.draft.history.records[path].attempt
                at.draft.emit(StepFailed(at.draft.now, path, attempt, answer.error))
                return answer
            if type(answer) is not Done:
                return answer
            if holds(answer) is self.until:
                return outcome
            value, number = outcome.output, number + 1

    def children(self) -> tuple[Node, ...]:
        return (self.body,)

    def edges(self) -> tuple[Edge, ...]:
        return (Edge(self.body, self.label),)

    @property
    def label(self) -> str:
        word = "until" if self.until else "while"
        return f"{word} {self.condition.words}"
