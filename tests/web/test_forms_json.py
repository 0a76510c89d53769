"""The whole value may be written as JSON, and a form turns into it and back."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from tests.web.form_models import Everything, Line
from tests.web.form_page import draw, form_of, send


class Order(BaseModel):
    sku: str
    lines: list[Line] = []


VALUE = {"sku": "x", "lines": [{"sku": "ABC-1", "qty": 2}]}


def test_the_form_turns_into_json_with_what_was_typed() -> None:
    bound = send(form_of(Order).initial(VALUE), {"sku": "typed"}, press={"__show": "json"})
    page = draw(bound)

    assert bound.is_edit
    assert bound.is_json
    assert page.sent["__mode"] == ["json"]
    assert send(bound).value == {**VALUE, "sku": "typed"}


def test_json_turns_into_the_form() -> None:
    as_json = send(form_of(Order), press={"__show": "json"})
    bound = send(as_json, {"__json": '{"sku": "y", "lines": []}'}, press={"__show": "form"})

    assert not bound.is_json
    assert draw(bound).sent["sku"] == ["y"]


def test_json_that_the_fields_cannot_hold_stays_json() -> None:
    as_json = send(form_of(Order), press={"__show": "json"})
    bound = send(as_json, {"__json": '{"sku": {"odd": 1}}'}, press={"__show": "form"})

    assert bound.is_json
    assert "cannot hold" in draw(bound).text
    assert '{"odd": 1}' in draw(bound).sent["__json"][0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "a": 1,\n  b: 2\n}', "line 3, column 3"),
        ("", "line 1, column 1"),
        ("NaN", "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 70 + "]" * 70, "nested too deeply"),
        ("9" * 5_000, "too many digits"),
        ('"\\ud800"', "cannot be kept"),
        ('{"a\\u0000": 1}', "cannot be kept"),
        ('{"a": {"b": 1, "b": 2}}', "'b' is there twice"),
    ],
)
def test_bad_json_says_where_and_stays(text: str, message: str) -> None:
    bound = form_of(Order).bind({"__mode": ["json"], "__json": [text]})
    page = draw(bound)

    assert not bound.is_valid()
    assert message in bound.errors["__json"]
    assert bound.json == text
    assert page.find(href="#f-__json")
    assert send(bound, press={"__show": "form"}).is_json


def test_errors_of_a_json_value_name_their_path() -> None:
    bound = form_of(Order).bind({"__mode": ["json"], "__json": ['{"sku": "x", "lines": [{"sku": "?"}]}']})

    assert bound.errors["__json"].startswith("lines.0.sku: String should match")


def test_a_value_of_another_shape_opens_as_json() -> None:
    for value in ({"sku": "x", "extra": 1}, {"lines": "none"}, [1], "text", {"sku": None}, None):
        form = form_of(Order).initial(value)
        assert form.is_json
        assert draw(form).find(id="f-__json")


def test_a_value_with_too_many_rows_opens_as_json() -> None:
    value = {"sku": "x", "lines": [{"sku": f"ABC-{n}", "qty": n + 1} for n in range(400)]}
    form = form_of(Order).initial(value)

    assert form.is_json
    assert send(form).value == value


def test_a_part_of_a_value_still_opens_as_fields() -> None:
    assert not form_of(Everything).initial({"decision": "hold"}).is_json
