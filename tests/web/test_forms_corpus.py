"""Whatever pydantic can say: any valid value of any type survives the form, and any error finds its field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from tests.web.form_corpus import Shape, shapes
from tests.web.form_page import draw, send
from workflows_app.engine.schema import Schema, Value
from workflows_app.web.forms import Control, SchemaForm, form_from_schema
from workflows_app.web.values.schemas import checked_by, json_schema_of

calm = settings(deadline=None, suppress_health_check=list(HealthCheck))


def form_of(schema: Schema) -> SchemaForm:
    return form_from_schema(json_schema_of(schema), validate=checked_by(schema))


def covers(sent: object, given: object) -> bool:
    """Tell whether everything given was sent; defaults may have joined it."""
    if isinstance(given, dict):
        return isinstance(sent, dict) and all(key in sent and covers(sent[key], given[key]) for key in given)
    if isinstance(given, list):
        return isinstance(sent, list) and len(sent) == len(given) and all(map(covers, sent, given))
    return sent == given


def meant(schema: Schema, value: object) -> Any:
    """Give what a step would be given."""
    return schema.parse(Value.of(value))


@settings(calm, max_examples=150)
@given(shape=shapes(), data=st.data())
def test_any_valid_value_of_any_type_survives_the_form(shape: Shape, data: st.DataObject) -> None:
    schema, value = Schema(shape.type), data.draw(shape.values)
    assume(not schema.check(value))
    note(f"{json_schema_of(schema)}\n{value!r}")
    form = form_of(schema).initial(value)
    bound = send(form)

    assert bound.errors == {}
    # In a union of shapes that overlap, the defaults of the shape shown may make it another one.
    assert meant(schema, bound.value) == meant(schema, value) or covers(bound.value, value)
    assert not form.is_json


@settings(calm, max_examples=80)
@given(shape=shapes(), data=st.data())
def test_any_error_of_any_type_stands_at_a_field_that_is_seen(shape: Shape, data: st.DataObject) -> None:
    schema, value = Schema(shape.type), data.draw(shape.values)
    assume(not schema.check(value))
    form = form_of(schema).initial(value)
    typed = {name: data.draw(st.sampled_from(["", "?", "-1", "2.5", "true"])) for name in texts_of(form)}
    bound = send(form, typed)
    page = draw(bound)
    note(f"{json_schema_of(schema)}\n{value!r}\n{typed}\n{bound.errors}")

    seen = {control.name for control in visible(bound.controls)}
    for fault in bound.summary:
        assert fault.name in seen or fault.name == bound.root_name
        assert not fault.href or page.find(id=fault.href[1:])
    assert bound.is_valid() == (not bound.summary)


def texts_of(form: SchemaForm) -> list[str]:
    """Name the inputs that a person can type into."""
    typed = [given for tag, given in draw(form).elements if tag in ("input", "textarea")]
    return [str(given["name"]) for given in typed if given.get("type", "text") in ("text", "date", "time")]


def visible(controls: Iterable[Control]) -> Iterator[Control]:
    """Give the controls that a browser shows: of a union the chosen shape, of an optional what is switched on."""
    for control in controls:
        yield control
        shown = [option.chosen for option in control.options] if control.kind == "union" else []
        children = [child for child, chosen in zip(control.children, shown, strict=False) if chosen]
        yield from visible(children if shown else control.children if control.kind != "optional" or control.on else ())
