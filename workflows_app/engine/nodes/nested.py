"""Nested: a workflow as a step of another one. Its steps are recorded in the same run, below its path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from workflows_app.engine import events as e
from workflows_app.engine.events import SECOND
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import HELD, Bailed, Blocked, Done, Failed, Outcome, Timer
from workflows_app.engine.records import Record
from workflows_app.engine.schema import Value

from .base import Cursor, Edge, Node
from .step import Step


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Nested(Node):
    """Run a whole workflow on the value; its failure, after its retries, is the node's failure.

    The n-th try of the whole stands below `id~n`. A bail inside ends the nested workflow only.
    """

    workflow: Any
    parse: Step | None = None

    kind: ClassVar[str] = "nested"
    drawing: ClassVar[str] = "group"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        path = at.path(self.id)
        record = at.record(path)
        if record is None:
            if not at.draft.may_enter:
                return HELD
            attempt = 1
            at.draft.emit(e.StepStarted(at.draft.now, path, attempt, "nested", value))
        else:
            settled = self._settled(record)
            if settled is not None:
                return settled
            attempt, given = record.attempt, record.lacking(value)
            value = given or record.input
            if record.status == "ready":
                attempt += 1
                at.draft.emit(e.StepStarted(at.draft.now, path, attempt, "nested", given))
        outcome = self._run(at, generation(path, attempt), value)
        return self._close(at, path, attempt, record, outcome)

    def _settled(self, record: Record) -> Outcome | None:
        match record.status:
            case "success" | "skipped":
                return Done(record.output or record.input)
            case "failed" if record.final or record.due is None:
                return Failed(record.error, record.non_retryable)
            case "failed":
                return Blocked((Timer(record.path, record.due or 0),))
        return None

    def _run(self, at: Cursor, path: str, value: Value) -> Outcome:
        inner = at.enter(self.workflow, path)
        if self.parse is not None and at.draft.validates:
            parsed = self.parse.advance_at(inner, f"{path}/input", value)
            if type(parsed) is not Done:
                return parsed
            value = parsed.output
        outcome: Outcome = self.workflow.root.advance(inner, value)
        return outcome

    def _close(self, at: Cursor, path: str, attempt: int, record: Record | None, outcome: Outcome) -> Outcome:
        draft = at.draft
        match outcome:
            case Done(output) | Bailed(output):
                draft.emit(e.StepSucceeded(draft.now, path, attempt, output))
                return Done(output)
            case Failed(error, non_retryable):
                inside = f"{generation(path, attempt)}."
                draft.cancel(lambda open_path: open_path.startswith(inside))
                failures = (record.failures if record else 0) + 1
                policy = at.workflow.retry
                final = non_retryable or failures > policy.attempts
                delay = None if final else draft.now + int(policy.delay_after(failures) * SECOND)
                draft.emit(e.StepFailed(draft.now, path, attempt, error, final, non_retryable, delay))
                return outcome if delay is None else Blocked((Timer(path, delay),))
        return outcome

    def edges(self) -> tuple[Edge, ...]:
        return (Edge(self.workflow.root),)

    def members(self) -> tuple[Node, ...]:
        return (self,)

    def inside(self, prefix: str, history: History) -> str:
        path = history.latest.get(f"{prefix}{self.id}", f"{prefix}{self.id}")
        record = history.records.get(path)
        return f"{generation(path, record.attempt if record else 1)}."


def generation(path: str, attempt: int) -> str:
    """Name the prefix of the n-th try of a nested workflow."""
    return path if attempt <= 1 else f"{path}~{attempt}"
