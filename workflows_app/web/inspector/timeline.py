"""A run over time: one row per node, with bars of what it did.

`plan` lists the places of all rows, which is cheap; `lay_out` makes only the rows of one window, so that a run
of ten thousand steps costs no more than what is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from django.utils.translation import gettext as _

from workflows_app.engine.history import History
from workflows_app.engine.paths import loop_pass
from workflows_app.engine.records import Record
from workflows_app.web.graph.drawn import Drawn, Lane
from workflows_app.web.graph.statuses import BUSY, final, shown_status, tries_of
from workflows_app.web.inspector.axis import Axis
from workflows_app.web.inspector.matching import Match, critical, has_words, matching
from workflows_app.web.inspector.selection import Selection
from workflows_app.words import kind_word, status_word, step_word

THINNEST = 0.35
ITEMS_SHOWN = 12
PASSES_SHOWN = 100
WHOLE = 200
WINDOW = 60
ROW = 28


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of a row. `kind` is a status, or `try`, `queued` or `group`; without an end it is open."""

    kind: str
    status: str
    start: int
    end: int | None
    x: float = 0.0
    width: float = 0.0

    @property
    def to(self) -> float:
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Row:
    """One node. `depth` counts from 0; `path` is empty for a box that cannot be selected.

    A row that can be opened has a `key`, and says in `opened` whether it is.
    """

    path: str
    name: str
    status: str
    depth: int
    took: int | None
    since: int | None
    words: str
    retries: int = 0
    count: int | None = None
    failed: int = 0
    passes: int | None = None
    breaks: bool = False
    selected: bool = False
    key: str = ""
    opened: bool = False
    number: int = 0
    bars: tuple[Bar, ...] = ()

    @property
    def level(self) -> int:
        return self.depth + 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row will be: a node or an item of it, how deep, and whether it opens."""

    node: Drawn
    depth: int
    index: int | None = None
    name: str = ""
    key: str = ""
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """A window of the rows. `first` counts from 0; `total` is how many there are."""

    rows: tuple[Row, ...]
    axis: Axis
    first: int
    total: int
    matched: bool = False
    jumps: dict[str, int] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return self.first + len(self.rows)

    @property
    def is_window(self) -> bool:
        return len(self.rows) < self.total

    @property
    def above(self) -> int:
        """Give the height of the rows before the window, in pixels."""
        return self.first * ROW

    @property
    def below(self) -> int:
        return (self.total - self.last) * ROW


def lay_out(root: Drawn, history: History, axis: Axis, asked: Selection, step: str = "") -> Timeline:
    """Lay out the timeline of a run: the window of rows that is asked for, else the one with the selected step."""
    found = places(root, history, asked, step)
    size = WHOLE if len(found) <= WHOLE else WINDOW
    first = window(found, asked.first, step, size)
    rows = [row_of(place, history, step) for place in found[first : first + size]]
    shown = tuple(replace(row, number=n, bars=drawn_on(axis, row.bars, root.now)) for n, row in enumerate(rows, first))
    return Timeline(shown, axis, first, len(found), bool(asked.q or asked.only), jumps(first, len(found), size))


def window(found: Sequence[Place | Match], asked: int | None, step: str, size: int) -> int:
    """Choose the first row of the window."""
    at = asked or 0
    if asked is None and len(found) > size:
        at = next((n for n, place in enumerate(found) if is_at(place, step)), 0)
    return max(0, min(at, len(found) - 1)) // size * size


def is_at(place: Place | Match, step: str) -> bool:
    if isinstance(place, Match):
        return place.path == step
    own = place.node.path if place.index is None else f"{place.node.path}[{place.index}]"
    return bool(step) and own == step


def jumps(first: int, total: int, size: int) -> dict[str, int]:
    """Name the windows that can be gone to from here."""
    last = max(0, (total - 1) // size * size)
    found = {"earlier": first - size, "later": first + size} | ({"last": last} if first + size < last else {})
    return {name: at for name, at in found.items() if 0 <= at <= last}


def places(root: Drawn, history: History, asked: Selection, step: str) -> Sequence[Place | Match]:
    """List the places of the rows, as the filters want them."""
    if (asked.q or asked.only) and asked.only != "critical":
        return matching(root, history, asked.q, asked.only)
    found = [place for lane in root.lanes for place in plan(lane.node, history, 0, asked, step)]
    if asked.only == "critical":
        keys = critical(root)
        found = [place for place in found if place.index is None and place.node.key in keys]
        found = [place for place in found if has_words(place.node.path, asked.q)]
    if asked.flat:
        found = [replace(place, depth=0, key="") for place in found if not place.node.lanes]
    return found


def plan(node: Drawn, history: History, depth: int, asked: Selection, step: str) -> Iterator[Place]:
    """Yield the places of a node in the order and nesting of the graph; a sequence is no row of its own."""
    if node.status == "skipped" and node.started_at is None:
        return
    if node.drawing == "seq":
        for lane in node.lanes:
            yield from plan(lane.node, history, depth, asked, step)
        return
    only = node.lanes[0].node if len(node.lanes) == 1 and not (node.path and history.find(node.path)) else None
    if only is not None and only.passes and not only.lanes:
        yield Place(only, depth, name=node.name)
        return
    if node.strip is not None:
        yield from _foreach(node, history, depth, asked, step)
        return
    opened = bool(node.lanes) and asked.is_open(node.key, True)
    yield Place(node, depth, key=node.key if node.lanes else "", opened=opened)
    if opened:
        for lane in content(node):
            yield from plan(lane.node, history, depth + 1, asked, step)


def _foreach(node: Drawn, history: History, depth: int, asked: Selection, step: str) -> Iterator[Place]:
    """Yield a foreach and its items: all when they are few or it was opened, else those that are not done."""
    record = history.find(node.path)
    items = history.items[record.path] if record is not None else None
    if record is None or items is None:
        yield Place(node, depth)
        return
    is_few = items.total <= ITEMS_SHOWN
    opened = asked.is_open(node.key, is_few or step.startswith(f"{node.path}["))
    yield Place(node, depth, key=node.key if items.next else "", opened=opened)
    closed = () if is_few else sorted(items.open)[:ITEMS_SHOWN]
    for index in range(items.next) if opened else closed:
        item = history.records.get(f"{record.path}[{index}]")
        if item is not None:
            yield from _item(Place(node, depth + 1, index), history, item.role == "nested", asked, step)


def _item(place: Place, history: History, is_box: bool, asked: Selection, step: str) -> Iterator[Place]:
    """Yield an item, and what is in it if it is a box that was opened or holds the selected step."""
    path = f"{place.node.path}[{place.index}]"
    opened = is_box and asked.is_open(path, step == path or step.startswith(f"{path}."))
    yield replace(place, key=path if is_box else "", opened=opened)
    if opened and place.node.item is not None and place.index is not None:
        for lane in content(place.node.item(place.index)):
            yield from plan(lane.node, history, place.depth + 1, asked, step)


def content(node: Drawn) -> tuple[Lane, ...]:
    """Give the lanes of a box; when all it holds is one fork, that fork's lanes."""
    lanes = node.lanes
    while node.path and len(lanes) == 1 and not lanes[0].node.path and lanes[0].node.lanes:
        lanes = lanes[0].node.lanes
    return lanes


def row_of(place: Place | Match, history: History, step: str) -> Row:
    """Make the row of a place."""
    if isinstance(place, Match):
        return _record_row(place.record, place.path, place.name, 0, history, place.now, selected=place.path == step)
    if place.index is not None:
        path = f"{place.node.path}[{place.index}]"
        record = history.find(path)
        name, now = _("item %s") % place.index, place.node.now
        row = _record_row(record, path, name, place.depth, history, now, selected=path == step)
        return replace(row, key=place.key, opened=place.opened)
    return _node_row(place, history)


def _node_row(place: Place, history: History) -> Row:
    node = place.node
    record = history.find(node.path) if node.path else None
    name = node.name if node.drawing != "fork" else node.description or kind_word(node.kind).capitalize()
    return Row(
        path=node.path,
        name=place.name or name,
        status=node.status,
        depth=place.depth,
        took=node.took,
        since=node.started_at if node.is_open else None,
        words=node.words,
        retries=node.retries,
        count=node.strip.total if node.strip else None,
        failed=node.strip.failed if node.strip else 0,
        passes=node.passes,
        breaks=node.breaks,
        selected=node.selected,
        key=place.key,
        opened=place.opened,
        bars=tuple(_bars(node, record, history)),
    )


def _record_row(
    record: Record | None, path: str, name: str, depth: int, history: History, now: int, *, selected: bool
) -> Row:
    """Make the row of one record: an item of a foreach, or something that was looked for."""
    if record is None:
        return Row(path, name, "pending", depth, None, None, status_word("pending"), selected=selected)
    status = final(shown_status(record), history.finished)
    start, end = record.started_at, record.ended_at
    is_open = status in BUSY and end is None
    return Row(
        path=path,
        name=name,
        status=status,
        depth=depth,
        took=None if start is None else (now if end is None else end) - start,
        since=start if is_open else None,
        words=step_word(status, record.role),
        retries=tries if (tries := tries_of(record)) > 1 else 0,
        selected=selected,
        bars=tuple(bars_of(record)),
    )


def _bars(node: Drawn, record: Record | None, history: History) -> Iterator[Bar]:
    if node.lanes:
        if node.started_at is not None:
            yield Bar("group", node.status, node.started_at, None if node.is_open else node.ended_at)
    elif record is not None:
        for occurrence in passes_of(record, history):
            yield from bars_of(occurrence)


def passes_of(record: Record, history: History, most: int = PASSES_SHOWN) -> list[Record]:
    """Find the records of all passes of a loop's body, the last ones when they are many; else the one."""
    found = loop_pass(record.path)
    if found is None:
        return [record]
    base, last = found
    numbers = range(max(1, last - most + 1), last + 1)
    return [r for n in numbers if (r := history.records.get(f"{base}#{n}")) is not None]


def bars_of(record: Record) -> Iterator[Bar]:
    """Yield the bars of one record: its tries, and what lies between and after them."""
    status = shown_status(record)
    if not record.tries and record.started_at is not None:
        yield Bar(status if status == "waiting" else "waiting", status, record.started_at, record.ended_at)
    for this, following in pairwise((*record.tries, None)):
        if this is None:
            return
        failed = this.status in ("failed", "lost") and (following is not None or status in ("waiting", "ready"))
        shown = status if following is None and status == "tripwire" else this.status
        shown = "success" if shown == "suspended" else shown
        yield Bar("try" if failed else shown, "failed" if failed else shown, this.started_at, this.ended_at)
        if this.ended_at is None:
            return
        until = following.started_at if following else None
        if this.status == "suspended":
            answered = record.resumed_at if status == "ready" or following is None else until
            kind = "waiting" if record.role == "event" else "suspended"
            yield Bar(kind, kind, this.ended_at, answered)
        elif following is not None:
            yield Bar("queued", "pending", this.ended_at, until)
        elif status == "waiting":
            yield Bar("waiting", "waiting", this.ended_at, None)
        if following is None and status == "ready":
            yield Bar("queued", "pending", record.resumed_at or this.ended_at, None)


def drawn_on(axis: Axis, bars: tuple[Bar, ...], now: int) -> tuple[Bar, ...]:
    """Give the bars that are on the axis their places."""
    return tuple(_placed(bar, axis, now) for bar in bars if axis.shows(bar.start, now if bar.end is None else bar.end))


def _placed(bar: Bar, axis: Axis, now: int) -> Bar:
    x = axis.place(bar.start)
    to = axis.place(now if bar.end is None else bar.end)
    return replace(bar, x=min(x, 100 - THINNEST), width=max(to - x, THINNEST))
