"""What a history keeps: one Record per node occurrence, with its tries, and the progress of a foreach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .events import Instant
from .paths import loop_pass
from .questions import Rung, alarm_of
from .schema import NULL, Json, Value
from .usage import Usage

OPEN = frozenset({"running", "ready", "waiting", "suspended"})
SETTLED = frozenset({"success", "bailed", "failed", "skipped", "canceled"})
WAKEABLE = frozenset({"waiting", "failed", "suspended"})
CONTAINERS = frozenset({"nested", "foreach"})
LEAVES = frozenset({"step", "map", "agent", "tool"})


class Try(NamedTuple):
    """One attempt of a step, for the timeline."""

    attempt: int
    started_at: Instant
    ended_at: Instant | None
    status: str
    error: Json = None


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's answer to a question that several people must answer."""

    by: str
    at: Instant
    data: Value
    groups: tuple[str, ...] = ()


@dataclass(slots=True)
class Record:
    """What is known of one node occurrence."""

    path: str
    role: str = "step"
    status: str = "ready"
    attempt: int = 0
    failures: int = 0
    crashes: int = 0
    input: Value = NULL
    output: Value | None = None
    error: Json = None
    final: bool = True
    non_retryable: bool = False
    started_at: Instant | None = None
    ended_at: Instant | None = None
    suspended_at: Instant | None = None
    resumed_at: Instant | None = None
    due: Instant | None = None
    suspend_payload: Value | None = None
    suspend_output: Value | None = None
    resume_payload: Value | None = None
    resume_pending: bool = False
    restarted: bool = False
    labels: tuple[str, ...] = ()
    title: str | None = None
    assign_to: str | None = None
    approvals: int = 1
    groups: tuple[str, ...] = ()
    allow_requester: bool = True
    on_due: tuple[Rung, ...] = ()
    form: Json = None
    body: str | None = None
    priority: str = "normal"
    proposal: Value | None = None
    escalated: int = 0
    votes: tuple[Vote, ...] = ()
    asked: int = 0
    by: str | None = None
    usage: Usage | None = None
    tries: tuple[Try, ...] = ()

    @property
    def alarm(self) -> Instant | None:
        """Say when time itself brings the node on."""
        if self.status == "suspended" and self.role != "event":
            return alarm_of(self.due, self.on_due, self.escalated)
        return self.due

    @property
    def is_aimed_at(self) -> bool:
        """Tell whether time travel leads to the node, which has not begun since."""
        return self.status == "ready" and not self.tries

    def lacking(self, value: Value) -> Value | None:
        """Give what reaches the node if that is to be its input, because it has none on record."""
        return value if self.is_aimed_at and self.input is NULL else None

    @property
    def iteration_count(self) -> int | None:
        found = loop_pass(self.path)
        return found[1] if found else None

    @property
    def is_open(self) -> bool:
        """Tell whether something may still come of it; a failed try that another one follows is open too."""
        return self.status in OPEN or (self.status == "failed" and not self.final)

    @property
    def retries(self) -> int:
        """Number of tries after the first since the step was last answered."""
        return self.failures - (self.status == "failed" and self.final)

    def close_try(self, at: Instant, status: str, error: Json = None) -> None:
        if self.tries and self.tries[-1].ended_at is None:
            last = self.tries[-1]
            self.tries = (*self.tries[:-1], Try(last.attempt, last.started_at, at, status, error))


@dataclass(slots=True)
class Items:
    """How far a foreach is: its items, and which of them are not done.

    `asked` and `answered` number the events by which an item last suspended and was last resumed; `resumed` is
    the index of the latter.
    """

    values: list[Json]
    asked: int = 0
    answered: int = 0
    resumed: int | None = None
    next: int = 0
    done: int = 0
    open: dict[int, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return len(self.values)

    @property
    def waits(self) -> bool:
        """Tell whether an item has suspended since one was last resumed, so that no further one starts."""
        return self.asked > self.answered

    def count(self, status: str) -> int:
        return sum(1 for s in self.open.values() if s == status)

    @property
    def failed(self) -> int:
        return self.count("failed")

    @property
    def suspended(self) -> int:
        return self.count("suspended")

    @property
    def running(self) -> int:
        return self.count("running")
