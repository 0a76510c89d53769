"""The tree of a workflow and the state of a run, joined into the nested lists the graph is drawn from.

`draw` walks the tree once and gives a Drawn for every node: its public path, name, status, times and, inside
it, lanes. CSS lays the lists out, so nothing here knows widths or directions, and no kind of node is known by
name: a node says by `drawing`, `edges()` and `ordered` how it wants to be shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from workflows_app.engine.drift import place
from workflows_app.engine.history import History
from workflows_app.engine.nodes import Edge, Node
from workflows_app.engine.paths import public
from workflows_app.engine.records import CONTAINERS, Record
from workflows_app.web.graph.drawn import Drawn, Lane, folded, strip_of, thinned
from workflows_app.web.graph.statuses import BUSY, STOPPED, combined, final, shown_status, states_of, tries_of
from workflows_app.web.values.labels import label_of, name_of, words_of

ITEM = re.compile(r"\[(\d+)\]")


def draw(root: Node, history: History, now: int, selected: str = "") -> Drawn:
    """Draw a workflow's root for one run."""
    return thinned(_Pen(history, now, selected).draw(root, "", "", dead=False))


@dataclass(frozen=True, slots=True)
class _Pen:
    history: History
    now: int
    selected: str

    def draw(self, node: Node, prefix: str, real: str, dead: bool) -> Drawn:
        """Draw a node below a public prefix; `real` is the same prefix with its passes and tries."""
        path = node.place(prefix)
        record = self.history.find(path)
        is_stack = node.drawing == "stack"
        lanes = () if is_stack else self._lanes(node, prefix, real, dead)
        name = name_of(node, path)
        drawn = Drawn(
            kind=node.kind,
            drawing=node.drawing,
            name=name,
            note=label_of(node) if node.drawing == "pill" and label_of(node) != name else "",
            key=path,
            path=path if record is not None or not lanes or self._opens(node, prefix) else "",
            description=node.description,
            now=self.now,
            lanes=lanes,
            status="skipped" if dead and record is None else shown_status(record),
            breaks=self._breaks(path),
            selected=path == public(self.selected) or (is_stack and self.selected.startswith(f"{path}[")),
        )
        drawn = self._timed(drawn, record) if record is not None else self._derived(drawn)
        if drawn.drawing == "seq":
            drawn = replace(drawn, lanes=folded(drawn.lanes))
        if is_stack:
            drawn = self._opened(drawn, node, prefix, real)
        return replace(drawn, open=not lanes or drawn.focus or drawn.status not in ("pending", "skipped"))

    def _breaks(self, path: str) -> bool:
        """Tell whether the run pauses before a node; of a foreach before the whole, not before its items."""
        if not self.history.breakpoints or self.history.finished or path.endswith("]"):
            return False
        return place(path) in self.history.breakpoints

    def _opened(self, drawn: Drawn, node: Node, prefix: str, real: str) -> Drawn:
        """Let a foreach draw its items, and open the selected one if there is something in it."""

        def item(index: int) -> Drawn:
            body = node.edges()[0].node
            marked = replace(body, id=f"{body.id}[{index}]")
            return replace(self.draw(marked, prefix, real, dead=False), name=_("item %s") % index)

        drawn = replace(drawn, item=item)
        asked = ITEM.match(self.selected, len(drawn.path)) if drawn.selected else None
        shown = item(int(asked[1])) if asked else None
        return replace(drawn, shown=shown) if shown is not None and shown.lanes else drawn

    def _opens(self, node: Node, prefix: str) -> bool:
        """Tell whether the node's children stand below a path of its own."""
        return node.inside(prefix, self.history) != prefix

    def _lanes(self, node: Node, prefix: str, real: str, dead: bool) -> tuple[Lane, ...]:
        inside = node.inside(prefix, self.history)
        if inside != prefix:
            prefix, real = public(inside), inside
        edges = node.edges()
        answers = [self._answer(edge, real) for edge in edges]
        drawn = [self.draw(edge.node, prefix, real, dead) for edge in edges]
        if any(edge.helper for edge in edges) and not dead:
            drawn = self._passed_by(edges, answers, drawn, prefix, real)
        return tuple(
            Lane(child, None, None, answer)
            if node.drawing == "group"
            else Lane(child, words_of(edge.label), edge.label, answer)
            for edge, answer, child in zip(edges, answers, drawn, strict=True)
        )

    def _passed_by(
        self, edges: tuple[Edge, ...], answers: list[bool | None], drawn: list[Drawn], prefix: str, real: str
    ) -> list[Drawn]:
        """Show as skipped the arms that were asked and not taken."""
        begun = any(child.status not in ("pending", "skipped") for child in drawn)
        return [
            self.draw(edge.node, prefix, real, dead=True)
            if child.status == "pending" and (answer is False or begun)
            else child
            for edge, answer, child in zip(edges, answers, drawn, strict=True)
        ]

    def _answer(self, edge: Edge, real: str) -> bool | None:
        record = self.history.records.get(f"{real}{edge.helper}") if edge.helper else None
        if record is None or record.status not in ("success", "failed"):
            return None
        return record.output is not None and record.output.loaded and record.output.data is True

    def _timed(self, drawn: Drawn, record: Record) -> Drawn:
        items = self.history.items.get(record.path)
        open_ones = states_of(record.path, items, self.history) if items is not None else {}
        inner = [*(lane.node.status for lane in drawn.lanes), *open_ones.values()]
        status = combined(inner, self.history.finished) if drawn.status == "running" and inner else drawn.status
        status = status if status in BUSY or self.history.finished else drawn.status
        if record.role in CONTAINERS:
            status = self._held(status, inner)
        since = record.suspended_at if record.status == "suspended" else None
        return replace(
            drawn,
            status=final(status, self.history.finished),
            started_at=record.started_at if since is None else since,
            ended_at=None if drawn.status == "waiting" else record.ended_at,
            due=record.due,
            tries=tries_of(record),
            passes=record.iteration_count,
            strip=strip_of(items, open_ones, self.history.finished) if items is not None else None,
        )

    def _held(self, status: str, inner: list[str]) -> str:
        """Show a box of a paused run as paused, unless something in it still runs."""
        is_held = status == "running" and self.history.status == "paused" and "running" not in inner
        return "paused" if is_held else status

    def _derived(self, drawn: Drawn) -> Drawn:
        """Derive what a box is from what is in it, as it has no record of its own."""
        if not drawn.lanes:
            return drawn
        children = [lane.node for lane in drawn.lanes]
        begun = [child.started_at for child in children if child.started_at is not None]
        ended = [child.ended_at for child in children if child.ended_at is not None]
        inner = [child.status for child in children]
        status = self._held(combined(inner, self.history.finished), inner)
        return replace(
            drawn,
            status=status,
            started_at=min(begun, default=None),
            ended_at=max(ended, default=None) if status not in BUSY - STOPPED else None,
            passes=children[0].passes if drawn.drawing == "group" else None,
        )
