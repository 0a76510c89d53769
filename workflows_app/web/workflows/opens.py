"""Where the open runs of a workflow are: how many on each step of its graph, and on steps that it lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from django.core.cache import cache
from django.utils.translation import gettext as _

from workflows_app.engine.workflow import Workflow
from workflows_app.models import Run
from workflows_app.rights import seen
from workflows_app.web.graph.drawn import Drawn
from workflows_app.web.runs.rows import on_steps
from workflows_app.web.workflows.versions import last_with

REMEMBERED: Final = 2
"""Seconds for which everybody who looks at a workflow gets the same counts."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A step that open runs are on and that the workflow does not have any more."""

    path: str
    count: int
    version: int | None


def open_on(workflow_id: str) -> dict[str, int]:
    """Count the open runs on each step of a workflow."""
    key = f"workflows.open.{sha256(workflow_id.encode()).hexdigest()}"
    found: dict[str, int] | None = cache.get(key)
    if found is None:
        runs = seen(Run.objects.open().filter(workflow_id=workflow_id))
        found = {step: place.count for (_name, step), place in on_steps(runs).items()}
        cache.set(key, found, REMEMBERED)
    return found


def words_of(counts: Mapping[str, int]) -> dict[str, str]:
    return {path: _("%(count)s open") % {"count": f"{count:,}"} for path, count in counts.items()}


def noted(drawn: Drawn, words: Mapping[str, str]) -> Drawn:
    """Write the counts onto the nodes of a graph; what holds open runs is open."""
    lanes = tuple(replace(lane, node=noted(lane.node, words)) for lane in drawn.lanes)
    is_open = drawn.open or any(inner.path in words for inner in drawn.walk())
    return replace(drawn, lanes=lanes, note=words.get(drawn.path) or drawn.note or _("none open"), open=is_open)


def lost_steps(workflow: Workflow, counts: Mapping[str, int]) -> list[Lost]:
    """List the steps that runs are on although the graph lacks them."""
    lost = []
    for path, count in counts.items():
        if path not in workflow.places:
            version = last_with(workflow.id, path)
            lost.append(Lost(path, count, version.number if version else None))
    return lost
