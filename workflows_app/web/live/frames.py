"""Events as the frames of the live lane.

A Picture folds a run's journal as it grows and says what an open page must change to get from one seq to
the newest: one delta per path, coalesced, and the names of the fragments whose shape changed.

    {"seq": 41, "e": [[41, "ship", "success", 1763840531000, {"took": 84, "bars": [["c", "success", …]]}]]}
    {"part": [[…], …]}                      deltas of a frame that is too long for one message; the rest follows
    {"seq": 41, "shape": "head"}            fetch this fragment again
    {"seq": 9120, "catchup": true}          too far behind: fetch everything again

Instants and durations are milliseconds. A bar is opened (`["o", kind, at]`) or closed (`["c", kind, at]`, an
empty kind keeps the one it had).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from workflows_app.engine import events as e
from workflows_app.engine.errors import stop_of
from workflows_app.engine.events import Event
from workflows_app.engine.history import History
from workflows_app.engine.paths import is_helper, item_of, public
from workflows_app.engine.records import CONTAINERS, Record
from workflows_app.web.graph.statuses import final, shown_status

BEHIND = 5_000
FRAME_BYTES = 40_000
"""A message of more than 64 KiB would not be sent."""
OPS = 200
PARTS = ("head", "flow", "timeline", "panel")
Frame = dict[str, Any]
Delta = list[Any]
Op = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Touch:
    """What one event means to an open page."""

    seq: int
    path: str
    at: int
    ops: tuple[Op, ...]
    shapes: frozenset[str]


class Picture:
    """A run as the pages that show it know it, and what happened lately."""

    def __init__(self, history: History | None = None, recent: Iterable[Event] = ()) -> None:
        self.history = history or History()
        self.recent = deque(recent, maxlen=BEHIND)
        self.said: dict[int, list[Frame]] = {}

    @property
    def seq(self) -> int:
        return self.history.seq

    def apply(self, event: Event) -> None:
        """Fold one event in."""
        self.history.apply(event)
        self.recent.append(event)
        self.said.clear()

    def since(self, cursor: int) -> list[Frame]:
        """Tell a page that shows the run at `cursor` what to change; pages at the same place share the answer."""
        if cursor >= self.seq:
            return []
        if cursor not in self.said:
            self.said[cursor] = self._frames(self.seq - cursor)
        return self.said[cursor]

    def _frames(self, behind: int) -> list[Frame]:
        if behind > len(self.recent):
            return [{"seq": self.seq, "catchup": True}]
        first = len(self.recent) - behind
        fresh = [
            self._touch(event, self.seq - behind + n) for n, event in enumerate(islice(self.recent, first, None), 1)
        ]
        shapes = frozenset[str]().union(*(touch.shapes for touch in fresh))
        *parts, rest = chunks(self._deltas(fresh))
        frames: list[Frame] = [*({"part": part} for part in parts), {"seq": self.seq, "e": rest}]
        return frames + [{"seq": self.seq, "shape": part} for part in PARTS if part in shapes]

    def _touch(self, event: Event, seq: int) -> Touch:
        record = self.history.records.get(event.path)
        role = record.role if record else getattr(event, "role", "")
        is_box = role in CONTAINERS
        path = public(event.path)
        ops = () if is_box or is_helper(path) else tuple(ops_of(event, role))
        return Touch(seq, path, event.at // 1000, ops, frozenset(shapes_of(event, is_box)))

    def _deltas(self, fresh: list[Touch]) -> Iterator[Delta]:
        by_path: dict[str, list[Touch]] = {}
        for touch in fresh:
            if touch.path and not is_helper(touch.path):
                by_path.setdefault(touch.path, []).append(touch)
                split = item_of(touch.path)
                if split is not None:
                    by_path.setdefault(split[0], [])
        for path, touches in by_path.items():
            ops = [op for touch in touches for op in touch.ops][-OPS:]
            last = touches[-1] if touches else fresh[-1]
            yield [last.seq, path, self.status(path), last.at, {**self._figures(path), "bars": ops}]

    def status(self, path: str) -> str:
        """Name the status that pages show at a path."""
        return final(shown_status(self.history.find(path)), self.history.finished)

    def _figures(self, path: str) -> dict[str, Any]:
        """Give the line of figures at a path: how far it is, since when it is open, or how long it took."""
        record = self.history.find(path)
        if record is None:
            return {}
        items = self.history.items.get(record.path)
        if items is not None and record.ended_at is None:
            return {"text": f"{items.done:,} / {items.total:,}"}
        return times_of(record) | self._words(record)

    def _words(self, record: Record) -> dict[str, str]:
        """Name the words for what the status alone does not say."""
        if shown_status(record) != "waiting" or self.history.finished or record.status == "waiting":
            return {}
        return {"word": "event" if record.role == "event" else "again"}


def chunks(deltas: Iterable[Delta]) -> list[list[Delta]]:
    """Divide deltas into what one message takes."""
    found: list[list[Delta]] = [[]]
    size = 0
    for delta in deltas:
        length = 120 + 4 * len(delta[1]) + 40 * len(delta[4]["bars"])
        if size + length > FRAME_BYTES and found[-1]:
            found.append([])
            size = 0
        found[-1].append(delta)
        size += length
    return found


def times_of(record: Record) -> dict[str, Any]:
    start = record.suspended_at if record.status == "suspended" else record.started_at
    if start is None or record.status in ("waiting", "skipped"):
        return {}
    if record.ended_at is not None and record.status not in ("running", "suspended"):
        return {"took": max(0, record.ended_at - start) // 1000}
    return {"since": start // 1000} if record.status in ("running", "ready", "suspended") else {}


def ops_of(event: Event, role: str) -> Iterator[Op]:
    """Say which bars an event opens and closes."""
    at = event.at // 1000
    match event:
        case e.StepStarted():
            yield ("c", "", at)
            yield ("o", "running", at)
        case e.StepSucceeded():
            yield ("c", "bailed" if event.bailed else "success", at)
        case e.StepFailed():
            yield ("c", "try" if not event.final else "tripwire" if stop_of(event.error) else "failed", at)
            if not event.final:
                yield ("o", "queued", at)
        case e.StepSuspended():
            yield ("c", "success", at)
            yield ("o", "waiting" if role == "event" else "suspended", at)
        case e.StepLost():
            yield ("c", "try", at)
        case e.StepCanceled():
            yield ("c", "canceled", at)
        case e.TimerStarted():
            yield ("o", "waiting", at)
        case e.StepResumed() | e.TimerFired():
            yield ("c", "", at)


def shapes_of(event: Event, is_box: bool) -> Iterator[str]:
    """Name the fragments that an event changes in more than the status of what they already show."""
    if not hasattr(event, "attempt") and not event.path:
        yield from PARTS
        return
    if isinstance(event, e.StepOutput):
        return
    path = event.path
    if is_box or is_helper(path) or any(mark in path for mark in "[#~"):
        yield from ("flow", "timeline")
    match event:
        case e.StepStarted(cause="first"):
            # The brackets of the boxes around it may begin here.
            yield "timeline"
        case e.StepFailed() | e.StepSuspended() | e.StepResumed() | e.StepLost() | e.StepVoted() | e.StepEscalated():
            yield from PARTS
        case e.StepSucceeded() if not is_helper(path):
            yield from ("head", "timeline")
        case e.TimerStarted() | e.TimerFired() | e.StepSkipped() | e.StepCanceled():
            yield from ("head", "flow", "timeline")
