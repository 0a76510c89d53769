"""Conditions: where they are recorded, and what their answer means."""

from __future__ import annotations

from workflows_app.engine.outcomes import Done, Outcome

from .base import Cursor, Node


def first_id(node: Node) -> str:
    """Name the step that an arm begins with: its condition is recorded under it."""
    return next(iter(node.members())).id


def condition_path(at: Cursor, node: Node) -> str:
    return f"{at.path(first_id(node))}/condition"


def holds(answer: Outcome) -> bool:
    """Tell whether the condition said yes; one that raised says no."""
    return type(answer) is Done and answer.output.text == "true"
