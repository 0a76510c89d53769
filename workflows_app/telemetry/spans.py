"""What spans a run has, read off its history once something has ended; knows nothing of who collects them.

A run is one trace. Each leg of it, from one rest to the next, is a span, so a run that waits for a week holds
none open. Below it stand the blocks of its graph and the tries of its steps; what a step was tried more than
once for is one span around the tries. What waits for an answer waits beside the legs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from workflows_app.engine import events as e
from workflows_app.engine.events import Event, Instant
from workflows_app.engine.history import History
from workflows_app.engine.paths import last_id, public
from workflows_app.engine.ports import RunHead
from workflows_app.engine.records import CONTAINERS, Record, Try
from workflows_app.engine.schema import Json, Value, encode
from workflows_app.engine.traces import Tracing, leg_id, span_id, trace_id, tracing_of, try_id
from workflows_app.engine.workflow import Workflow

from .blocks import Block, enclosing

LONGEST_VALUE = 4_096
REST = {e.RunSuspended: "suspended", e.RunPaused: "paused", e.RunFinished: "finished"}
AGAIN = ("failed", "lost")
"""How a try ended that another one followed."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that began and ended. `parent` is empty for what stands at the top of its trace."""

    name: str
    id: str
    parent: str
    start: Instant
    end: Instant
    facts: Mapping[str, Json]
    error: Json = None
    follows: str = ""


@dataclass(slots=True)
class Extent:
    """From when to when something inside a block was at work, and the block around it."""

    start: Instant
    end: Instant
    around: Block | None

    def add(self, start: Instant, end: Instant) -> None:
        self.start, self.end = min(self.start, start), max(self.end, end)


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace of one run. With `values`, spans carry inputs and outputs unless the run hides them."""

    head: RunHead
    workflow: Workflow
    history: History
    values: bool = False
    asked: Tracing = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", tracing_of(self.history))

    @property
    def id(self) -> str:
        return trace_id(self.head.id, self.history)

    @property
    def top(self) -> str:
        """The span elsewhere that the run belongs to; empty when it belongs to none."""
        return self.asked.parent_span_id or ""

    def spans(self, happened: Sequence[Event], start: int) -> Iterator[Span]:
        """Tell what these events, which follow the number `start`, have ended."""
        for seq, event in enumerate(happened, start + 1):
            if self.head.forked_from is not None and event.at < self.head.created_at:
                # What a fork took over happened in the run it is a fork of.
                continue
            match event:
                case e.StepSucceeded() | e.StepFailed() | e.StepSuspended() | e.StepLost():
                    yield from self._tried(seq, event, event.path, event.attempt)
                case e.StepCanceled(path=path):
                    yield from self._canceled(seq, event, path)
                case e.RunRestarted(lost=paths):
                    for path in paths:
                        yield from self._tried(seq, event, path, None, "lost")
                case e.StepResumed(path=path) | e.TimerFired(path=path):
                    yield from self._waited(seq, event, path)
                case e.RunSuspended() | e.RunPaused() | e.RunFinished():
                    yield from self._rested(seq, event)

    # Steps

    def _tried(self, seq: int, event: Event, path: str, attempt: int | None, status: str = "") -> Iterator[Span]:
        """Tell of the try that ended, and of all its tries together once no other follows."""
        record = self.history.record(path)
        found = None if record is None else place_of(record, attempt, status)
        if record is None or found is None or record.role in CONTAINERS or record.role == "event":
            return
        first = first_of(record, found)
        goes_on = isinstance(event, e.StepLost | e.RunRestarted) or (
            isinstance(event, e.StepFailed) and not event.final
        )
        outside = self._parent(path, seq)
        if first == found and not goes_on:
            yield self._try(record, found, outside, event)
            return
        group = span_id(self.head.id, self.history, "step", path, record.tries[first].attempt)
        yield self._try(record, found, group, event)
        if not goes_on:
            yield self._together(record, first, group, outside, event)

    def _try(self, record: Record, number: int, parent: str, event: Event) -> Span:
        one = record.tries[number]
        facts = {**self._facts(record.role, record.path, one.status), "attempt": one.attempt, **usage_of(record)}
        if isinstance(event, e.StepSucceeded):
            facts |= self._values(record.input, event.output)
        own = try_id(self.head.id, self.history, record.path, one.attempt)
        return Span(name_of(record), own, parent, one.started_at, one.ended_at or event.at, facts, one.error)

    def _together(self, record: Record, first: int, own: str, parent: str, event: Event) -> Span:
        tries = [one for one in record.tries[first:] if one.started_at <= event.at]
        facts = {**self._facts(record.role, record.path, record.status), "attempts": len(tries)}
        error = event.error if isinstance(event, e.StepFailed) else None
        return Span(f"{name_of(record)} with retries", own, parent, tries[0].started_at, event.at, facts, error)

    def _canceled(self, seq: int, event: Event, path: str) -> Iterator[Span]:
        record = self.history.record(path)
        if record is None or record.role in CONTAINERS:
            return
        last = len(record.tries) - 1
        if record.role == "sleep":
            yield from self._slept(seq, record, event, "canceled")
        elif last >= 0 and record.tries[last].status == "suspended":
            yield self._wait(record, record.tries[last], event, "canceled")
        elif last >= 0 and record.tries[last].status == "canceled":
            yield from self._tried(seq, event, path, None)
        elif last >= 0:
            # It waited for its next try.
            first = first_of(record, last)
            group = span_id(self.head.id, self.history, "step", path, record.tries[first].attempt)
            yield self._together(record, first, group, self._parent(path, seq), event)

    # Sleeping and waiting

    def _waited(self, seq: int, event: Event, path: str) -> Iterator[Span]:
        record = self.history.record(path)
        if record is None:
            return
        asked = [one for one in record.tries if one.status == "suspended" and (one.ended_at or 0) <= event.at]
        if record.role == "sleep":
            yield from self._slept(seq, record, event, "success")
        elif asked and isinstance(event, e.StepResumed):
            yield self._wait(record, asked[-1], event, "resumed")
        elif asked and record.role == "event":
            yield self._wait(record, asked[-1], event, "timeout")

    def _slept(self, seq: int, record: Record, event: Event, status: str) -> Iterator[Span]:
        if record.started_at is not None:
            own = span_id(self.head.id, self.history, "sleep", record.path, record.started_at)
            facts = self._facts("sleep", record.path, status)
            yield Span(name_of(record), own, self._parent(record.path, seq), record.started_at, event.at, facts)

    def _wait(self, record: Record, asked: Try, event: Event, status: str) -> Span:
        own = span_id(self.head.id, self.history, "wait", record.path, asked.attempt)
        since = event.at if asked.ended_at is None else asked.ended_at
        facts = self._facts("wait", record.path, status)
        return Span(f"wait: {last_id(record.path)!r}", own, self.top, since, event.at, facts)

    # Legs and blocks

    def _leg(self, seq: int) -> int:
        """Number the leg that an event belongs to."""
        return max(0, bisect_right(self.history.legs, seq, key=lambda leg: leg[0]) - 1)

    def _parent(self, path: str, seq: int) -> str:
        """Name the span that what stands at a path belongs to."""
        number = self._leg(seq)
        around = next(enclosing(self.workflow, path), None)
        return leg_id(self.head.id, self.history, number) if around is None else self._block_id(around, number)

    def _block_id(self, block: Block, number: int) -> str:
        return span_id(self.head.id, self.history, block, self.history.legs[number][0])

    def _rested(self, seq: int, event: Event) -> Iterator[Span]:
        """Tell of the leg that ended, and of the blocks that something was at work in during it."""
        number = self._leg(seq)
        began = self.history.legs[number][1]
        own = leg_id(self.head.id, self.history, number)
        for block, extent in self._extents(began, event.at).items():
            yield self._block(block, extent, number)
        status = event.status if isinstance(event, e.RunFinished) else REST[type(event)]
        facts = {**self._facts("run", "", status), **self._starter()}
        if isinstance(event, e.RunFinished):
            facts |= self._values(self.history.input, event.result)
        name = f"workflow run: {self.workflow.id!r}{' (resumed)' if number else ''}"
        follows = leg_id(self.head.id, self.history, number - 1) if number else ""
        error = event.error if isinstance(event, e.RunFinished) else None
        yield Span(name, own, self.top, began, event.at, facts, error, follows)

    def _extents(self, began: Instant, ended: Instant) -> dict[Block, Extent]:
        found: dict[Block, Extent] = {}
        for record in self.history.records.values():
            for start, end in at_work(record, began, ended):
                blocks = [*enclosing(self.workflow, record.path), None]
                for block, around in pairwise(blocks):
                    if block is not None:
                        found.setdefault(block, Extent(start, end, around)).add(start, end)
        return found

    def _block(self, block: Block, extent: Extent, number: int) -> Span:
        around, own = extent.around, self._block_id(block, number)
        parent = leg_id(self.head.id, self.history, number) if around is None else self._block_id(around, number)
        record = self.history.record(block.record)
        facts = self._facts(block.kind, block.record, record.status if record else "")
        error = record.error if record and record.status == "failed" else None
        return Span(f"{block.kind}: {block.name!r}", own, parent, extent.start, extent.end, facts, error)

    # Facts

    def _facts(self, kind: str, path: str, status: str) -> dict[str, Json]:
        plain = {
            "id": self.head.workflow_id, "run_id": self.head.id, "node.kind": kind, "path": path,
            "step": public(path), "status": status,
        }  # fmt: skip
        return {name: value for name, value in plain.items() if value}

    def _starter(self) -> dict[str, Json]:
        """Give what whoever started the run wanted its spans to say."""
        context = self.history.context.data
        said: dict[str, Json] = {"resource_id": self.head.resource_id, "tags": [*self.head.tags, *self.asked.tags]}
        said |= {f"metadata.{name}": value for name, value in self.asked.metadata.items()}
        said |= {f"request_context.{name}": context.get(name) for name in self.asked.request_context_keys}
        return {name: value for name, value in said.items() if value not in (None, [])}

    def _values(self, given: Value, made: Value | None) -> dict[str, Json]:
        wanted = {
            "input": None if self.asked.hide_input else given,
            "output": None if self.asked.hide_output else made,
        }
        return {name: shown(value) for name, value in wanted.items() if self.values and value is not None}


def shown(value: Value) -> str:
    """Write a value as JSON, its secrets masked, and not too much of it."""
    return encode(value.data)[:LONGEST_VALUE]


def place_of(record: Record, attempt: int | None, status: str = "") -> int | None:
    """Find a try by its number; without one, the last that has the status."""
    found = [
        place
        for place, one in enumerate(record.tries)
        if (one.attempt == attempt if attempt is not None else not status or one.status == status)
    ]
    return found[-1] if found else None


def first_of(record: Record, place: int) -> int:
    """Find the first of the tries that led to this one without an answer between them."""
    while place > 0 and record.tries[place - 1].status in AGAIN:
        place -= 1
    return place


def name_of(record: Record) -> str:
    kind = "workflow step" if record.role == "step" else record.role
    return f"{kind}: {last_id(record.path)!r}"


def usage_of(record: Record) -> dict[str, Any]:
    """Give the tokens that models used for a step."""
    used = record.usage or {}
    return {f"usage.{name}": count for name, count in used.items()}


def at_work(record: Record, began: Instant, ended: Instant) -> Iterator[tuple[Instant, Instant]]:
    """Give from when to when something that is no block was at work within a leg."""
    if record.role in CONTAINERS or record.role == "event":
        return
    if record.role == "sleep" and record.started_at is not None and began <= record.started_at <= ended:
        yield record.started_at, min(record.ended_at or ended, ended)
    for one in record.tries:
        if began <= one.started_at <= ended:
            yield one.started_at, min(one.ended_at or ended, ended)
