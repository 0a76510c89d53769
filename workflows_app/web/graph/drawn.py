"""What a graph is made of: nodes as they stand, the lanes inside them, and which stretches may fold away.

A graph of very many nodes is thinned: its quiet stretches are not sent to the page, only a pill that leads to
them. A smaller one is sent whole, and the page folds and unfolds by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from workflows_app.engine.paths import is_below
from workflows_app.engine.records import Items
from workflows_app.web.graph.statuses import BUSY, SETTLED, combined
from workflows_app.words import status_word, step_word

CELLS = 60
FOLD_FROM = 3
LANES = 40
THINNED_FROM = 250


@dataclass(frozen=True, slots=True)
class Strip:
    """The items of a foreach as a row of cells: one per item, or one per bucket when there are many."""

    total: int
    done: int
    failed: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """A stretch of a sequence that may be shown as one pill; `path` leads to its first step."""

    steps: int
    status: str
    took: int | None
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One node of the graph as it stands now. Instants and durations are microseconds.

    `path` is empty for a box that has no record; `key` tells every node apart. A foreach draws any of its items
    by `item`; `shown` is the one that is open.
    """

    kind: str
    drawing: str
    name: str
    key: str = ""
    path: str = ""
    status: str = "pending"
    description: str | None = None
    note: str = ""
    started_at: int | None = None
    ended_at: int | None = None
    due: int | None = None
    now: int = 0
    tries: int = 0
    passes: int | None = None
    strip: Strip | None = None
    lanes: tuple[Lane, ...] = ()
    selected: bool = False
    breaks: bool = False
    open: bool = True
    shown: Drawn | None = None
    item: Callable[[int], Drawn] | None = field(default=None, repr=False, compare=False)

    @property
    def templates(self) -> tuple[str, ...]:
        return f"flow/_{self.kind}.html", f"flow/_{self.drawing}.html", "flow/_group.html"

    @property
    def words(self) -> str:
        """Say how it stands; a box waits for an event where nothing in it waits for anything else."""
        if self.status != "waiting":
            return status_word(self.status)
        inside = {node.kind for node in self.leaves() if node.status == "waiting"}
        return step_word(self.status, *(inside or {self.kind}))

    @property
    def took(self) -> int | None:
        """Measure from start to end, or to now while it is open."""
        if self.started_at is None:
            return None
        return max(0, (self.now if self.ended_at is None else self.ended_at) - self.started_at)

    @property
    def is_open(self) -> bool:
        return self.started_at is not None and self.ended_at is None and self.status in BUSY

    @property
    def left(self) -> int | None:
        return max(0, self.due - self.now) if self.due is not None and self.status == "waiting" else None

    @property
    def retries(self) -> int:
        """Count the tries when there was more than one."""
        return self.tries if self.tries > 1 else 0

    def walk(self) -> Iterator[Drawn]:
        yield self
        for lane in self.lanes:
            yield from lane.node.walk()

    def leaves(self) -> Iterator[Drawn]:
        """Yield what counts as a step: a node of its own, not a box around others."""
        return (node for node in self.walk() if not node.lanes)

    @property
    def steps(self) -> int:
        return sum(1 for _ in self.leaves())

    @property
    def taken(self) -> int:
        return sum(1 for lane in self.lanes if lane.node.status not in ("skipped", "pending"))

    @property
    def focus(self) -> bool:
        """Tell whether something in here asks for attention."""
        return any(node.selected or node.status in BUSY for node in self.walk())


@dataclass(frozen=True, slots=True)
class Lane:
    """A child with the words on its edge, whether it lies in a stretch that folds, and whether it is left out."""

    node: Drawn
    words: str | None = None
    source: str | None = None
    holds: bool | None = None
    folds: bool = False
    fold: Fold | None = None
    away: bool = False


def strip_of(items: Items, open_ones: Mapping[int, str], finished: bool) -> Strip:
    """Lay the items, of which some are not done, out as at most CELLS cells; a bucket shows the worst status in it."""
    size = -(-items.total // CELLS) or 1
    cells = []
    for first in range(0, items.total, size):
        span = range(first, min(first + size, items.total))
        states = {open_ones.get(i, "success" if i < items.next else "pending") for i in span}
        cells.append("failed" if "failed" in states else combined(states, finished))
    return Strip(items.total, items.done, list(open_ones.values()).count("failed"), tuple(cells))


def folded(lanes: tuple[Lane, ...]) -> tuple[Lane, ...]:
    """Mark the stretches of a sequence that fold: quiet neighbours, away from what asks for attention."""
    active = {i for i, lane in enumerate(lanes) if lane.node.focus}
    if not active:
        return lanes
    return _stretched(lanes, {j for i in active for j in (i - 1, i, i + 1)}, away=False)


def _stretched(lanes: tuple[Lane, ...], kept: set[int], *, away: bool) -> tuple[Lane, ...]:
    """Put the stretches between what is kept behind pills."""
    result = list(lanes)
    start = 0
    while start < len(lanes):
        end = start
        kind = lanes[start].node.status in SETTLED
        while end < len(lanes) and end not in kept and (lanes[end].node.status in SETTLED) is kind:
            end += 1
        if sum(lane.node.steps for lane in lanes[start:end]) >= FOLD_FROM:
            for index in range(start, end):
                result[index] = replace(lanes[index], folds=True, away=away)
            result[start] = replace(result[start], fold=fold_of([lane.node for lane in lanes[start:end]]))
        start = max(end, start + 1)
    return tuple(result)


def fold_of(nodes: list[Drawn]) -> Fold:
    """Sum up a stretch."""
    begun = [node.started_at for node in nodes if node.started_at is not None]
    ended = [node.ended_at for node in nodes if node.ended_at is not None]
    took = max(ended) - min(begun) if begun and ended else None
    status = "pending" if not begun else combined((node.status for node in nodes), finished=False)
    first = next((inner.path for node in nodes for inner in node.walk() if inner.path), "")
    return Fold(sum(node.steps for node in nodes), status, took, first)


def thinned(root: Drawn) -> Drawn:
    """Leave the quiet stretches of a large graph out of the page; a small one stays whole."""
    return _thin(root) if sum(1 for _ in root.walk()) > THINNED_FROM else root


def _thin(node: Drawn) -> Drawn:
    if not node.lanes:
        return node
    lanes = tuple(replace(lane, node=_thin(lane.node), folds=False, fold=None) for lane in node.lanes)
    last = len(lanes) - 1
    kept = {0, 1, last - 1, last} | {j for i, lane in enumerate(lanes) if lane.node.focus for j in range(i - 2, i + 3)}
    if node.drawing == "fork":
        kept = {i for i in range(len(lanes)) if i < LANES or i in kept}
    return replace(node, lanes=_stretched(lanes, kept, away=True))


def width_of(node: Drawn) -> int:
    """Estimate how many pixels the graph wants from left to right, to decide whether it should fold."""
    inner = [width_of(lane.node) + (90 if lane.words else 0) for lane in node.lanes]
    if not inner:
        return 165
    if node.drawing == "fork":
        return max(inner) + 40
    return sum(inner) + 24 * (len(inner) - 1) + (30 if node.drawing == "group" else 0)


def find(root: Drawn, path: str) -> Drawn | None:
    """Find the node drawn for a path; an item of a foreach is found at its foreach, unless it is open."""
    nodes = [node for node in root.walk() if node.path and is_below(path, node.path)]
    found = max(nodes, key=lambda node: len(node.path), default=None)
    inner = find(found.shown, path) if found is not None and found.shown is not None else None
    return inner or found
