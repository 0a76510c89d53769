"""The axis of a timeline: time in proportion, with idle stretches folded away; or one stretch of it, seen closely.

Positions are shares of 100, ready for SVG; instants and durations are microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from workflows_app.engine.events import SECOND
from workflows_app.engine.history import History
from workflows_app.engine.records import CONTAINERS
from workflows_app.words import clock, duration

STEPS = tuple(n * SECOND for n in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400))
FINE = tuple(n * 1_000 for n in (1, 2, 5, 10, 20, 50, 100, 200, 500))
IDLE_AT_LEAST = 2 * SECOND
FOLD_WIDTH = 10.0
MAX_FOLDS = 4
RIGHT_EDGE = 98.0
TICK_ROOM = 11.0
NARROW_LETTER = 3.2
NARROW_PILL = (36.0, 16.0)
"""What a letter takes on a phone, and what the words of a fold take to both sides of its middle."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the axis. A folded one stands for idle time and has a fixed width."""

    start: int
    end: int
    x: float
    to: float
    folded: bool = False

    @property
    def width(self) -> float:
        return self.to - self.x

    @property
    def middle(self) -> float:
        return (self.x + self.to) / 2

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Tick:
    """A line with a time on it; `since` counts from the start of the run. A phone has no room for `spare` words."""

    x: float
    at: int
    since: int
    words: str
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """Time to place. `origin` is the start of the run; `now` is where time stands, while it is on the axis."""

    origin: int
    segments: tuple[Segment, ...]
    ticks: tuple[Tick, ...]
    now: float | None
    is_open: bool

    @property
    def start(self) -> int:
        return self.segments[0].start

    @property
    def end(self) -> int:
        return self.segments[-1].end

    @property
    def folds(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self.segments if segment.folded)

    def place(self, at: int) -> float:
        """Give the share of 100 at which an instant stands."""
        for segment in self.segments:
            if at <= segment.end:
                share = max(0, at - segment.start) / max(1, segment.length)
                return segment.x + share * segment.width
        return self.segments[-1].to

    def shows(self, start: int, end: int) -> bool:
        """Tell whether something of a stretch is on the axis."""
        return start <= self.end and end >= self.start

    @property
    def as_json(self) -> str:
        """Give the segments as a script reads them: start and end in milliseconds, then both shares."""
        return json.dumps([[s.start / 1000, s.end / 1000, round(s.x, 3), round(s.to, 3)] for s in self.segments])


def axis_of(history: History, busy: list[Span], now: int, span: Span | None = None, here: int | None = None) -> Axis:
    """Make the axis of a run. `span` is the stretch to see, counted from the start; `here` where time stands."""
    origin, end = extent(history, busy, now)
    is_open = history.started_at is not None and not history.finished
    start = origin
    if span is not None:
        start, end = origin + span[0], min(origin + span[1], max(end, origin + span[0] + 1_000))
        busy = [(max(a, start), min(b, end)) for a, b in busy if b > start and a < end]
        is_open = is_open and end >= now
    segments, scale = segments_of(start, end, busy, RIGHT_EDGE if is_open else 100.0)
    axis = Axis(origin, segments, tuple(thinned(ticks(origin, segments, scale), segments)), None, is_open)
    stands = (now if is_open else None) if here is None else here
    if stands is None or not axis.shows(stands, stands):
        return axis
    return Axis(origin, segments, axis.ticks, axis.place(stands), is_open)


def extent(history: History, busy: list[Span], now: int) -> Span:
    """Give the instants the axis runs between: nothing recorded lies outside, whatever the clocks said."""
    start = now if history.started_at is None else history.started_at
    end = now if history.finished_at is None else history.finished_at
    first, last = (busy[0][0], busy[-1][1]) if busy else (start, end)
    return min(start, first), max(end, last, start + 1_000)


def busy_spans(history: History, now: int) -> list[Span]:
    """Find when anything ran: the tries of everything that is not a mere container."""
    leaves = (record for record in history.records.values() if record.role not in CONTAINERS)
    return merged(
        [(t.started_at, now if t.ended_at is None else t.ended_at) for record in leaves for t in record.tries]
    )


def merged(spans: list[Span]) -> list[Span]:
    """Join spans that touch."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def segments_of(start: int, end: int, busy: list[Span], right: float) -> tuple[tuple[Segment, ...], float]:
    """Divide the axis: time in proportion, except that long idle stretches get a small fixed width."""
    gaps = idle(start, end, busy)
    width = FOLD_WIDTH if gaps else 0.0
    shown = max(1, end - start - sum(b - a for a, b in gaps))
    scale = (right - width * len(gaps)) / shown
    segments: list[Segment] = []
    x, at = 0.0, start
    for a, b in [*gaps, (end, end)]:
        to = x + (a - at) * scale
        if a > at or not segments:
            segments.append(Segment(at, a, x, to))
        if b > a:
            segments.append(Segment(a, b, to, to + width, folded=True))
            to += width
        x, at = to, b
    return tuple(segments), scale


def idle(start: int, end: int, busy: list[Span]) -> list[Span]:
    """Find the stretches worth folding: long in themselves and long beside the time that was active."""
    active = sum(b - a for a, b in busy) or 1
    edge = int(active * 0.06)
    points = [start, *[at for span in busy for at in span], end]
    gaps = [(a + edge, b - edge) for a, b in zip(points[::2], points[1::2], strict=True)]
    floor = max(IDLE_AT_LEAST, active * 0.8)
    worth = sorted((gap for gap in gaps if gap[1] - gap[0] > floor), key=lambda gap: gap[0] - gap[1])
    return sorted(worth[:MAX_FOLDS])


def ticks(origin: int, segments: tuple[Segment, ...], scale: float) -> Iterator[Tick]:
    """Yield ticks at round times since the start of the run, far enough apart for their words."""
    step = next((s for s in (*FINE, *STEPS) if s * scale >= TICK_ROOM), STEPS[-1])
    while step * scale < TICK_ROOM and scale > 0:
        step *= 2
    blocked = [(s.middle - TICK_ROOM * 1.6, s.middle + TICK_ROOM * 0.8) for s in segments if s.folded]
    for segment in segments:
        if segment.folded:
            continue
        shown = []
        since = -(-(segment.start - origin) // step) * step
        while origin + since <= segment.end:
            x = segment.x + (origin + since - segment.start) * scale
            if x < 94 and not any(a < x < b for a, b in blocked):
                shown.append((x, since))
            since += step
        for (x, since), words in zip(shown, told([since for _x, since in shown]), strict=True):
            yield Tick(x, origin + since, since, words)


def thinned(found: Iterable[Tick], segments: tuple[Segment, ...]) -> Iterator[Tick]:
    """Mark the ticks for whose words a phone has no room beside those before and the folds."""
    before, after = NARROW_PILL
    folds = [(s.middle - before, s.middle + after) for s in segments if s.folded]
    free = 0.0
    for tick in found:
        to = tick.x + NARROW_LETTER * (len(tick.words) + 2)
        spare = tick.x > 0 and (tick.x < free or to > 100 or any(a < to and tick.x < b for a, b in folds))
        free = free if spare else to
        yield replace(tick, spare=spare)


def told(times: list[int]) -> list[str]:
    """Say times since the start; where some would read the same, how far they are from the first of them."""
    words = [clock(since) for since in times]
    if len(set(words)) == len(words):
        return words
    return [words[0], *(f"+{duration(since - times[0])}" for since in times[1:])]
