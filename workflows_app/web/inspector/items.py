"""The items of a foreach and the passes of a loop, as a panel lists them: a page of many."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from workflows_app.engine.history import History
from workflows_app.engine.paths import loop_pass
from workflows_app.engine.records import Items, Record
from workflows_app.web.graph.statuses import final, shown_status, states_of, tries_of
from workflows_app.web.inspector.readings import Moment
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.values.jsontree import compact

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Item:
    index: int
    path: str
    status: str


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of a loop; `last` is the number of its last event."""

    number: int
    path: str
    status: str
    started_at: int | None
    took: int | None
    last: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of items or passes. `total` counts those that match, `all` every one."""

    items: tuple[Item, ...] = ()
    passes: tuple[Pass, ...] = ()
    first: int = 0
    total: int = 0
    all: int = 0
    failed: int = 0
    open: int = 0
    again: int = 0

    @property
    def last(self) -> int:
        return self.first + len(self.items) + len(self.passes)

    @property
    def jumps(self) -> dict[str, int]:
        found = {"first": 0, "earlier": max(0, self.first - PAGE)} if self.first else {}
        return found | ({"later": self.last, "last": (self.total - 1) // PAGE * PAGE} if self.last < self.total else {})


def items_of(record: Record, path: str, history: History, asked: Selection) -> Listed | None:
    """List the items of a foreach that are asked for; none when it is no foreach."""
    items = history.items.get(record.path)
    if items is None:
        return None
    states = states_of(record.path, items, history)
    kinds: dict[str, Collection[int]] = {
        "failed": [index for index, status in states.items() if status == "failed"],
        "open": states,
        "again": tried_again(record.path, history),
    }
    picked = sorted(kinds[asked.items]) if asked.items else range(items.total)
    found = [index for index in picked if _has(items, index, asked.find)]
    first = min(int(asked.skip or 0), max(0, len(found) - 1)) // PAGE * PAGE
    listed = [
        Item(i, f"{path}[{i}]", final(states.get(i, "success" if i < items.next else "pending"), history.finished))
        for i in found[first : first + PAGE]
    ]
    failed, still, again = (len(kinds[kind]) for kind in ("failed", "open", "again"))
    return Listed(tuple(listed), first=first, total=len(found), all=items.total, failed=failed, open=still, again=again)


def tried_again(path: str, history: History) -> set[int]:
    """Find the items of which something was tried more than once, in whatever is in them."""
    start = f"{path}["
    again = (at for at, record in history.records.items() if at.startswith(start) and tries_of(record) > 1)
    return {int(at[len(start) : at.index("]", len(start))]) for at in again}


def _has(items: Items, index: int, wanted: str) -> bool:
    """Tell whether an item is the one with that number, or has that text in it."""
    if not wanted:
        return True
    return str(index) == wanted.strip() or wanted.casefold() in compact(items.values[index]).casefold()


def passes_of(record: Record, path: str, moment: Moment, now: int, asked: Selection) -> Listed | None:
    """List the passes of a loop's body, the last ones when none are asked for; none when it is no loop's."""
    found = loop_pass(record.path)
    newest = moment.history.records.get(moment.history.latest.get(path, record.path))
    if found is None or newest is None:
        return None
    base, total = found[0], (loop_pass(newest.path) or found)[1]
    latest = max(0, total - PAGE)
    first = min(int(asked.skip), latest) if asked.skip else latest
    seqs = {event.path: seq for seq, event in moment.events_of(path)}
    numbers = range(first + 1, min(total, first + PAGE) + 1)
    listed = (_pass(moment.history, f"{base}#{number}", number, now, seqs) for number in reversed(numbers))
    return Listed(passes=tuple(listed), first=first, total=total, all=total)


def _pass(history: History, path: str, number: int, now: int, seqs: dict[str, int]) -> Pass:
    record = history.records.get(path)
    start = record.started_at if record is not None else None
    ended = record.ended_at if record is not None else None
    took = None if start is None else (now if ended is None else ended) - start
    return Pass(number, path, final(shown_status(record), history.finished), start, took, seqs.get(path, 0))
