"""What a step tells when it asks: lines, tables, and JSON for the rest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.template.loader import render_to_string
from pydantic import BaseModel, Field, SecretStr

from workflows_app import create_step
from workflows_app.web.values.facts import ROWS, Grid, described, facts_in


class Line(BaseModel):
    number: int = Field(title="No.")
    sent_on: date | None = None
    code: SecretStr = SecretStr("")


class Found(BaseModel):
    bad_lines: list[Line] = Field(title="Lines to look at")


def grid(data: Any, model: type[BaseModel] = Found) -> Grid:
    told = facts_in(data, model.model_json_schema())
    assert told.facts == () and told.rest is None
    return told.grids[0]


def texts(found: Grid) -> list[list[str]]:
    return [[fact.text if fact is not None else "" for fact in row] for row in found.rows]


def test_a_list_of_records_is_a_table_with_the_titles_of_its_fields() -> None:
    lines = [{"number": 3, "sent_on": "2026-11-30"}, {"number": 4, "sent_on": None, "code": "x"}]
    found = grid({"bad_lines": lines})
    assert found.label == "Lines to look at"
    assert found.columns == ("No.", "Sent on", "Code")
    assert texts(found) == [["3", "2026-11-30", ""], ["4", "none", "••••••"]]
    assert found.more == 0


class Aliased(BaseModel):
    total: int = Field(alias="grandTotal", title="To pay", json_schema_extra={"x-unit": "EUR"})
    key: SecretStr = Field(SecretStr(""), alias="apiKeyOfShop")


def test_a_field_is_titled_however_it_is_called() -> None:
    described_as = described(create_step(id="ask", execute=lambda ctx: None, suspend_schema=Aliased))
    for data in ({"total": 3, "key": "x"}, {"grandTotal": 3, "apiKeyOfShop": "x"}):
        total, key = facts_in(data, described_as).facts
        assert (total.label, total.text) == ("To pay", "3 EUR")
        assert key.text == "••••••"


def test_a_secret_is_not_told_whatever_says_that_it_is_one() -> None:
    marks: list[dict[str, Any]] = [{"format": "password"}, {"writeOnly": True}, {"x-widget": "password"}]
    for value in ("canary", {"a": "canary"}, [{"a": "canary"}], ["canary"] * 40):
        schema = {"properties": {str(place): mark for place, mark in enumerate(marks)}}
        told = facts_in({str(place): value for place in range(len(marks))}, schema)
        assert [fact.text for fact in told.facts] == ["••••••"] * 3
        assert (told.grids, told.rest) == ((), None)
        plain = facts_in({"rows": [{"0": "canary"}]}, {"properties": {"rows": {"items": schema}}})
        assert texts(plain.grids[0]) == [["••••••"]]


def test_without_a_schema_the_keys_are_the_titles() -> None:
    told = facts_in({"who": "Ada", "rows": [{"first_name": "Ada"}, {"last_name": "Lovelace"}]}, {})
    assert [fact.label for fact in told.facts] == ["Who"]
    assert told.grids[0].columns == ("First name", "Last name")
    assert texts(told.grids[0]) == [["Ada", ""], ["", "Lovelace"]]


def test_of_very_many_records_the_rest_is_counted() -> None:
    found = grid({"bad_lines": [{"number": n} for n in range(ROWS + 7)]})
    assert (len(found.rows), found.more) == (ROWS, 7)
    page = render_to_string("json/_grid.html", {"grid": found})
    assert "7 more rows are left out." in page


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1}, 2],
        [{"a": {"b": 1}}],
        [{"a": [{"b": 1}]}],
        [{}],
        [{str(n): n for n in range(9)}],
        [{"a": "x" * 400}],
        list(range(40)),
    ],
)
def test_what_is_no_table_stays_json(rows: list[Any]) -> None:
    told = facts_in({"rows": rows}, {})
    assert (told.facts, told.grids, told.rest) == ((), (), {"rows": rows})


def test_what_is_hostile_is_only_text() -> None:
    told = facts_in({"rows": [{"<b>": "<script>", "at": "https://example.org/ x"}]}, {})
    page = render_to_string("json/_grid.html", {"grid": told.grids[0]})
    assert "<script>" not in page and "<b>" not in page
    assert "&lt;script&gt;" in page
    assert "<a" not in page


def test_a_list_under_a_schema_that_means_something_else_is_shown_all_the_same() -> None:
    schema = {"properties": {"rows": {"type": "array", "items": True}, "odd": {"items": [{"type": "string"}]}}}
    told = facts_in({"rows": [{"a": 1}], "odd": [{"b": True}]}, schema)
    assert [texts(found) for found in told.grids] == [[["1"]], [["yes"]]]


@pytest.mark.parametrize(
    ("items", "told"),
    [
        (["new", "odd"], "new, odd"),
        (["Paris, France", "Rome"], "Paris, France · Rome"),
        (["The name is missing.", "Line 5, the phone is none."], "The name is missing.\nLine 5, the phone is none."),
        (["It is late.", "odd"], "It is late. · odd"),
        ([], "none"),
    ],
)
def test_what_a_list_says_can_be_told_apart(items: list[str], told: str) -> None:
    [fact] = facts_in({"reasons": items}, {}).facts
    assert fact.text == told
