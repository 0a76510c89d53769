"""What comes after a step, as somebody who answers it should know: the next steps, or the arms of a branch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.engine.paths import is_below
from workflows_app.engine.verbs import place_of
from workflows_app.engine.workflow import Workflow
from workflows_app.web.approvals.answering import Choice
from workflows_app.web.graph.drawn import Drawn, Lane

NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Follow:
    """What comes after the step: where it goes, on which condition, and after which decisions as far as known.

    `acts` is what it declares to do to the outside world, `note` how long it sleeps.
    """

    name: str
    words: str = ""
    choices: tuple[str, ...] = ()
    note: str = ""
    acts: tuple[str, ...] = ()


def follows_of(flow: Drawn, path: str, choices: Sequence[Choice], workflow: Workflow | None = None) -> Iterator[Follow]:
    """Say what comes after the step: the next few steps, or the arms of a branch with their conditions."""
    for node in later(flow, path)[:NAMED]:
        if node.kind == "branch":
            for lane in node.lanes:
                words, named = lane.words or "", tuple(named_in(lane, choices))
                yield Follow(lane.node.name, words, named, acts=acts_of(lane.node, workflow))
            return
        yield Follow(name_of(node), note=node.note, acts=acts_of(node, workflow))


def acts_of(node: Drawn, workflow: Workflow | None) -> tuple[str, ...]:
    """Gather what a part of the graph declares to do to the outside world."""
    places = (place_of(workflow, inner.path) for inner in node.leaves() if workflow is not None and inner.path)
    return tuple(dict.fromkeys(act for place in places for act in getattr(place, "effects", ())))


def later(node: Drawn, path: str) -> list[Drawn]:
    """Find what stands behind a step: next to it, then next to what it stands in. Mappings are passed by."""
    for at, lane in enumerate(node.lanes):
        if holds(lane.node, path):
            behind = [other.node for other in node.lanes[at + 1 :]] if node.drawing == "seq" else []
            return later(lane.node, path) + [one for one in behind if one.kind != "map"]
    return []


def holds(node: Drawn, path: str) -> bool:
    """Tell whether a path is a node of this part of the graph, or an item of one."""
    return any(inner.path and is_below(path, inner.path) for inner in node.walk())


def name_of(node: Drawn) -> str:
    """Name a part of the graph; one that has no name of its own by what is in it."""
    if node.drawing != "fork":
        return node.name
    names = [lane.node.name for lane in node.lanes]
    return _(" or ").join(names) if node.kind == "branch" else " + ".join(names)


def named_in(lane: Lane, choices: Sequence[Choice]) -> Iterator[str]:
    """Name the decisions that a condition speaks of by their value."""
    said = f"{lane.words or ''} {lane.source or ''}"
    for choice in choices:
        if isinstance(choice.data, str) and re.search(rf"\b{re.escape(choice.data)}\b", said, re.IGNORECASE):
            yield choice.title
