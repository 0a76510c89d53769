"""The fold of a journal: one Record per path, the workflow's state, and the run's own facts.

`History.apply` is the only place where an event gets its meaning. A history is owned by the process that
performs the run; it changes only by applying events, in order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from . import events as e
from .errors import UnreadableEvent
from .events import Event, Instant
from .paths import ITEM, is_below, item_of, loop_pass, public, untried
from .records import CONTAINERS, LEAVES, SETTLED, WAKEABLE, Items, Record, Try, Vote
from .schema import EMPTY, NULL, Json, Value, trusted
from .usage import added

OUTCOMES = (e.StepSucceeded, e.StepFailed, e.StepSuspended, e.StepLost, e.StepOutput)
REWOUND = ""
"""Stands in the order of starts where the run was set back."""


class History:
    """Everything that happened to a run, folded."""

    def __init__(self, recorded: Iterable[Event] = ()) -> None:
        self.seq = 0
        self.status = "pending"
        self.input: Value = NULL
        self.state: Value = EMPTY
        self.context: Value = EMPTY
        self.fingerprint = ""
        self.migrated = False
        self.tracing: Json = None
        # What the run does between two rests is a leg: the seq and the instant at which each one began.
        self.legs: list[tuple[int, Instant]] = []
        self.started_by: str | None = None
        self.budget: int | None = None
        self.breakpoints: frozenset[str] = frozenset()
        self.held: tuple[str, ...] = ()
        self.let_pass: set[str] = set()
        self.records: dict[str, Record] = {}
        self.latest: dict[str, str] = {}
        self.items: dict[str, Items] = {}
        # A memo of the walk: how many children of a sequence have ended, and the output of the last of them.
        self.ended: dict[Any, tuple[int, Value]] = {}
        self.attempts: dict[str, int] = {}
        self.execution: list[str] = []
        self.running: set[str] = set()
        self.result: Value | None = None
        self.error: Json = None
        self.started_at: Instant | None = None
        self.updated_at: Instant | None = None
        self.finished_at: Instant | None = None
        self.canceled_at: Instant | None = None
        self.cancel_reason: str | None = None
        self.grace_until: Instant = 0
        self.grace_over = False
        self.carried_resume: Value | None = None
        for event in recorded:
            try:
                self.apply(event)
            except (LookupError, AttributeError, TypeError, ValueError) as error:
                raise UnreadableEvent(
                    f"The stored event {self.seq} of kind {event.kind!r} does not fit what is recorded before it."
                ) from error

    @property
    def finished(self) -> bool:
        return self.finished_at is not None

    @property
    def suspended(self) -> list[Record]:
        return [r for r in self.records.values() if r.status == "suspended"]

    def record(self, path: str) -> Record | None:
        return self.records.get(path)

    def find(self, public_path: str) -> Record | None:
        """Find the latest record under a public path."""
        return self.records.get(self.latest.get(public_path, public_path))

    def latest_pass(self, base: str) -> int | None:
        """Number the loop pass that started last below this very prefix."""
        path = self.latest.get(public(base))
        if path is None or not path.startswith(f"{base}#"):
            return None
        found = loop_pass(path)
        return found[1] if found else None

    def next_attempt(self, path: str) -> int:
        record = self.records.get(path)
        return (record.attempt if record else self.attempts.get(path, 0)) + 1

    def accepts(self, event: Event) -> bool:
        """Tell whether an outcome is from the newest try of a step that is still open.

        This is the fence: late and duplicated outcomes fail it and are dropped before they are recorded.
        """
        if isinstance(event, OUTCOMES):
            record = self.records.get(event.path)
            return record is not None and record.status == "running" and record.attempt == event.attempt
        if isinstance(event, e.TimerFired):
            if event.path == "":
                return self.canceled_at is not None and not self.finished
            record = self.records.get(event.path)
            return record is not None and record.status in WAKEABLE and record.due is not None
        return True

    def apply(self, event: Event) -> None:
        """Fold one event in."""
        self.seq += 1
        self.updated_at = event.at
        FOLD[event.kind](self, event)

    def _open(self, path: str) -> Record:
        record = Record(path)
        self.records[path] = record
        if "/" not in path:
            self.latest[public(path)] = path
        return record

    def _changed(self, record: Record, status: str) -> None:
        record.status = status
        path = record.path
        if status == "running" and record.role not in CONTAINERS:
            self.running.add(path)
        else:
            self.running.discard(path)
        if path[-1] == "]" and (split := item_of(path)) and (items := self.items.get(split[0])):
            if status in ("success", "skipped"):
                items.done += items.open.pop(split[1], None) is not None
            else:
                items.open[split[1]] = status
                items.next = max(items.next, split[1] + 1)

    def _around(self, path: str) -> Iterator[tuple[Items, int]]:
        """Yield the progress of each foreach that a path stands in, and the index of its item."""
        for item in ITEM.finditer(path):
            yield self.items[path[: item.start()]], int(item[0][1:-1])

    def _merge(self, state: Value | None, context: Value | None, gone: Collection[str] = ()) -> None:
        if state is not None:
            self.state = merged(self.state, state)
        if context is not None:
            self.context = merged(self.context, context)
        if gone:
            self.context = trusted({key: value for key, value in self.context.raw.items() if key not in gone})

    def _go_on(self, at: Instant, status: str = "running") -> None:
        """Leave rest, if the run is at rest."""
        if self.status != "running":
            self.legs.append((self.seq, at))
        self.status = status

    # Each method below folds one kind of event.

    def _run_started(self, event: e.RunStarted) -> None:
        self._go_on(event.at)
        self.input, self.state, self.context = event.input, event.state, event.context
        self.fingerprint, self.budget = event.fingerprint, event.budget
        self.started_at, self.started_by = event.at, event.by
        self.breakpoints, self.tracing = frozenset(event.breakpoints), event.tracing

    def _run_cancelled(self, event: e.RunCancelled) -> None:
        self._go_on(event.at, "canceled")
        self.canceled_at, self.cancel_reason = event.at, event.reason
        self.grace_until = event.at + int(event.grace * e.SECOND)

    def _run_restarted(self, event: e.RunRestarted) -> None:
        self._merge(None, event.context)
        for path in event.lost:
            self._lose(self.records[path], event.at, crashed=True)

    def _run_rewound(self, event: e.RunRewound) -> None:
        self.execution.append(REWOUND)
        self.ended.clear()
        self._forget(event.forget)
        for path, given in event.assume.raw.items():
            self._assume(path, given, event.at)
        self._go_on(event.at)
        self.result = self.error = self.finished_at = self.canceled_at = self.cancel_reason = None
        self.grace_over = False
        self.started_at = self.started_at or event.at
        self.input = event.input or self.input
        self.carried_resume = event.resume
        self.budget = event.budget
        self.held = ()
        self.let_pass.clear()
        self.fingerprint = event.fingerprint or self.fingerprint
        if event.state is not None:
            self.state = event.state
        self._merge(None, event.context)

    def _forget(self, roots: tuple[str, ...]) -> None:
        gone = {path for path in self.records if any(is_below(path, root) for root in roots)}
        for path in gone:
            record = self.records.pop(path)
            self.running.discard(path)
            self.attempts[path] = record.attempt
            self.items.pop(path, None)
        for path in gone:
            if path[-1] == "]" and (split := item_of(path)) and (items := self.items.get(split[0])):
                items.done -= split[1] not in items.open
                items.open[split[1]] = "ready"
        self.latest = {key: path for key, path in self.latest.items() if path not in gone}
        for path in self.records:
            if "/" not in path:
                self.latest[public(path)] = path

    def _assume(self, path: str, given: Json, at: Instant) -> None:
        record = self.records.get(path) or self._open(path)
        record.role = given.get("role", record.role)
        record.attempt = max(record.attempt, self.attempts.get(path, 0))
        if "payload" in given:
            record.input = trusted(given["payload"])
        status = given.get("status", "success")
        record.error, record.due, record.final = None, None, True
        settled = status in SETTLED
        record.output = trusted(given.get("output")) if settled else None
        record.started_at = record.started_at or at if settled else record.started_at
        record.ended_at = record.ended_at or at if settled else None
        self._changed(record, status)

    def _run_migrated(self, event: e.RunMigrated) -> None:
        self.fingerprint, self.migrated = event.fingerprint, True

    def _run_paused(self, event: e.RunPaused) -> None:
        self.status = "paused"
        self.held = event.before

    def _run_unpaused(self, event: e.RunUnpaused) -> None:
        self._go_on(event.at)
        self.budget = event.budget
        self.let_pass.update(self.held)
        self.held = ()

    def _breakpoints_set(self, event: e.BreakpointsSet) -> None:
        self.breakpoints = frozenset(event.breakpoints)

    def _run_suspended(self, event: e.RunSuspended) -> None:
        self.status = "suspended"

    def _run_finished(self, event: e.RunFinished) -> None:
        self.status, self.result, self.error = event.status, event.result, event.error
        self.finished_at = event.at
        self.running.clear()

    def _step_started(self, event: e.StepStarted) -> None:
        record = self.records.get(event.path) or self._open(event.path)
        record.started_at = record.started_at or event.at
        if event.cause != "retry" and "/" not in event.path:
            self.execution.append(event.path)
        record.role, record.attempt = event.role, event.attempt
        record.ended_at = record.error = record.output = record.due = None
        if event.input is not None:
            record.input = event.input
        if event.role == "foreach":
            values = record.input.raw
            self.items[event.path] = Items(values if isinstance(values, list) else [])
        elif self.budget and event.role in LEAVES and event.cause in ("first", "resume") and "/" not in event.path:
            self.budget -= 1
        record.resume_pending = False
        record.tries = (*record.tries, Try(event.attempt, event.at, None, "running"))
        self._changed(record, "running")

    def _step_succeeded(self, event: e.StepSucceeded) -> None:
        record = self.records[event.path]
        record.output, record.ended_at = event.output, event.at
        record.suspended_at = record.suspend_payload = record.suspend_output = record.proposal = None
        record.labels = ()
        self._merge(event.state, event.context, event.gone)
        if record.role == "input" and (owner := self.records.get(untried(event.path))) is not None:
            owner.input = event.output
        status = "bailed" if event.bailed else "success"
        record.close_try(event.at, status)
        self._changed(record, status)

    def _step_failed(self, event: e.StepFailed) -> None:
        record = self.records.get(event.path) or self._open(event.path)
        record.error, record.final, record.ended_at = event.error, event.final, event.at
        record.non_retryable, record.due = event.non_retryable, event.retry_at
        record.failures += 1
        record.crashes = 0
        record.attempt = event.attempt
        record.close_try(event.at, "failed", event.error)
        self._changed(record, "failed")

    def _step_suspended(self, event: e.StepSuspended) -> None:
        record = self.records[event.path]
        record.suspend_payload, record.suspend_output = event.payload, event.output
        record.suspended_at, record.labels, record.title = event.at, event.labels, event.title
        record.due, record.assign_to = event.due, event.assign_to
        record.approvals, record.groups = event.approvals, event.groups
        record.allow_requester = event.allow_requester
        record.on_due, record.escalated, record.votes, record.asked = event.on_due, 0, (), self.seq
        record.form, record.crashes = event.form, 0
        record.body, record.priority, record.proposal = event.body, event.priority, event.proposal
        self._merge(event.state, event.context, event.gone)
        record.close_try(event.at, "suspended")
        for items, _ in self._around(event.path):
            items.asked = self.seq
        self._changed(record, "suspended")

    def _step_voted(self, event: e.StepVoted) -> None:
        record = self.records[event.path]
        record.votes = (*record.votes, Vote(event.by or "", event.at, event.data, event.groups))
        # So that the run comes to rest anew, which is what whoever awaits the answer is told.
        self._go_on(event.at)

    def _step_escalated(self, event: e.StepEscalated) -> None:
        record = self.records[event.path]
        record.escalated += 1
        record.assign_to = event.to or record.assign_to

    def _step_resumed(self, event: e.StepResumed) -> None:
        record = self.records[event.path]
        record.resume_payload, record.resumed_at, record.by = event.data, event.at, event.by
        record.resume_pending = True
        record.failures = 0
        self._merge(None, event.context)
        self._go_on(event.at)
        self.carried_resume = None
        self.budget = event.budget
        for items, index in self._around(event.path):
            items.answered, items.resumed = self.seq, index
        self._changed(record, "ready")

    def _step_lost(self, event: e.StepLost) -> None:
        self._lose(self.records[event.path], event.at, crashed=event.crashed)

    def _lose(self, record: Record, at: Instant, *, crashed: bool) -> None:
        record.restarted = True
        record.crashes += crashed
        record.close_try(at, "lost")
        self._changed(record, "ready")

    def _step_skipped(self, event: e.StepSkipped) -> None:
        record = self.records.get(event.path) or self._open(event.path)
        record.input = event.input or record.input
        self._changed(record, "skipped")

    def _step_canceled(self, event: e.StepCanceled) -> None:
        record = self.records[event.path]
        record.ended_at = event.at
        record.close_try(event.at, "canceled")
        self._changed(record, "canceled")

    def _step_output(self, event: e.StepOutput) -> None:
        """Output streams past; only what it tells of usage is kept."""
        record = self.records[event.path]
        record.usage = added(record.usage, event.usage)

    def _timer_started(self, event: e.TimerStarted) -> None:
        record = self.records.get(event.path) or self._open(event.path)
        record.role, record.input, record.due = "sleep", event.input, event.due
        record.attempt = record.attempt or 1
        record.started_at = event.at
        if "/" not in event.path:
            self.execution.append(event.path)
        if self.budget and "/" not in event.path:
            self.budget -= 1
        self._changed(record, "waiting")

    def _timer_fired(self, event: e.TimerFired) -> None:
        if event.path == "":
            self.grace_over = True
            return
        record = self.records[event.path]
        record.due = None
        if self.status == "suspended":
            self._go_on(event.at)
        if record.role == "sleep":
            record.output, record.ended_at = record.input, event.at
            self._changed(record, "success")
        else:
            self._changed(record, "ready")


def merged(base: Value, patch: Value) -> Value:
    """Merge the top-level keys of a patch into a state."""
    if patch.text == "{}":
        return base
    if base.text == "{}":
        return patch
    return trusted({**base.raw, **patch.raw})


def _handler(kind: str) -> Any:
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind)
    return getattr(History, name)


FOLD: dict[str, Any] = {kind: _handler(kind) for kind in e.KINDS}
