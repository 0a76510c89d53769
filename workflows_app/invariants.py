"""What must be true of every stored run, recomputed from the tables alone.

No workflow's code is needed: a journal is consistent or it is not. The numbers are those of the design's
list: I1 every try has one outcome, I4 a run's columns and waits are what its events say, I5 events are
numbered without gap in the order of their commits, I8 nothing follows the end of a run, I14 everything that
was recorded can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from pydantic_core import from_json

from .adapters.payloads import missing, unpacked, values_of
from .engine import UnreadableEvent, WorkflowsError
from .engine import events as e
from .engine.events import Event, decode
from .engine.history import History
from .engine.loading import needed
from .engine.records import WAKEABLE
from .models import Event as Row
from .models import Payload, Run, Wait
from .models.instants import to_instant

OUTCOMES = (e.StepSucceeded, e.StepFailed, e.StepSuspended)
LOOKS = 10
Fault = tuple[str, str]
Place = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be."""

    run_id: str
    invariant: str
    message: str

    def __str__(self) -> str:
        return f"{self.run_id} {self.invariant}: {self.message}"


@dataclass(frozen=True, slots=True)
class Journal:
    """A run as the tables have it, all of one moment."""

    run: Run
    rows: Sequence[Row]
    waits: Sequence[Wait]


def check_run(run_id: str, using: str = DEFAULT_DB_ALIAS) -> list[Violation]:
    """List what is wrong with a run. Raises: Run.DoesNotExist"""
    journal = read(run_id, using)
    events, unreadable = decoded(journal.rows)
    lost = list(lost_payloads(run_id, events, using))
    faults = [*unreadable, *numbering(journal.run, journal.rows), *lost]
    if not unreadable and not lost:
        faults += [*outcomes(events), *endings(events), *projection(journal, events)]
    return [Violation(run_id, invariant, message) for invariant, message in faults]


def read(run_id: str, using: str) -> Journal:
    """Read a run, again if it moved meanwhile. Reading takes no lock, so that nobody waits for a check."""
    for _ in range(LOOKS):
        run = Run.objects.using(using).get(pk=run_id)
        rows = list(Row.objects.using(using).filter(run_id=run_id).order_by("seq"))
        waits = list(Wait.objects.using(using).filter(run_id=run_id))
        if Run.objects.using(using).filter(pk=run_id, seq=run.seq).exists():
            break
    return Journal(run, [row for row in rows if row.seq <= run.seq], waits)


def decoded(rows: Sequence[Row]) -> tuple[list[Event], list[Fault]]:
    events: list[Event] = []
    faults: list[Fault] = []
    for row in rows:
        try:
            events.append(decode(row.kind, row.version, to_instant(row.at), row.path, row.by, row.data))
        except WorkflowsError as error:
            faults.append(("I14", f"event {row.seq} cannot be read: {error}"))
    return events, faults


def lost_payloads(run_id: str, events: Sequence[Event], using: str) -> Iterator[Fault]:
    """Look for large values that are not there, or are not what was recorded; fill in those that are folded."""
    wanted, folded = set(missing(values_of(events))), missing(needed(events))
    stored = Payload.objects.using(using).filter(run_id=run_id)
    for sha, encoding, packed in stored.values_list("sha256", "encoding", "bytes").iterator():
        wanted.discard(sha)
        try:
            text = unpacked(sha, encoding, packed)
            from_json(text)
            for value in folded.get(sha, ()):
                value.resolve(text)
        except (WorkflowsError, ValueError) as error:
            yield "I14", f"the payload {sha} cannot be read: {error}"
    for sha in sorted(wanted):
        yield "I14", f"the payload {sha} is not there"


def numbering(run: Run, rows: Sequence[Row]) -> Iterator[Fault]:
    """Events count from 1 to the run's seq, and were written in this order."""
    numbers = [row.seq for row in rows]
    if numbers != list(range(1, run.seq + 1)):
        yield "I5", f"the events are numbered {shortened(numbers)}, the run is at {run.seq}"
    written = [row.pk for row in rows]
    if written != sorted(written):
        yield "I5", "the events were not written in the order of their numbers"


def shortened(numbers: Sequence[int]) -> str:
    """Write ascending numbers as ranges."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{first}-{last}" if first != last else f"{first}" for first, last in ranges) or "not"


def outcomes(events: Iterable[Event]) -> Iterator[Fault]:
    """A try ends once, until time travel forgets it.

    What is asked in a try may end it, and a loop whose condition raises fails the pass that had succeeded;
    but no try succeeds twice, fails twice, or succeeds after it failed.
    """
    ended: dict[tuple[str, int], set[str]] = {}
    for event in events:
        if isinstance(event, e.RunRewound):
            ended.clear()
        elif isinstance(event, OUTCOMES):
            before = ended.setdefault((event.path, event.attempt), set())
            if event.kind in before or (isinstance(event, e.StepSucceeded) and "StepFailed" in before):
                yield "I1", f"try {event.attempt} of {event.path} has one outcome more, {event.kind}"
            before.add(event.kind)


def endings(events: Iterable[Event]) -> Iterator[Fault]:
    """The end of a run is its last event, unless time travel took it back."""
    ended = False
    for event in events:
        if ended and not isinstance(event, e.RunRewound):
            yield "I8", f"{event.kind} {event.path} follows the end of the run".replace("  ", " ")
        ended = isinstance(event, e.RunFinished)


def projection(journal: Journal, events: Sequence[Event]) -> Iterator[Fault]:
    """A run's columns and its waits say what its events say."""
    try:
        history = History(events)
    except UnreadableEvent as error:
        yield "I4", f"the events tell no story: {error}"
        return
    run = journal.run
    waits = {(wait.kind, wait.path, wait.attempt) for wait in journal.waits}
    wanted = expected_waits(history)
    for kind, path, attempt in sorted(wanted - waits):
        yield "I4", f"the {kind} of {path or 'the run'}, try {attempt}, is not there"
    for kind, path, attempt in sorted(waits - wanted):
        yield "I4", f"a {kind} of {path or 'the run'}, try {attempt}, is left over"
    allowed = expected_statuses(history, wanted)
    if run.status not in allowed:
        yield "I4", f"the status is {run.status}, the events say {' or '.join(sorted(allowed))}"
    message = history.error["message"] if history.error else None
    for name, column, fact in (
        ("started_at", instant(run.started_at), history.started_at),
        ("finished_at", instant(run.finished_at), history.finished_at),
        ("error", run.error, message),
    ):
        if column != fact:
            yield "I4", f"{name} is {column}, the events say {fact}"


def instant(moment: Any) -> int | None:
    return None if moment is None else to_instant(moment)


def expected_waits(history: History) -> set[Place]:
    """Give what a run must wait for, as kind, path and try; timers have no try."""
    if history.finished or history.status in ("pending", "paused"):
        return set()
    if history.canceled_at is not None:
        return {("timer", "", 0)}
    records = history.records
    calls = {("call", path, records[path].attempt) for path in history.running}
    timers = {
        ("timer", path, 0) for path, record in records.items() if record.status in WAKEABLE and record.alarm is not None
    }
    return calls | timers | {("suspension", record.path, record.attempt) for record in history.suspended}


def expected_statuses(history: History, waits: set[Place]) -> set[str]:
    """Give the statuses a run may have; beside a suspension a timer may be its timeout, or a sleep."""
    if history.finished or history.canceled_at is not None or history.status in ("pending", "paused"):
        return {history.status}
    kinds = {kind for kind, _, _ in waits}
    if "call" in kinds:
        return {"running"}
    if kinds == {"timer", "suspension"}:
        return {"waiting", "suspended"}
    return {"waiting"} if "timer" in kinds else {"suspended"}
