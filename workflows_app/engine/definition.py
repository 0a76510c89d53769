"""A definition as a whole: what must hold of its graph before a run may follow it, and the graph's fingerprint."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .errors import DuplicateStepId, UnknownReference
from .nodes import Node


def check_graph(name: str, members: list[Node]) -> None:
    """Refuse a graph in which two steps have one id, or which reads a step that it lacks.

    Raises: DuplicateStepId, UnknownReference
    """
    known: set[str] = set()
    for node in members:
        if node.id in known:
            raise DuplicateStepId(
                f"The workflow {name!r} has two steps with the id {node.id!r}. "
                f'Use clone_step(step, id="…") for the second one.'
            )
        known.add(node.id)
    for node in members:
        unknown = set(getattr(node, "options", {}).get("reads", ())) - known
        if unknown:
            raise UnknownReference(f"{node.id!r} reads {sorted(unknown)}; the workflow has {sorted(known)}.")


def fingerprint_of(root: Node) -> str:
    """Hash the shape of a graph: ids, kinds and nesting, not the code."""
    # Not by the encoder of values, whose limit of depth a graph need not keep.
    text = json.dumps(outline(root), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def outline(node: Node) -> list[Any]:
    inner = getattr(node, "workflow", None)
    children = [outline(inner.root)] if inner is not None else [outline(child) for child in node.children()]
    return [node.kind, node.id, getattr(node, "role", ""), children]
