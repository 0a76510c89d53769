"""What a filter of the timeline lets through: records by status and text, and the steps that made it take so long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workflows_app.engine.history import History
from workflows_app.engine.paths import is_helper, last_id, public
from workflows_app.engine.records import CONTAINERS, Record
from workflows_app.web.graph.drawn import Drawn
from workflows_app.web.graph.statuses import final, shown_status, tries_of

MEANT = {
    "failed": ("failed", "tripwire"),
    "waiting": ("suspended", "waiting", "paused"),
    "running": ("running", "ready"),
    "success": ("success", "bailed"),
}


@dataclass(frozen=True, slots=True)
class Match:
    """A step that a filter lets through; without a record it has not started."""

    path: str
    record: Record | None
    now: int
    name: str


def matching(root: Drawn, history: History, q: str, only: str) -> list[Match]:
    """Find the steps that match, in the order in which they began: every item and every pass for itself."""
    names = {node.path: node.name for node in root.leaves() if node.drawing == "pill"}
    found = [
        _match(address(record, history), record, root.now, names)
        for record in history.records.values()
        if _fits(record, history, only) and has_words(record.path, q)
    ]
    found.sort(key=began)
    waiting = (node.path for node in root.leaves() if node.status == "pending" and node.path)
    pending = [_match(path, None, root.now, names) for path in waiting if has_words(path, q)]
    return found if only else found + pending


def _match(path: str, record: Record | None, now: int, names: Mapping[str, str]) -> Match:
    """Name a step by its path, and by what it does where its id was made up."""
    name = names.get(path, "")
    return Match(path, record, now, name if name and name != last_id(path) else path)


def has_words(path: str, q: str) -> bool:
    """Tell whether a path has every word that is looked for in it."""
    return all(word in path.casefold() for word in q.casefold().split())


def began(match: Match) -> int:
    return match.record.started_at or 0 if match.record is not None else 0


def _fits(record: Record, history: History, only: str) -> bool:
    if is_helper(record.path):
        return False
    if only == "again":
        return tries_of(record) > 1
    status = final(shown_status(record), history.finished)
    return not only or (status in MEANT[only] and record.role not in CONTAINERS)


def address(record: Record, history: History) -> str:
    """Give the address of a record: the public one, unless that means a later pass or try."""
    path = public(record.path)
    return path if history.latest.get(path) == record.path else record.path


def critical(root: Drawn) -> frozenset[str]:
    """Name the nodes that the run's time went into: of lanes side by side, the one that ended last."""
    return frozenset(_critical(root))


def _critical(node: Drawn) -> Iterator[str]:
    if node.started_at is None:
        return
    yield node.key
    lanes = [lane.node for lane in node.lanes if lane.node.started_at is not None]
    if node.drawing == "fork" and lanes:
        lanes = [max(lanes, key=lambda one: (one.ended_at is None, one.ended_at or 0))]
    for lane in lanes:
        yield from _critical(lane)
