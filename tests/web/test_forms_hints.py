"""What an author says of a field beyond its type."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from tests.web.form_page import draw, form_of, send, validator
from workflows_app.web.forms import Control, form_from_schema


def hinted(default: Any = ..., **hints: Any) -> Any:
    return Field(default, json_schema_extra={f"x-{name.replace('_', '-')}": hint for name, hint in hints.items()})


def names_of(controls: tuple[Control, ...]) -> list[str]:
    return [control.name for control in controls]


def test_properties_stand_in_the_order_they_ask_for() -> None:
    class Order(BaseModel):
        last: str
        second: str = hinted(order=2)
        first: str = hinted(order=1)

    form = form_of(Order)

    assert names_of(form.controls) == ["first", "second", "last"]
    sent: Any = send(form, dict.fromkeys(("first", "second", "last"), "x")).value
    assert list(sent) == ["last", "second", "first"]


def test_a_group_stands_together_under_its_heading() -> None:
    class Order(BaseModel):
        street: str = hinted(group="Address")
        note: str
        city: str = hinted(group="Address")

    form = form_of(Order)

    assert [(control.kind, control.title) for control in form.controls] == [("section", "Address"), ("input", "Note")]
    assert names_of(form.controls[0].children) == ["street", "city"]
    assert [fault.label for fault in send(form).summary] == ["Address · Street", "Address · City", "Note"]


def test_what_is_folded_opens_where_something_is_wrong() -> None:
    class Limits(BaseModel):
        most: int

    class Order(BaseModel):
        limits: Limits = hinted(collapsed=True)
        retries: int = hinted(0, group="Finer things", collapsed=True)
        pause: int = hinted(0, group="Finer things")

    form = form_of(Order)

    assert [(control.kind, control.title, control.on) for control in form.controls] == [
        ("fold", "Limits", False),
        ("fold", "Finer things", False),
    ]
    assert [control.on for control in send(form, {"limits.most": "x"}).controls] == [True, False]
    assert draw(send(form)).find(href="#f-limits.most")


class Decision(BaseModel):
    decision: Literal["approve", "reject", "hold"]
    urgent: bool = False
    reason: str = hinted("", show_if={"decision": ["reject", "hold"]})
    day: str | None = hinted(None, show_if={"decision": "hold", "urgent": False})


def test_a_property_is_asked_for_only_after_a_certain_answer() -> None:
    form = form_of(Decision)
    rejected = send(form, {"decision": "reject", "reason": "No", "day": "Friday"})
    approved = send(form, {"decision": "approve", "reason": "No"})

    assert rejected.value == {"decision": "reject", "urgent": False, "reason": "No"}
    assert approved.value == {"decision": "approve", "urgent": False}
    assert send(form, {"decision": "hold", "day": "Friday", "urgent": "true"}).value == {
        "decision": "hold",
        "urgent": True,
        "reason": "",
    }
    assert [control.on for control in rejected.controls[2:]] == [True, False]


def test_without_script_the_condition_is_said_in_words() -> None:
    page = draw(form_of(Decision))

    assert "Only if Decision is reject, hold." in page.text
    assert page.sent["reason"] == [""]


def test_a_condition_on_what_is_not_asked_for_is_not_met() -> None:
    class Chain(BaseModel):
        first: bool = False
        second: bool = hinted(False, show_if={"first": True})
        third: str = hinted("", show_if={"second": True})
        loop: str = hinted("", show_if={"loop": "x", "nobody": 1})

    sent = send(form_of(Chain), {"second": "true", "third": "x", "loop": "x"})

    assert sent.value == {"first": False, "loop": "x"}


def test_what_is_required_is_sent_whatever_was_answered() -> None:
    class Order(BaseModel):
        kind: Literal["a", "b"]
        code: str = hinted(show_if={"kind": "a"})

    bound = send(form_of(Order), {"kind": "b"})

    assert list(bound.errors) == ["code"]
    assert bound.controls[1].on
    assert send(bound, {"code": "x"}).is_valid()


CHOICES = [
    (["north", "south"], "north", "North"),
    ([{"value": "n", "title": "Up north"}, {"value": "s"}], "n", "Up north"),
    ([{"id": "n", "name": "Up north"}], "n", "Up north"),
    ({"n": "Up north"}, "n", "Up north"),
    ("output:regions", "eu", "Europe"),
    ("output:plan#regions.all", "us", "Us"),
]
OUTPUTS = {"regions": [{"value": "eu", "title": "Europe"}], "plan": {"regions": {"all": ["us"]}}}


@pytest.mark.parametrize(("hint", "value", "title"), CHOICES)
def test_a_text_may_offer_choices(hint: object, value: str, title: str) -> None:
    schema = {"type": "object", "properties": {"region": {"type": "string", "x-choices": hint}}}
    form = form_from_schema(schema, validate=lambda value: [], outputs=OUTPUTS.get)

    assert (value, title) in [(option.value, option.title) for option in form.controls[0].options]
    assert send(form.initial({"region": value})).value == {"region": value}
    assert send(form.initial({"region": "elsewhere"})).value == {"region": "elsewhere"}
    assert send(form).value == {}


def test_numbers_lists_and_enums_may_offer_choices() -> None:
    class Order(BaseModel):
        level: int = hinted(choices=[{"value": 1, "title": "Low"}, {"value": 2, "title": "High"}])
        shards: list[str] = hinted(choices=["a", "b", "c"])
        size: Literal["s", "m"] = hinted(choices={"s": "Small", "m": "Medium"})

    form = form_of(Order)
    value = {"level": 2, "shards": ["a", "c"], "size": "m"}

    assert [control.kind for control in form.controls] == ["choice", "picks", "choice"]
    assert [option.title for option in form.controls[2].options] == ["Small", "Medium"]
    assert send(form.initial(value)).value == value
    assert list(send(form).errors) == ["level", "size"]


@pytest.mark.parametrize("hint", [None, 5, [], {}, "output:nothing", "//evil.example/x", "https://evil.example", [[1]]])
def test_a_hint_that_offers_nothing_leaves_a_plain_text(hint: object) -> None:
    class Order(BaseModel):
        region: str = hinted(choices=hint)

    control = form_of(Order).controls[0]

    assert control.kind == "input"
    assert "data-choices" not in dict(control.attributes)


def test_an_address_of_this_site_is_asked_by_the_page() -> None:
    class Order(BaseModel):
        region: str = hinted(choices="/regions/")

    page = draw(form_of(Order))

    assert page.find(name="region")["data-choices"] == "/regions/"


def test_units_and_widgets() -> None:
    class Order(BaseModel):
        weight: str = hinted(unit="kg")
        query: str = hinted(widget="code")
        note: str = hinted(widget="textarea")
        data: list[int] = hinted(widget="json")

    controls = form_of(Order).controls

    assert controls[0].unit == "kg"
    assert [control.kind for control in controls] == ["input", "area", "area", "area"]
    assert ["data-mono" in dict(control.attributes) for control in controls] == [False, True, False, True]


def test_hints_that_make_no_sense_change_nothing() -> None:
    odd = {"x-order": "first", "x-group": 7, "x-show-if": ["x"], "x-collapsed": "yes", "x-unit": 3, "x-widget": []}
    schema = {"type": "object", "properties": {"a": {"type": "string", **odd}, "b": {"type": "string"}}}
    form = form_from_schema(schema, validate=validator(dict[str, str]))

    assert [(control.kind, control.name) for control in form.controls] == [("input", "a"), ("input", "b")]
