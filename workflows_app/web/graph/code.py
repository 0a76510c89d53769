"""The author's code behind a step, where it is there."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from workflows_app.engine import verbs
from workflows_app.engine.nodes import Step
from workflows_app.engine.workflow import Workflow
from workflows_app.web.graph.places import place_of


@dataclass(frozen=True, slots=True)
class Code:
    """A function's text, and the file and line it begins at; of a nested workflow its name."""

    where: str
    text: str
    workflow: str = ""
    effects: tuple[str, ...] = ()


def code_of(workflow: Workflow | None, path: str) -> Code | None:
    """Find the code of the step at a path; none when it is not there."""
    node = verbs.place_of(workflow, path) if workflow is not None else None
    inner = getattr(node, "workflow", None)
    if inner is not None:
        return Code("", "", workflow=inner.id)
    if not isinstance(node, Step):
        return None
    return Code(*authored(node), effects=node.effects)


def authored(step: Step) -> tuple[str, str]:
    """Find where the author's code of a step stands, and its text; of what is the engine's own there is none."""
    if "sources" in step.options:
        return "", step.source
    if getattr(inspect.unwrap(step.execute), "__module__", "").partition(".")[0] == "workflows_app":
        return "", ""
    where = place_of(step.execute)
    return where, step.source if where else ""
