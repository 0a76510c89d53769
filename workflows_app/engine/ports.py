"""What the engine needs of the world: a journal, and a clock.

The journal is the only truth. Its contract is small: create a run, read it, commit a turn if nobody else
wrote first, and answer the few questions that cannot be answered from one run alone. `memory.py` implements
it for tests and scripts, the Django app for SQLite and PostgreSQL; one contract suite runs against all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from .events import Event, Instant
from .outcomes import Wait
from .schema import Value

ACTIVE = ("running", "waiting")
OPEN = ("pending", *ACTIVE, "suspended", "paused")
TERMINAL = ("success", "failed", "tripwire", "canceled")


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run without its events: what lists show and queries filter by."""

    id: str
    workflow_id: str
    status: str = "pending"
    seq: int = 0
    stream: int = 0
    resource_id: str | None = None
    idempotency_key: str | None = None
    tags: tuple[str, ...] = ()
    fingerprint: str = ""
    forked_from: str | None = None
    started_by: str | None = None
    blocked_reason: str | None = None
    error: str | None = None
    created_at: Instant = 0
    updated_at: Instant = 0
    started_at: Instant | None = None
    finished_at: Instant | None = None

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    def ended_by(self, instant: Instant) -> bool:
        return self.status in TERMINAL and self.finished_at is not None and self.finished_at <= instant

    def after(self, turn: Turn) -> RunHead:
        """Give the head as it is once the turn is committed."""
        return replace(
            self, status=turn.status, seq=turn.seq, stream=turn.stream, error=turn.error,
            fingerprint=turn.fingerprint, started_by=turn.started_by or self.started_by,
            started_at=turn.started_at, finished_at=turn.finished_at, updated_at=turn.at, blocked_reason=None,
        )  # fmt: skip


class Turn(NamedTuple):
    """One transaction of one run: what happened, what it opened, and what it waits for now.

    `events` follow `expected_seq`; `streams` numbers the first public event of each. The turn is refused
    when the run's seq is not `expected_seq` any more. `goes_on` tells that of the head nothing but its counters
    and `updated_at` changes, as in most turns.
    """

    run_id: str
    expected_seq: int
    events: tuple[Event, ...]
    streams: tuple[int, ...]
    status: str
    stream: int
    at: Instant
    opened: tuple[Wait, ...] = ()
    closed: tuple[tuple[type[Wait], str], ...] = ()
    error: str | None = None
    fingerprint: str = ""
    started_by: str | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    goes_on: bool = False

    @property
    def seq(self) -> int:
        return self.expected_seq + len(self.events)


@dataclass(frozen=True, slots=True)
class Stored:
    """A run as it is read: its head and every event."""

    head: RunHead
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Query:
    """Which runs a list wants. Shape: `page` counts from 0; without `per_page` everything.

    `changed_from` leaves out the runs that recorded the graph of this fingerprint and are not blocked. A run has
    to have every tag that is asked for.
    """

    workflow_id: str | None = None
    status: tuple[str, ...] = ()
    resource_id: str | None = None
    from_date: Instant | None = None
    to_date: Instant | None = None
    changed_from: str | None = None
    tags: tuple[str, ...] = ()
    page: int | None = None
    per_page: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the runs asked for, newest first, and how many there are in all."""

    heads: Sequence[RunHead]
    total: int


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call somebody is, or should be, performing; of a lost one, whether its worker was stopped by somebody."""

    run_id: str
    path: str
    attempt: int
    worker: str | None
    stopped: bool = False

    @property
    def has_crashed(self) -> bool:
        """Tell whether its worker may have died of it: one that nobody has claimed was not performed."""
        return self.worker is not None and not self.stopped


class Journal(Protocol):
    """The store of runs. All methods may be called from the engine's event loop."""

    async def create(self, head: RunHead) -> RunHead:
        """Store a pending run, or give the one that has its id or idempotency key already."""

    async def read(self, run_id: str, *, after: int = 0, resolve: bool = True) -> Stored | None:
        """Read a run and its events after a seq; with `resolve`, large values are filled in."""

    async def head(self, run_id: str) -> RunHead | None: ...

    async def seqs(self, run_ids: Sequence[str]) -> Mapping[str, int]:
        """Say how far each of these runs is."""

    async def commit(self, turn: Turn, worker: str) -> bool:
        """Append a turn and claim the calls it opens; False when somebody else wrote to the run first."""

    async def list_runs(self, query: Query) -> Page: ...

    async def block(self, run_id: str, reason: str | None) -> None:
        """Note why a run that has not ended cannot go on by itself; its next turn, or None, takes the note away."""

    async def ended(self, workflow_id: str, before: Instant, limit: int | None = None) -> Sequence[str]:
        """List runs of a workflow that ended before an instant."""

    async def delete(self, run_id: str, *, ended_before: Instant | None = None) -> bool:
        """Delete a run with everything recorded of it; with `ended_before` only if it ended by then."""

    async def due(self, now: Instant) -> Sequence[tuple[str, str]]:
        """List the timers that are due, as run id and path."""

    async def lost(self, now: Instant, lease: float) -> Sequence[OpenCall]:
        """List the calls whose worker is gone or has not been heard of for the lease."""

    async def note_lost(self, worker: str, calls: int, now: Instant) -> None:
        """Note that so many calls of a worker that is gone were opened again."""

    async def claims(self, run_id: str) -> Sequence[OpenCall]:
        """List the open calls of a run and who performs them."""

    async def release(self, call: OpenCall) -> None:
        """Take a worker's claim on a call away, so that the next who looks finds it lost, and not by a crash."""

    async def is_alive(self, worker: str, now: Instant, lease: float) -> bool: ...

    async def heartbeat(self, worker: str, now: Instant) -> None: ...

    def abandon(self, worker: str) -> None:
        """Treat a worker of this process as crashed from now on."""

    async def leave(self, worker: str) -> None:
        """Note that a worker is gone for good."""

    async def awaiting(self, event: str) -> Sequence[str]:
        """List the runs in which somebody waits for an event of this name."""

    async def resolve(self, run_id: str, values: Iterable[Value]) -> None:
        """Fill in values that lie in the payload store."""


class Clock(Protocol):
    def now(self) -> Instant: ...


class Agent(Protocol):
    """Anything that answers a prompt by a stream of chunks.

    It may have an `output_schema`, the type of what it gives, and `within(ctx)`, which gives the agent for one
    step, with what that step's context offers.
    """

    id: str
    description: str | None

    def stream(self, prompt: str, *, output_schema: Any = None, abort_signal: Any = None, **options: Any) -> Any:
        """Yield chunks, dicts with a type that says what else is in them.

        Shape: {"type": "text-delta", "text"}, {"type": "object", "object"} for the value that `output_schema` asks
        for, {"type": "finish", "usage": {"inputTokens", "outputTokens"}}, {"type": "tripwire", "reason"} from a
        guard, {"type": "error", "error"}. Chunks of any other type, such as tool-call, are only shown.
        {"type": "suspend", "payload", "title"?, "memory"?} asks a person; once somebody has answered, the agent
        is called again with `resume_data` and the `memory` it gave.
        """
