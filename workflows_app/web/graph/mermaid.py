"""A workflow's graph as Mermaid text, for documents in which such text is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.engine.history import History
from workflows_app.engine.workflow import Workflow
from workflows_app.web.graph.drawn import Drawn
from workflows_app.web.graph.flow import draw

SHAPES: Final[Mapping[str, tuple[str, str]]] = {"pill": ("([", "])"), "stack": ("[[", "]]")}
ESCAPES: Final = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "&": "#amp;"}


def as_mermaid(workflow: Workflow) -> str:
    """Write a flowchart from a start to an end; a loop and a nested workflow are boxes around what is in them."""
    pen = _Pen(["flowchart LR", f'  start(("{escaped(_("Start"))}"))'])
    ends = pen.draw(draw(workflow.root, History(), 0), ["start"], "", 1)
    pen.line(1, f'done(("{escaped(_("End"))}"))')
    pen.lead(ends, "done", "")
    return "\n".join([*pen.lines, *pen.arrows, ""])


@dataclass
class _Pen:
    """Writes nodes where they stand, and all arrows behind them, since an arrow may leave a box."""

    lines: list[str]
    arrows: list[str] = field(default_factory=list)
    nodes: int = 0
    boxes: int = 0

    def line(self, depth: int, text: str) -> None:
        self.lines.append(f"{'  ' * depth}{text}")

    def lead(self, before: Sequence[str], to: str, words: str) -> None:
        label = f'|"{escaped(words)}"|' if words else ""
        self.arrows += [f"  {one} -->{label} {to}" for one in before]

    def draw(self, node: Drawn, before: list[str], words: str, depth: int) -> list[str]:
        """Write a node that some others lead to. Returns those that lead on from it."""
        match node.drawing:
            case "seq":
                for lane in node.lanes:
                    before, words = self.draw(lane.node, before, words, depth), ""
                return before
            case "fork":
                ends = [self.draw(lane.node, before, joined(words, lane.words or ""), depth) for lane in node.lanes]
                passed_by = [before] if node.kind == "when" and len(node.lanes) == 1 else []
                return list(dict.fromkeys(end for some in (*ends, *passed_by) for end in some))
            case "group":
                return self.box(node, before, words, depth)
        self.nodes += 1
        name = f"n{self.nodes}"
        left, right = SHAPES.get(node.drawing, ("[", "]"))
        self.line(depth, f'{name}{left}"{escaped(node.name)}"{right}')
        self.lead(before, name, words)
        return [name]

    def box(self, node: Drawn, before: list[str], words: str, depth: int) -> list[str]:
        self.boxes += 1
        first = f"n{self.nodes + 1}"
        self.line(depth, f'subgraph g{self.boxes}["{escaped(node.name)}"]')
        for lane in node.lanes:
            before, words = self.draw(lane.node, before, words, depth + 1), ""
        self.line(depth, "end")
        if node.kind == "loop":
            self.arrows += [f'  {end} -.->|"{escaped(_("again"))}"| {first}' for end in before]
        return before


def joined(*words: str) -> str:
    return _(" and ").join(filter(None, words))


def escaped(text: str) -> str:
    """Write a text so that it cannot be taken for Mermaid or HTML."""
    return "".join(ESCAPES.get(character, character) for character in " ".join(text.split()))
