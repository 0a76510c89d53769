"""ForEach: one body over a list, so many items at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from workflows_app.engine import events as e
from workflows_app.engine.errors import InvalidInput, describe
from workflows_app.engine.events import Event
from workflows_app.engine.outcomes import HELD, Bailed, Blocked, Done, Failed, Outcome, join
from workflows_app.engine.records import Items, Record
from workflows_app.engine.schema import NULL, Value, trusted

from .base import Cursor, Edge, Node
from .step import Step

MOST_ITEMS = 100_000
STOPPING = frozenset({Failed, Bailed})
"""The outcomes of an item that keep further items from starting."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForEach(Node):
    """Run the body for each item of a list; the output is the list of outputs, in order.

    Item i stands at the path `body[i]`. Only items that are open are walked. Once one failed or bailed no further
    item starts; once one suspended, none starts before one is resumed, nor while that one asks again.
    """

    body: Node
    concurrency: int | Step = 1

    kind: ClassVar[str] = "foreach"
    ordered: ClassVar[bool] = False
    drawing: ClassVar[str] = "stack"

    def advance(self, at: Cursor, value: Value) -> Outcome:
        path = at.path(self.body.id)
        record = at.record(path)
        if record is None or record.status == "ready":
            if not at.draft.may_enter:
                return HELD
            value = value if record is None else record.input
            at.draft.emit(e.StepStarted(at.draft.now, path, at.draft.history.next_attempt(path), "foreach", value))
            return self._begin(at, path, value)
        if record.status == "success":
            return Done(record.output or value)
        # One that failed or bailed ended its workflow, and is not asked again.
        return self._walk(at, path, record.attempt, at.draft.history.items[path])

    def _begin(self, at: Cursor, path: str, value: Value) -> Outcome:
        items = value.raw
        if isinstance(items, list) and len(items) <= MOST_ITEMS:
            return self._walk(at, path, 1, Items(items))
        problem = InvalidInput(f"foreach needs a list, got {type(items).__name__}: {value.shown[:80]}")
        if isinstance(items, list):
            problem = InvalidInput(
                f"foreach takes at most {MOST_ITEMS:,} items, got {len(items):,}. Give it a part of the list."
            )
        return self._close(at, path, 1, Failed(describe(problem)))

    def _walk(self, at: Cursor, path: str, attempt: int, items: Items) -> Outcome:
        limit = self._limit(at, path, items)
        if not isinstance(limit, int):
            return limit if isinstance(limit, Blocked) else self._close(at, path, attempt, limit)
        before = len(at.draft.opened)
        outcomes = {str(i): self._item(at, i, items, status) for i, status in sorted(items.open.items())}
        busy = len([o for o in outcomes.values() if type(o) is Blocked and o.active])
        stopped = not STOPPING.isdisjoint(map(type, outcomes.values()))
        halted = stopped or holds_back(items, outcomes, at.draft.opened[before:])
        index = items.next
        while index < items.total and busy < limit and not halted:
            outcome = outcomes[str(index)] = self._item(at, index, items, None)
            # One that asks at once is in flight like one that works.
            busy += type(outcome) is Blocked
            halted = type(outcome) in STOPPING
            index += 1
        joined = join(outcomes, lambda _: at.composed(path, self._outputs(at, items.total, outcomes)))
        return joined if isinstance(joined, Blocked) else self._close(at, path, attempt, joined)

    def _limit(self, at: Cursor, path: str, items: Items) -> int | Outcome:
        if isinstance(self.concurrency, int):
            return self.concurrency
        asked = f"{path}/concurrency"
        known = at.record(asked)
        outcome = self.concurrency.advance_at(at, asked, known.input if known else trusted(items.values))
        return int(outcome.output.data) if type(outcome) is Done else outcome

    def _item(self, at: Cursor, index: int, items: Items, status: str | None) -> Outcome:
        here = at.marked(f"[{index}]")
        if status is None or status == "ready":
            return self.body.advance(here, trusted(items.values[index]))
        # An item that was begun has its input on record.
        return self.body.advance(here, NULL)

    def _outputs(self, at: Cursor, total: int, outcomes: dict[str, Outcome]) -> list[Value]:
        values: list[Value] = []
        for index in range(total):
            outcome = outcomes.get(str(index))
            if type(outcome) is Done:
                values.append(outcome.output)
            else:
                record = at.record(f"{at.prefix}{self.body.id}[{index}]")
                values.append(_output(record))
        return values

    def _close(self, at: Cursor, path: str, attempt: int, outcome: Done | Bailed | Failed) -> Outcome:
        now = at.draft.now
        if isinstance(outcome, Failed):
            failed = e.StepFailed(now, path, attempt, outcome.error, non_retryable=outcome.non_retryable)
            at.draft.emit(failed)
        else:
            bailed = isinstance(outcome, Bailed)
            at.draft.emit(e.StepSucceeded(now, path, attempt, outcome.output, bailed=bailed))
        return outcome

    def edges(self) -> tuple[Edge, ...]:
        return (Edge(self.body),)

    def place(self, prefix: str) -> str:
        return f"{prefix}{self.body.id}"

    @property
    def label(self) -> str:
        return f"{self.body.id} for each item"

    @property
    def output_id(self) -> str:
        return self.body.id


def holds_back(items: Items, outcomes: dict[str, Outcome], opened: Iterable[Event]) -> bool:
    """Tell whether an item that asks keeps further ones from starting."""
    # Who comes to wait for an event does so in this very walk, and the progress does not know of it yet.
    if items.waits or any(type(event) is e.StepSuspended for event in opened):
        return any(map(asks, outcomes.values()))
    resumed = outcomes.get(str(items.resumed))
    return resumed is not None and asks(resumed)


def asks(outcome: Outcome) -> bool:
    return type(outcome) is Blocked and not outcome.active


def _output(record: Record | None) -> Value:
    return record.output if record and record.output else trusted(None)
