"""The form of a time travel: which steps there are to go back to, and what may be different this time.

Each difference is a part of the form that is sent only when its switch is on; else what is recorded is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app import runtime
from workflows_app.engine.drift import place
from workflows_app.engine.history import History
from workflows_app.engine.rewind import takes
from workflows_app.engine.schema import ANY, NULL, Json, Schema, Value
from workflows_app.engine.verbs import place_of
from workflows_app.engine.workflow import Workflow
from workflows_app.web.forms import BoundForm, SchemaForm, Upload, form_from_schema
from workflows_app.web.graph.drawn import Drawn
from workflows_app.web.graph.flow import draw
from workflows_app.web.values.schemas import checked_by, json_schema_of
from workflows_app.words import size

LARGEST: Final = 65_536
OBJECT: Final = {"type": "object", "x-widget": "json"}
TITLES: Final = {
    "input": gettext_lazy("Give it another input"),
    "answer": gettext_lazy("Answer its question at once"),
    "results": gettext_lazy("Use other results of earlier steps"),
    "state": gettext_lazy("Begin with another state"),
    "context": gettext_lazy("Change the request context"),
}
HELP: Final = {
    "results": gettext_lazy("One result for each step, by its name. Leave the ones that stay."),
    "state": gettext_lazy("What is here replaces the state as it is now."),
    "context": gettext_lazy("What is here is added to the request context of the run."),
}


@dataclass(frozen=True, slots=True)
class Stop:
    """A step to go back to."""

    path: str
    words: str
    status: str
    depth: int

    @property
    def label(self) -> str:
        return "\u2003" * self.depth + self.words


@dataclass(frozen=True, slots=True)
class Part:
    """Something that may be different this time."""

    key: str
    form: SchemaForm
    on: bool = False
    left_out: int = 0

    @property
    def title(self) -> str:
        return str(TITLES[self.key])

    @property
    def help(self) -> str:
        if self.left_out:
            return _(
                "What is recorded is too large to be shown here (%s). It is used unless you write another."
            ) % size(self.left_out)
        return str(HELP.get(self.key, ""))


def stops_of(workflow: Workflow, history: History, target: str) -> list[Stop]:
    """List the steps in the order of the graph; an item of a list only when it is the one asked for."""
    stops = list(_stops(workflow, draw(workflow.root, history, 0), 0))
    if target and target not in {stop.path for stop in stops}:
        record = history.find(target)
        stops.append(Stop(target, target, record.status if record else "pending", 0))
    return stops


def _stops(workflow: Workflow, node: Drawn, depth: int) -> Iterator[Stop]:
    for lane in node.lanes:
        child = lane.node
        is_stop = bool(child.path) and place(child.path) in workflow.places
        if is_stop:
            yield Stop(child.path, child.name, child.status, depth)
        yield from _stops(workflow, child, depth + is_stop)


def parts_of(run_id: str, workflow: Workflow, history: History, target: str, reused: tuple[str, ...]) -> list[Part]:
    """Make the parts of the form, filled in with what is recorded."""
    node, record = place_of(workflow, target), history.find(target)
    asks = getattr(node, "resume_schema", None)
    values = {path: found.output for path in reused if "[" not in path and (found := history.find(path))}
    outputs = {path: value for path, value in values.items() if value is not None and value.size <= LARGEST}
    taken = record.input if record is not None else NULL
    load(run_id, [value for value in (history.state, history.context, taken) if not too_large(value)])
    load(run_id, list(outputs.values()))
    form = form_for(workflow, takes(workflow, target), "input", editable(taken))
    parts = [Part("input", form, left_out=too_large(taken))]
    if asks:
        parts.append(Part("answer", form_for(workflow, asks, "answer-now", None)))
    results = {path: value.data for path, value in outputs.items()}
    shown = results if sum(value.size for value in outputs.values()) <= LARGEST else {}
    parts.append(Part("results", results_form(workflow).initial(shown)))
    if workflow.state_schema:
        form = form_for(workflow, workflow.state_schema, "state", editable(history.state))
        parts.append(Part("state", form, left_out=too_large(history.state)))
    form = object_form("context")
    form = form if too_large(history.context) else form.initial(history.context.data)
    return [*parts, Part("context", form, left_out=too_large(history.context))]


def too_large(value: Value) -> int:
    """Give the size of a value that no form shows; 0 for one that is small enough to be edited."""
    return value.size if value.size > LARGEST else 0


def editable(value: Value) -> Json:
    return None if too_large(value) else value.data


def load(run_id: str, values: list[Value]) -> None:
    missing = [value for value in values if not value.loaded]
    if missing:
        runtime.call(runtime.get_engine().journal.resolve(run_id, missing))


def form_for(workflow: Workflow, schema: Schema, prefix: str, value: Json) -> SchemaForm:
    check = checked_by(schema if workflow.validate_inputs else ANY)
    form = form_from_schema(json_schema_of(schema), validate=check, prefix=prefix)
    return form if value is None else form.initial(schema.spoken(value))


def object_form(prefix: str) -> SchemaForm:
    return form_from_schema({**OBJECT, "title": _("As JSON")}, validate=is_object, prefix=prefix)


def is_object(value: object) -> list[dict[str, str]]:
    return [] if isinstance(value, dict) else [{"path": "", "message": _("This is a JSON object.")}]


def results_form(workflow: Workflow) -> SchemaForm:
    def check(value: object) -> list[dict[str, str]]:
        names = value if isinstance(value, dict) else {}
        unknown = [name for name in names if name not in workflow.places]
        return is_object(value) or [{"path": "", "message": _("There is no step %r.") % name} for name in unknown]

    return form_from_schema({**OBJECT, "title": _("As JSON")}, validate=check, prefix="results")


def bind(parts: list[Part], chosen: list[str], posted: Mapping[str, object], files: Mapping[str, Upload]) -> list[Part]:
    """Take what was sent for the parts whose switch is on."""
    return [
        replace(part, form=part.form.bind(posted, files), on=True) if part.key in chosen else part for part in parts
    ]


def given(parts: list[Part], history: History) -> dict[str, Any]:
    """Turn the parts that are on into the arguments of the verb."""
    values = {part.key: part.form.value for part in parts if isinstance(part.form, BoundForm)}
    names = {"input": "input_data", "answer": "resume_data", "state": "initial_state", "context": "request_context"}
    arguments = {names[key]: value for key, value in values.items() if key in names}
    return arguments | results_given(values.get("results"), history)


def results_given(results: object, history: History) -> dict[str, Any]:
    """Sort the results by the workflow they stand in; those that are as recorded are left out."""
    outer: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for path, output in (results if isinstance(results, dict) else {}).items():
        record = history.find(path)
        recorded = record.output if record is not None else None
        if recorded is not None and recorded.loaded and recorded.data == output:
            continue
        where, _, name = path.rpartition(".")
        (nested.setdefault(where, {}) if where else outer)[name] = {"status": "success", "output": output}
    return {"context": outer or None, "nested_steps_context": nested or None}
