"""What this process remembers of the runs that pages show: each is folded once, then only what is new.

A reading is lent to one request at a time, so nobody sees it change. It is a cache, never a truth: a run that
was deleted, set back to an older copy or made anew under the same id is read again from its beginning.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workflows_app.engine import events as e
from workflows_app.engine.events import FIELDS, VALUES, Event, Instant
from workflows_app.engine.history import History, merged
from workflows_app.engine.paths import public
from workflows_app.engine.ports import RunHead
from workflows_app.engine.schema import EMPTY, Value

RUNS = 32
BYTES = 64_000_000
EVENT_BYTES = 600
PATIENCE = 10.0
HELD = {kind: tuple(FIELDS[kind] & VALUES) for kind in FIELDS}

Numbered = tuple[int, Event]
Load = Callable[[Value], Value]
"""Reads a value that may be stored apart."""


class Reading:
    """A run as it was last read: its head, its events, and what they fold to."""

    __slots__ = ("bytes", "events", "head", "history", "past", "seqs", "spoken", "stated")

    def __init__(self, head: RunHead, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = []
        self.history = History()
        self.past = History()
        self.seqs: dict[str, list[int]] = {}
        self.stated: list[int] = []
        self.spoken: list[int] = []
        self.bytes = 0
        self.extend(head, events)

    def extend(self, head: RunHead, events: Iterable[Event]) -> None:
        """Fold what is new; the values that a fold needs must be there."""
        self.head = head
        for event in events:
            self.events.append(event)
            self.history.apply(event)
            seq = len(self.events)
            self.seqs.setdefault(public(event.path), []).append(seq)
            if getattr(event, "state", None) not in (None, EMPTY):
                self.stated.append(seq)
            elif isinstance(event, e.StepOutput):
                self.spoken.append(seq)
            self.bytes += EVENT_BYTES + sum(value.size for _, value in held_by(event) if value.loaded)

    def goes_on_as(self, head: RunHead) -> bool:
        """Tell whether a head is a later one of the very run that was read."""
        return head.created_at == self.head.created_at and head.seq >= len(self.events)

    def moment(self, at: int | None = None) -> Moment:
        """Give the run as it is, or as it was after its event number `at`."""
        if at is None or at >= len(self.events):
            return Moment(self, self.history, len(self.events))
        if self.past.seq > at:
            self.past = History()
        for event in self.events[self.past.seq : at]:
            self.past.apply(event)
        return Moment(self, self.past, at)


@dataclass(frozen=True, slots=True)
class Moment:
    """A run as it was after one of its events."""

    reading: Reading
    history: History
    seq: int

    @property
    def is_past(self) -> bool:
        return self.seq < len(self.reading.events)

    @property
    def at(self) -> Instant:
        return self.reading.events[self.seq - 1].at if self.seq else self.reading.head.created_at

    def events_of(self, path: str) -> list[Numbered]:
        """List what happened to a step, in all its passes and tries."""
        return self._numbered(self.reading.seqs.get(public(path), ()))

    def _numbered(self, seqs: Sequence[int]) -> list[Numbered]:
        return [(seq, self.reading.events[seq - 1]) for seq in seqs if seq <= self.seq]

    def events(self, after: int = 0, most: int | None = None) -> list[Numbered]:
        """List what happened after an event."""
        end = self.seq if most is None else min(self.seq, after + most)
        return list(enumerate(self.reading.events[after:end], after + 1))

    def stated(self) -> list[tuple[int, Event, Value]]:
        """List the events that changed the state, with what they set."""
        return [(seq, event, getattr(event, "state", EMPTY)) for seq, event in self._numbered(self.reading.stated)]

    def spoken(self) -> list[tuple[int, e.StepOutput]]:
        """List what steps wrote."""
        return [(seq, event) for seq, event in self._numbered(self.reading.spoken) if isinstance(event, e.StepOutput)]

    def state(self, seq: int) -> Value:
        """Give the state as it was after an event."""
        state = EMPTY
        for at, event, patch in self.stated():
            if at <= seq:
                state = patch if isinstance(event, e.RunStarted | e.RunRewound) else merged(state, patch)
        return state


class Shelf:
    """Keeps readings, those used last, as long as they are few and small; the one used last in any case."""

    def __init__(self, runs: int = RUNS, most_bytes: int = BYTES, patience: float = PATIENCE) -> None:
        self.runs, self.most_bytes, self.patience = runs, most_bytes, patience
        self.kept: OrderedDict[str, Reading] = OrderedDict()
        self.lent: dict[str, int] = {}
        self.changed = threading.Condition()

    def take(self, run_id: str) -> Reading | None:
        """Lend a reading: nobody else has it until it is put back.

        An open page asks for all its parts at once. Who comes while it is lent, or is read for the first time, waits:
        to read a long run once more takes far longer. Who holds it already gets none.
        """
        me = threading.get_ident()
        with self.changed:
            self.changed.wait_for(lambda: self.lent.get(run_id, me) == me, self.patience)
            if run_id in self.lent:
                return None
            self.lent[run_id] = me
            return self.kept.pop(run_id, None)

    def put(self, run_id: str, reading: Reading | None) -> None:
        """Keep a reading, and drop those that were not used for longest when they become too many."""
        with self.changed:
            if self.lent.get(run_id) == threading.get_ident():
                del self.lent[run_id]
            if reading is not None:
                self.kept.pop(run_id, None)
                self.kept[run_id] = reading
            while len(self.kept) > 1 and self.is_full:
                self.kept.popitem(last=False)
            self.changed.notify_all()

    @property
    def is_full(self) -> bool:
        return len(self.kept) > self.runs or sum(one.bytes for one in self.kept.values()) > self.most_bytes


def held_by(event: Event) -> list[tuple[str, Value]]:
    """List the values that an event holds, by their names."""
    found = ((name, getattr(event, name)) for name in HELD[event.kind])
    return [(name, value) for name, value in found if value is not None]


def as_it_is(value: Value) -> Value:
    """Read nothing that lies elsewhere."""
    return value
