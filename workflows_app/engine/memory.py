"""The journal in memory: for tests, scripts and workflows outside any engine.

Several engines may share one, as several processes share a database. Events are kept encoded, so what is
read back is what a database would give.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from .errors import RunNotFound
from .events import SECOND, Event, Instant, decode, encode
from .outcomes import Call, Suspension, Timer, Wait
from .ports import TERMINAL, OpenCall, Page, Query, RunHead, Stored, Turn
from .schema import Value


class SystemClock:
    """The machine's clock, which never goes back."""

    def __init__(self) -> None:
        self._offset = time.time_ns() - time.monotonic_ns()

    def now(self) -> Instant:
        return (time.monotonic_ns() + self._offset) // 1000


@dataclass(slots=True)
class Row:
    head: RunHead
    events: list[tuple[str, int, Instant, str, str | None, str]] = field(default_factory=list)
    waits: dict[tuple[type[Wait], str], Wait] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)


class MemoryJournal:
    """A journal that lives as long as the process."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.beats: dict[str, Instant] = {}
        self.gone: set[str] = set()
        self.stopped: set[str] = set()

    async def create(self, head: RunHead) -> RunHead:
        if head.idempotency_key is None:
            return self.rows.setdefault(head.id, Row(head)).head
        key = (head.workflow_id, head.idempotency_key)
        same = (row.head for row in self.rows.values() if (row.head.workflow_id, row.head.idempotency_key) == key)
        return next(same, None) or self.rows.setdefault(head.id, Row(head)).head

    async def read(self, run_id: str, *, after: int = 0, resolve: bool = True) -> Stored | None:
        row = self.rows.get(run_id)
        return None if row is None else Stored(row.head, [decode(*stored) for stored in row.events[after:]])

    async def head(self, run_id: str) -> RunHead | None:
        row = self.rows.get(run_id)
        return None if row is None else row.head

    async def seqs(self, run_ids: Sequence[str]) -> Mapping[str, int]:
        return {run_id: self.rows[run_id].head.seq for run_id in run_ids if run_id in self.rows}

    async def commit(self, turn: Turn, worker: str) -> bool:
        row = self.rows.get(turn.run_id)
        if row is None:
            raise RunNotFound(f"Run {turn.run_id!r} not found.")
        if row.head.seq != turn.expected_seq or worker in self.gone:
            return False
        row.events += [stored(event) for event in turn.events]
        row.head = row.head.after(turn)
        for key in turn.closed:
            row.waits.pop(key, None)
            row.claims.pop(key[1], None) if key[0] is Call else None
        for wait in turn.opened:
            row.waits[type(wait), wait.path] = wait
            if isinstance(wait, Call):
                row.claims[wait.path] = worker
        self.beats[worker] = turn.at
        return True

    async def list_runs(self, query: Query) -> Page:
        found = [row.head for row in reversed(self.rows.values()) if matches(row.head, query)]
        found.sort(key=lambda head: head.created_at, reverse=True)
        return Page(page_of(found, query), len(found))

    async def block(self, run_id: str, reason: str | None) -> None:
        row = self.rows.get(run_id)
        if row is not None and (reason is None or row.head.status not in TERMINAL):
            row.head = replace(row.head, blocked_reason=reason)

    async def ended(self, workflow_id: str, before: Instant, limit: int | None = None) -> Sequence[str]:
        rows = ((run_id, row.head) for run_id, row in self.rows.items() if row.head.workflow_id == workflow_id)
        return list(islice((run_id for run_id, head in rows if head.ended_by(before)), limit))

    async def delete(self, run_id: str, *, ended_before: Instant | None = None) -> bool:
        row = self.rows.get(run_id)
        if row is None or (ended_before is not None and not row.head.ended_by(ended_before)):
            return False
        del self.rows[run_id]
        return True

    async def due(self, now: Instant) -> Sequence[tuple[str, str]]:
        return [
            (run_id, wait.path)
            for run_id, row in self.rows.items()
            for wait in row.waits.values()
            if isinstance(wait, Timer) and wait.due <= now
        ]

    async def note_lost(self, worker: str, calls: int, now: Instant) -> None:
        """Nobody lists the workers of a process."""

    async def claims(self, run_id: str) -> Sequence[OpenCall]:
        row = self.rows.get(run_id)
        return [] if row is None else open_calls(row)

    async def release(self, call: OpenCall) -> None:
        row = self.rows.get(call.run_id)
        if row is not None and row.claims.get(call.path) == call.worker:
            del row.claims[call.path]

    async def lost(self, now: Instant, lease: float) -> Sequence[OpenCall]:
        return [
            replace(call, stopped=call.worker in self.stopped)
            for row in self.rows.values()
            for call in open_calls(row)
            if call.worker is None or not await self.is_alive(call.worker, now, lease)
        ]

    async def is_alive(self, worker: str, now: Instant, lease: float) -> bool:
        return worker not in self.gone and now - self.beats.get(worker, 0) < lease * SECOND

    async def heartbeat(self, worker: str, now: Instant) -> None:
        if worker not in self.gone:
            self.beats[worker] = now

    def abandon(self, worker: str) -> None:
        self.gone.add(worker)

    async def leave(self, worker: str) -> None:
        self.gone.add(worker)
        self.stopped.add(worker)

    async def awaiting(self, event: str) -> Sequence[str]:
        return [
            run_id
            for run_id, row in self.rows.items()
            if any(isinstance(wait, Suspension) and wait.event == event for wait in row.waits.values())
        ]

    async def resolve(self, run_id: str, values: Iterable[Value]) -> None:
        """Nothing to do: values in memory are always whole."""


def stored(event: Event) -> tuple[str, int, Instant, str, str | None, str]:
    return event.kind, event.version, event.at, event.path, event.by, encode(event)


def open_calls(row: Row) -> list[OpenCall]:
    return [
        OpenCall(row.head.id, wait.path, wait.attempt, row.claims.get(wait.path))
        for wait in row.waits.values()
        if isinstance(wait, Call)
    ]


def matches(head: RunHead, query: Query) -> bool:
    return (
        (query.workflow_id is None or head.workflow_id == query.workflow_id)
        and (not query.status or head.status in query.status)
        and (query.resource_id is None or head.resource_id == query.resource_id)
        and (query.from_date is None or head.created_at >= query.from_date)
        and (query.to_date is None or head.created_at <= query.to_date)
        and (query.changed_from is None or head.fingerprint != query.changed_from or head.blocked_reason is not None)
        and set(query.tags) <= set(head.tags)
    )


def page_of(heads: list[RunHead], query: Query) -> list[RunHead]:
    if query.per_page is None:
        return heads
    start = (query.page or 0) * query.per_page
    return heads[start : start + query.per_page]
