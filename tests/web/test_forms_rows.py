"""Rows are added and taken away by buttons that send the form, so it works without script."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from tests.web.form_models import Address, Line, Node
from tests.web.form_page import draw, form_of, send


class Order(BaseModel):
    lines: list[Line] = Field(min_length=1, max_length=3)
    tags: list[str] = []
    labels: dict[str, str] = {}
    tree: Node | None = None


def test_the_least_number_of_rows_is_there_from_the_start() -> None:
    assert [child.name for child in form_of(Order).controls[0].children] == ["lines.0"]


def test_add_shows_one_more_row_and_keeps_what_was_typed() -> None:
    bound = send(form_of(Order), {"lines.0.sku": "half typ"}, press={"__add": "lines"})
    page = draw(bound)

    assert bound.is_edit
    assert not bound.is_valid()
    assert bound.errors == {}
    assert page.sent["lines.0.sku"] == ["half typ"]
    assert page.sent["lines.1.sku"] == [""]
    assert page.sent["lines.1.qty"] == ["1"]


def test_remove_takes_the_row_and_leaves_the_others() -> None:
    form = form_of(Order).initial({"lines": [{"sku": f"ABC-{n}", "qty": n} for n in (1, 2, 3)]})
    bound = send(form, press={"__remove": "lines.1"})

    assert bound.is_edit
    assert send(bound).value["lines"] == [{"sku": "ABC-1", "qty": 1}, {"sku": "ABC-3", "qty": 3}]  # type: ignore[index]


def test_a_full_list_offers_no_more_rows() -> None:
    form = form_of(Order).initial({"lines": [{"sku": "ABC-1"}] * 3})
    adds = [given["value"] for tag, given in draw(form).elements if given.get("name") == "__add"]

    assert "lines" not in adds
    assert "tags" in adds


def test_a_draft_chip_becomes_a_chip() -> None:
    form = form_of(Order).initial({"tags": ["a"]})
    bound = send(form, {"tags.__new": "b"}, press={"__add": "tags"})
    page = draw(bound)

    assert page.sent["tags.1"] == ["b"]
    assert page.sent["tags.__new"] == [""]


def test_a_pair_gets_a_row_of_its_own() -> None:
    bound = send(form_of(Order), press={"__add": "labels"})
    filled = send(bound, {"labels.0.__key": "a", "labels.0.__value": "b"})

    assert filled.value["labels"] == {"a": "b"}  # type: ignore[index]
    assert send(bound).value["labels"] == {}  # type: ignore[index]


def test_a_row_that_is_a_list_itself_gets_a_place() -> None:
    class Nested(BaseModel):
        table: list[list[str]]
        shares: list[dict[str, int]] = []
        named: dict[str, list[int]] = {}

    bound = form_of(Nested)
    for name in ("table", "shares", "named"):
        bound = send(bound, press={"__add": name})
    filled = send(bound, {"table.0.__new": "a", "shares.0.0.__key": "b", "shares.0.0.__value": "2"})

    assert send(bound).value == {"table": [[]], "shares": [{}], "named": {}}
    assert filled.value == {"table": [["a"]], "shares": [{"b": 2}], "named": {}}


def test_rows_inside_rows_are_added_too() -> None:
    form = form_of(Order).initial({"tree": {"name": "a", "children": [{"name": "b", "children": []}]}})
    bound = send(form, press={"__add": "tree.children.0.children"})

    assert "tree.children.0.children.0.name" in draw(bound).sent


def test_rows_inside_a_union_are_added_too() -> None:
    class Either(BaseModel):
        it: Annotated[list[Address] | int, Field()]

    bound = send(form_of(Either), press={"__add": "it.~0"})

    assert "it.~0.0.street" in draw(bound).sent


def test_adding_to_what_has_no_rows_changes_nothing() -> None:
    for name in ("nothing", "lines.0.sku", "lines.99999999999.sku", "..", "tree.__i__", "labels.0"):
        bound = send(form_of(Order), press={"__add": name})
        assert bound.is_edit
        assert draw(bound).sent == draw(form_of(Order)).sent


def test_a_list_emptied_by_the_reader_is_empty_not_left_out() -> None:
    class Plan(BaseModel):
        days: list[str] = Field(default_factory=lambda: ["mon"])

    assert send(form_of(Plan)).value == {}
    assert send(form_of(Plan).initial({"days": []})).value == {"days": []}


def test_the_first_submit_button_is_plain_so_that_enter_adds_no_row() -> None:
    buttons = [given for tag, given in draw(form_of(Order)).elements if tag == "button"]

    assert "name" not in buttons[0]
    assert all("formnovalidate" in given for given in buttons[1:])
