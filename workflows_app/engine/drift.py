"""Whether a run can go on with the graph that its workflow has now.

A graph may change while runs are under way. A run goes on as long as everything it recorded still stands in
the graph as the same kind of thing; else it waits until somebody decides. That it goes on with another graph is
recorded: while old and new code run side by side, a process of the old one then leaves alone what only the new
one knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import events as e
from .errors import DefinitionChanged
from .events import Event, Instant
from .history import History
from .nodes import ForEach, Node
from .paths import ITEM, is_below, public
from .records import Record
from .workflow import Workflow


def is_same(workflow: Workflow, history: History) -> bool:
    """Tell whether a run goes by the very graph that the workflow has now."""
    return history.fingerprint in ("", workflow.fingerprint)


def place(path: str) -> str:
    """Drop the indexes of items too: where in the graph a path stands."""
    return ITEM.sub("", public(path))


def check_definition(workflow: Workflow, history: History) -> None:
    """Refuse to go on with a graph that lacks what is recorded. Raises: DefinitionChanged"""
    found = differences(workflow, history)
    if found:
        remedy = "Bring it back, or go on without it with force=True."
        raise DefinitionChanged(f"{in_words(workflow, found)} {remedy}", details=found)


def adopt(
    workflow: Workflow, history: History, now: Instant, *, force: bool = False, by: str | None = None
) -> list[Event]:
    """Go on with a changed graph where that is safe or wanted. Raises: DefinitionChanged"""
    if not force:
        check_definition(workflow, history)
    if is_same(workflow, history):
        return []
    lost = [e.StepCanceled(now, path) for path in open_and_gone(workflow, history)] if force else []
    return [e.RunMigrated(now, workflow.fingerprint, by), *lost]


def blocked_reason(workflow: Workflow, history: History) -> str | None:
    """Say why a run waits for a decision about its graph; None when it can go on."""
    found = differences(workflow, history)
    return in_words(workflow, found) if found else None


def in_words(workflow: Workflow, found: dict[str, list[str]]) -> str:
    gone, turned = found.get("gone"), found.get("changed")
    says = [f"has no {', '.join(gone)} any more"] if gone else []
    says += [f"has something else at {', '.join(turned)}"] if turned else []
    return f"The workflow {workflow.id!r} {' and '.join(says)}."


def differences(workflow: Workflow, history: History) -> dict[str, list[str]]:
    """Name the recorded places that are gone, and those that are of another kind now."""
    if is_same(workflow, history):
        return {}
    known = dict(kinds(workflow.root))
    recorded = [history.records[path] for path in history.latest.values()]
    gone = {place(record.path) for record in recorded if key_of(record) not in known}
    changed = {place(record.path) for record in recorded if kind_of(record) not in (None, known.get(key_of(record)))}
    found = {"gone": sorted(gone), "changed": sorted(changed - gone)}
    return {what: places for what, places in found.items() if places}


def open_and_gone(workflow: Workflow, history: History) -> list[str]:
    """List what is open with no place in the graph, where nobody would ever close it."""
    known = dict(kinds(workflow.root))
    gone = [path for path in history.latest.values() if key_of(history.records[path]) not in known]
    return [
        path for path, record in history.records.items() if record.is_open and any(is_below(path, one) for one in gone)
    ]


def kinds(node: Node, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield what is recorded where: places of the graph, items apart from their foreach, with their roles."""
    if isinstance(node, ForEach):
        body = node.place(prefix)
        yield body, node.kind
        for path, kind in kinds(node.body, prefix):
            yield (f"{path}[]" if path == body else path), kind
    elif node in node.members():
        path = node.place(prefix)
        yield path, getattr(node, "role", node.kind)
        inner = getattr(node, "workflow", None)
        if inner is not None:
            yield from kinds(inner.root, f"{path}.")
    else:
        for child in node.children():
            yield from kinds(child, prefix)


def key_of(record: Record) -> str:
    return f"{place(record.path)}[]" if record.path.endswith("]") else place(record.path)


def kind_of(record: Record) -> str | None:
    """Give what was recorded, where it is known: what was skipped never said what it is."""
    return record.role if record.tries or record.role != "step" else None
