"""What every control-flow construct offers, and the cursor it is walked with.

A Node is a frozen description. `advance` asks it how far it is: it reads what is recorded below the cursor,
announces what it opens, and answers with an Outcome. It never runs user code, reads a clock or touches a
store, so the same history always gives the same answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from workflows_app.engine import events as e
from workflows_app.engine.errors import describe
from workflows_app.engine.events import Event, Instant
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import HELD, Blocked, Call, Done, Failed, Outcome
from workflows_app.engine.paths import ITEM, is_below, public
from workflows_app.engine.records import LEAVES, Record
from workflows_app.engine.schema import ANY, Json, Schema, Value, array, record, size_of

Metadata = dict[str, Json]
IDLE = frozenset({"sleep", "event"})
CLOSING = (e.StepSucceeded, e.StepFailed, e.StepSkipped, e.StepCanceled, e.TimerFired)


class Edge(NamedTuple):
    """A way from a node to a child, with the words that stand on it."""

    node: Node
    label: str | None = None
    helper: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Node(ABC):
    """One construct of a workflow's tree.

    `ordered` tells whether its children come one after another; `drawing` how the graph shows it.
    """

    id: str
    description: str | None = None
    metadata: Metadata | None = None

    kind: ClassVar[str] = "node"
    ordered: ClassVar[bool] = True
    drawing: ClassVar[str] = "node"

    @abstractmethod
    def advance(self, at: Cursor, value: Value) -> Outcome:
        """Say how far this node is, given the value that reaches it."""

    def children(self) -> tuple[Node, ...]:
        """Give the nodes inside; a node whose edges carry words says so without making them."""
        return tuple(edge.node for edge in self.edges())

    def edges(self) -> tuple[Edge, ...]:
        return ()

    def members(self) -> Iterable[Node]:
        """Yield the steps and nested workflows of this construct, in the scope it stands in."""
        for child in self.children():
            yield from child.members()

    @property
    def label(self) -> str:
        return self.id

    @property
    def answer_schema(self) -> Schema:
        """What an answer to the node's question must fit."""
        return ANY

    @property
    def output_id(self) -> str:
        """The id under which a block shows this member's output."""
        return self.id

    def place(self, prefix: str) -> str:
        """Give the path of the node below a prefix, which ends in a dot or is empty."""
        return f"{prefix}{self.id}"

    def inside(self, prefix: str, history: History) -> str:
        """Give the prefix of the node's children in their latest pass or try."""
        return prefix


class Draft:
    """A decision in the making: what the walk has opened so far, and how much more it may open."""

    __slots__ = ("budget", "has_closed", "has_held", "history", "limit", "now", "opened", "room", "stops", "validates")

    def __init__(self, workflow: Any, history: History, now: Instant) -> None:
        self.history = history
        self.validates: bool = workflow.validate_inputs
        # How many bytes a value may have.
        self.limit: int | None = workflow.max_payload
        self.now = now
        self.opened: list[Event] = []
        self.has_held = self.has_closed = False
        self.budget = history.budget
        self.stops: set[str] = set()
        most = workflow.max_concurrency
        self.room = None if most is None else most - len(history.running)

    def emit(self, event: Event) -> None:
        self.opened.append(event)

    def may_open(self, role: str, *, again: bool = False) -> bool:
        """Tell whether another node may start, and count it.

        Only calls take up concurrency; a step that is tried `again` is still the same step.
        """
        works = role not in IDLE
        if self.budget == 0 and not again:
            return False
        if works and self.room is not None and self.room <= 0:
            self.has_held = True
            return False
        if self.budget and not again and (role in LEAVES or role == "sleep"):
            self.budget -= 1
        if works and self.room is not None:
            self.room -= 1
        return True

    @property
    def may_enter(self) -> bool:
        """Whether a list or a nested workflow may begin: not behind the one step that was asked for."""
        return self.budget != 0

    def stops_before(self, path: str) -> bool:
        """Tell whether a breakpoint holds what would start here: each pass of a loop, a foreach only once."""
        if not self.history.breakpoints:
            return False
        held = ITEM.sub("", path)
        if public(held) not in self.history.breakpoints or held in self.history.let_pass:
            return False
        self.stops.add(held)
        return True

    def open_paths(self) -> set[str]:
        """Name everything that is open, with what this decision itself has opened and closed."""
        found = {path for path, record in self.history.records.items() if record.is_open}
        for event in self.opened:
            if isinstance(event, e.StepStarted | e.TimerStarted):
                found.add(event.path)
            elif isinstance(event, CLOSING) and not (isinstance(event, e.StepFailed) and not event.final):
                found.discard(event.path)
        return found

    def cancel(self, belongs: Callable[[str], bool]) -> None:
        """Close everything open whose path belongs to what ends."""
        for path in sorted(filter(belongs, self.open_paths())):
            self.has_closed = True
            self.emit(e.StepCanceled(self.now, path))


class Cursor(NamedTuple):
    """Where the walk stands: the prefix of paths, the mark of a pass or item, and the enclosing workflow."""

    draft: Draft
    workflow: Any
    prefix: str = ""
    mark: str = ""

    def path(self, node_id: str) -> str:
        return f"{self.prefix}{node_id}{self.mark}"

    def marked(self, mark: str) -> Cursor:
        return Cursor(self.draft, self.workflow, self.prefix, mark)

    def enter(self, workflow: Any, path: str) -> Cursor:
        return Cursor(self.draft, workflow, f"{path}.")

    def record(self, path: str) -> Record | None:
        return self.draft.history.records.get(path)

    def has_any(self, node: Node, paths: Iterable[str]) -> bool:
        """Tell whether one of these paths is of this node, or of something in it."""
        roots = [self.path(member.id) for member in node.members()]
        return any(is_below(path, root) for path in paths for root in roots)

    def ended(self, node: Node, value: Value) -> tuple[int, Value]:
        """Tell how many of a node's children, which come one after another, have ended, and the last one's output."""
        return self.draft.history.ended.get((node, self.prefix, self.mark), (0, value))

    def note_ended(self, node: Node, number: int, value: Value) -> None:
        self.draft.history.ended[node, self.prefix, self.mark] = (number, value)

    def skip_targets(self, nodes: Iterable[Node], value: Value) -> None:
        """Record as skipped what time travel aimed at, but whose arm is not taken."""
        for node in nodes:
            for member in node.members():
                record = self.record(self.path(member.id))
                if record is not None and record.is_aimed_at:
                    self.draft.emit(e.StepSkipped(self.draft.now, record.path, record.lacking(value)))

    def composed(self, path: str, outputs: Mapping[str, Value] | list[Value]) -> Outcome:
        """Put outputs together, unless the whole is too large to keep; then the entry at this path fails."""
        size, limit = size_of(outputs), self.draft.limit
        if limit is not None and size > limit:
            return Failed(describe(e.too_large(public(path), size, limit)), non_retryable=True)
        return Done(array(outputs) if isinstance(outputs, list) else record(outputs))

    def latest_pass(self, node_id: str) -> int:
        """Number the pass of a loop's body that started last; 1 when none did."""
        base = f"{self.prefix}{node_id}"
        found = self.draft.history.latest_pass(base)
        return found or 1

    def call(self, node: Any, path: str, role: str, value: Value | None) -> Outcome:
        """Open the next try of a call, if there is room for it."""
        draft = self.draft
        cause = cause_of(draft.history.records.get(path))
        if cause == "first" and draft.stops_before(path):
            return HELD
        if not draft.may_open(role, again=cause in ("retry", "restart")):
            return HELD
        attempt = draft.history.next_attempt(path)
        draft.emit(e.StepStarted(draft.now, path, attempt, role, value, cause))
        return Blocked((Call(path, attempt, node, self.workflow, draft.validates),))


def cause_of(record: Record | None) -> str:
    """Say why a call opens."""
    if record is None or not record.tries:
        return "first"
    if record.resume_pending:
        return "resume"
    return "restart" if record.tries[-1].status == "lost" else "retry"
