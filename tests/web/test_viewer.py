"""A value of any size can be looked at: by parts, as a table, by a search, and taken away whole."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app.engine.schema import Value, trusted
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.inspector.viewer import FOUND, ROWS, SHOWN, Viewed, at, view

ROWS_OF_ORDERS = [{"sku": f"A{i}", "qty": i, "more": {"deep": [i]}} for i in range(250)]


def viewed(data: Any, **asked: str) -> Viewed:
    return view(trusted(data), Selection.of(asked))


def test_a_part_is_named_by_a_pointer_and_leads_back() -> None:
    found = viewed({"rows": ROWS_OF_ORDERS}, into="/rows/3/more")
    assert found.tree is not None
    assert [child.key for child in found.tree.children] == ["deep"]
    assert [(crumb.label, crumb.pointer) for crumb in found.crumbs] == [
        ("rows", "/rows"),
        ("3", "/rows/3"),
        ("more", "/rows/3/more"),
    ]


@pytest.mark.parametrize(
    ("pointer", "reached"), [("/a~1b/c~0d", "/a~1b/c~0d"), ("/gone", ""), ("/a~1b/9", "/a~1b"), ("x", "")]
)
def test_a_pointer_leads_as_far_as_it_can(pointer: str, reached: str) -> None:
    assert at({"a/b": {"c~d": 1}}, pointer)[0] == reached


def test_a_long_list_is_seen_stretch_by_stretch() -> None:
    whole = list(range(1_000))
    first = viewed(whole)
    assert (first.first, first.count) == (0, 1_000)
    assert first.jumps == {"later": first.last}
    later = viewed(whole, skip=str(first.last))
    assert later.tree is not None
    assert later.tree.children[0].key == str(first.last)
    assert later.jumps["earlier"] == 0


def test_a_list_of_objects_can_be_a_table() -> None:
    found = viewed(ROWS_OF_ORDERS, show="table", skip="200")
    assert found.table is not None
    assert found.table.columns == ("sku", "qty", "more")
    assert found.table.rows[0].cells == ("A200", "200", '{"deep": [200]}')
    assert (found.first, found.last, found.jumps) == (200, 250, {"earlier": 150})
    whole = viewed(ROWS_OF_ORDERS, show="table").table
    assert whole is not None
    assert len(whole.rows) == ROWS


@pytest.mark.parametrize("data", [[1, 2], [], {"a": 1}, [{"a": 1}], [{"a": 1}, 2]])
def test_other_values_are_no_table(data: object) -> None:
    assert viewed(data, show="table").table is None


def test_a_search_finds_keys_and_texts_wherever_they_are() -> None:
    found = viewed({"order": {"customer name": "Ada", "lines": [{"note": "for ADA only"}]}}, find="ada").matches
    assert found is not None
    assert [(match.name, match.pointer) for match in found] == [
        ('order["customer name"]', "/order/customer name"),
        ("order.lines[0].note", "/order/lines/0/note"),
    ]
    assert viewed({"a": 1}, find="zzz").matches == ()


def test_of_very_many_matches_the_first_are_shown_and_the_rest_admitted() -> None:
    found = viewed(["same"] * 500, find="same")
    assert found.matches is not None
    assert (len(found.matches), found.matches_cut) == (FOUND, True)


def test_a_long_text_is_shown_in_part() -> None:
    found = viewed({"log": "x" * (SHOWN + 5)}, into="/log")
    assert found.text is not None
    assert (len(found.text), found.text_cut) == (SHOWN, 5)


def test_a_value_that_was_not_read_has_a_size() -> None:
    assert view(Value(None, ref="a", size=9), Selection()).size == 9
