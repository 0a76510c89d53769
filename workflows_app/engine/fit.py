"""Whether the steps of a workflow fit one another: what a commit warns of, without refusing it.

The walk carries what reaches each node through the constructs, as schemas say it, and holds it against what
the node takes. A warning is given only for what can never fit; what is not declared may be anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .nodes import Branch, Deadline, ForEach, Loop, Nested, Node, Parallel, Sequence, Sleep, Step, WaitForEvent, When
from .nodes.mapping import Const, FromInit, FromStep, Source, Template
from .schema import ANY, Schema
from .shapes import TEXT, Misfit, Shape, Shapes, any_of, core_of_value, object_of

SHOWN = 4
"""How many members a warning names."""
MOST = 50
"""How many warnings a workflow keeps; the others show once these are mended."""


@dataclass(frozen=True, slots=True)
class FitWarning:
    """Two schemas that cannot fit: the step that would fail, and the field, empty for the whole value."""

    step: str
    field: str
    message: str


class Given(NamedTuple):
    """A value on its way: what it looks like, and where it comes from in words."""

    shape: Shape
    words: str


UNKNOWN = Given(ANY, "input")


def warnings_of(workflow: Any) -> tuple[FitWarning, ...]:
    """Find what can never fit in a workflow. Nested ones that declare their input have their own warnings."""
    walk = Walk(workflow, workflow.validate_inputs)
    last = walk.through()
    name = workflow.entries[-1].output_id
    walk.compare(last, workflow.output_schema, name, f"the output of {workflow.id}")
    return tuple(dict.fromkeys(walk.found))[:MOST]


@dataclass(slots=True)
class Walk:
    """One way through a workflow: what its steps gave so far, and the warnings found."""

    workflow: Any
    validates: bool
    prefix: str = ""
    reached: Given = UNKNOWN
    shapes: Shapes = field(default_factory=Shapes)
    outputs: dict[str, Given] = field(default_factory=dict)
    found: list[FitWarning] = field(default_factory=list)

    def through(self) -> Given:
        """Walk from the workflow's input to what its last entry gives."""
        workflow = self.workflow
        if workflow.input_schema:
            self.reached = Given(workflow.input_schema, f"input of {workflow.id}")
        return self.sequence(workflow.entries, self.reached)

    def compare(self, given: Given, wanted: Schema, step: str, taker: str) -> None:
        """Warn if the value can never be what is wanted."""
        misfit = self.shapes.misfit(given.shape, wanted)
        if misfit is not None:
            message = sentence(given.words, misfit, taker)
            self.found.append(FitWarning(f"{self.prefix}{step}", misfit.field, message))

    def reach(self, given: Given, node: Node, times: str = "") -> None:
        """Warn if the value that reaches a step or nested workflow will be refused as its input."""
        wanted: Schema | None = None
        if isinstance(node, Step):
            wanted = node.input_schema
        elif isinstance(node, Nested) and node.parse is not None:
            wanted = node.parse.input_schema
        if wanted is not None and self.validates:
            self.compare(given, wanted, node.id, f"{self.prefix}{node.id}{times}")

    def node(self, node: Node, given: Given) -> Given:
        """Walk through a node, and note what it gives under its id."""
        output = self._through(node, given)
        self.outputs[node.id] = output
        return output

    def _through(self, node: Node, given: Given) -> Given:
        match node:
            case Step(role="map"):
                return self._map(node)
            case Step():
                self.reach(given, node)
                return Given(node.output_schema, self._output_of(node.id))
            case Nested():
                return self._nested(node, given)
            case Sequence():
                return self.sequence(node.nodes, given)
            case Deadline():
                return self.node(node.node, given)
            case Parallel():
                return self._parallel(node, given)
            case Branch():
                return self._branch(node, given)
            case When():
                taken = self.node(node.node, given)
                other = given if node.otherwise is None else self.node(node.otherwise, given)
                return Given(any_of([taken.shape, other.shape]), taken.words)
            case Loop():
                return self._loop(node, given)
            case ForEach():
                return self._foreach(node, given)
            case Sleep():
                return given
            case WaitForEvent():
                return Given(node.schema, self._output_of(node.id))
        return UNKNOWN

    def _output_of(self, name: str) -> str:
        return f"output of {self.prefix}{name}"

    def sequence(self, nodes: Iterable[Node], given: Given) -> Given:
        for node in nodes:
            given = self.node(node, given)
        return given

    def _parallel(self, node: Parallel, given: Given) -> Given:
        outputs = {member.output_id: self.node(member, given).shape for member in node.nodes}
        if node.on_error == "collect":
            outputs = {name: {"type": "nullable", "schema": shape} for name, shape in outputs.items()}
        made = object_of({name: (shape, True) for name, shape in outputs.items()})
        return Given(made, self._together("parallel", outputs))

    def _branch(self, node: Branch, given: Given) -> Given:
        """Every arm may be left out, so none of the keys is certain."""
        outputs = {arm.output_id: self.node(arm, given).shape for arm in node.children()}
        made = object_of({name: (shape, False) for name, shape in outputs.items()})
        return Given(made, self._together("branch", outputs))

    def _together(self, kind: str, names: Iterable[str]) -> str:
        listed = [f"{self.prefix}{name}" for name in names]
        more = [] if len(listed) <= SHOWN else ["…"]
        return f"output of the {kind} of {', '.join([*listed[:SHOWN], *more])}"

    def _loop(self, node: Loop, given: Given) -> Given:
        output = self.node(node.body, given)
        self.reach(output, node.body, " in its next pass")
        return output

    def _foreach(self, node: ForEach, given: Given) -> Given:
        items = self.shapes.items(given.shape)
        name = f"{self.prefix}{node.body.id}"
        if items is None:
            self.found.append(FitWarning(name, "", f"{given.words} is no list, and {name} takes the items of one"))
        item = self.node(node.body, Given(items or ANY, f"each item of {given.words}"))
        output = self.outputs[node.body.id] = Given({"type": "list", "items_schema": item.shape}, item.words)
        return output

    def _nested(self, node: Nested, given: Given) -> Given:
        inner = node.workflow
        self.reach(given, node)
        words = self._output_of(node.id)
        if inner.output_schema and inner.input_schema:
            return Given(inner.output_schema, words)
        below = Walk(inner, self.validates, f"{self.prefix}{node.id}.", given, self.shapes)
        last = below.through()
        if not inner.input_schema:
            self.found += below.found
        return Given(inner.output_schema or last.shape, words)

    def _map(self, node: Step) -> Given:
        sources = node.options.get("sources")
        words = self._output_of(node.id)
        if sources is None:
            return Given(ANY, words)
        read = {key: (self._source(source, node.id), True) for key, source in sources.items()}
        return Given(object_of(read), words)

    def _source(self, source: Source, node_id: str) -> Shape:
        match source:
            case Const(value):
                return core_of_value(value)
            case Template():
                return TEXT
            case FromInit(path):
                return self._read(self.reached, path, node_id)
            case FromStep(steps, path):
                return any_of([self._read(self.outputs.get(step, UNKNOWN), path, node_id) for step in steps])
        return ANY

    def _read(self, given: Given, path: str, node_id: str) -> Shape:
        found = self.shapes.at(given.shape, path)
        if not isinstance(found, str):
            return found
        name = f"{self.prefix}{node_id}"
        self.found.append(FitWarning(name, found, f"{given.words} lacks field {found} read by {name}"))
        return ANY


def sentence(words: str, misfit: Misfit, taker: str) -> str:
    """Put a misfit in words."""
    match misfit.way:
        case "lacks":
            return f"{words} lacks field {misfit.field} required by {taker}"
        case "refused":
            return f"{words} has field {misfit.field} refused by {taker}"
    where = f" in field {misfit.field}" if misfit.field else ""
    return f"{words} gives {misfit.given}{where} where {taker} takes {misfit.wanted}"
