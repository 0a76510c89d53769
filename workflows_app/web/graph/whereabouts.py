"""Where a step stands in its graph, in words, and what comes after it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from workflows_app.web.graph.drawn import Drawn, Lane, find


def where(flow: Drawn, path: str) -> str:
    """Say where a step stands: the boxes around it and the arm that led to it."""
    return " · ".join(
        _("when %s") % lane.words if lane.words and lane.node.drawing != "group" else _("in %s") % lane.node.name
        for lane in trail(flow, path)
        if lane.words or (lane.node.drawing in ("group", "stack") and lane.node.path != path)
    )


def trail(node: Drawn, path: str) -> list[Lane]:
    """Find the lanes that lead to a path, outermost first."""
    target = find(node, path)
    for lane in node.lanes:
        if target is not None and any(inner is target for inner in lane.node.walk()):
            return [lane, *trail(lane.node, path)]
    return []
