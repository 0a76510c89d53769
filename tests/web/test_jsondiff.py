"""The difference of two JSON values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows_app.web.values.jsondiff import LINES, diff_of, out_of_order

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=5),
    max_leaves=12,
)


def lines(a: Any, b: Any, *ignored: str) -> list[tuple[str, str, str, str]]:
    return [(line.where, line.kind, line.a, line.b) for line in diff_of(a, b, frozenset(ignored)).lines]


@pytest.mark.parametrize(
    ("a", "b", "line"),
    [
        (1, 2, ("the value", "changed", "1", "2")),
        (True, 1, ("the value", "changed", "true", "1")),
        ("", None, ("the value", "changed", '""', "null")),
        ({"a": 1}, {"a": 1, "b": [2]}, ("b", "added", "", "[2]")),
        ({"a": {"b": 1}}, {"a": {}}, ("a.b", "removed", "1", "")),
        ([1, 2, 3], [1, 9, 2, 3], ("[1]", "added", "", "9")),
        ([1, 2, 3], [1, 3], ("[1]", "removed", "2", "")),
        ({"a": [{"x": 1}]}, {"a": [{"x": 2}]}, ("a[0].x", "changed", "1", "2")),
        ([{"id": 1, "n": 1}, {"id": 2}], [{"id": 2}], ("[id=1]", "removed", '{"id": 1, "n": 1}', "")),
        ([{"id": 1, "n": 1}], [{"id": 1, "n": 2}], ("[id=1].n", "changed", "1", "2")),
    ],
)
def test_each_difference_is_one_line(a: Any, b: Any, line: tuple[str, str, str, str]) -> None:
    assert lines(a, b) == [line]


def test_items_with_a_key_are_told_apart_from_their_places() -> None:
    found = lines([{"id": "a"}, {"id": "b"}, {"id": "c"}], [{"id": "c"}, {"id": "a"}, {"id": "b"}])
    assert found == [("[id=c]", "moved", "place 3", "place 1")]


def test_a_field_is_ignored_by_its_name_or_its_path() -> None:
    a, b = {"at": 1, "x": {"at": 1, "y": 1}}, {"at": 2, "x": {"at": 2, "y": 2}}
    assert [line[0] for line in lines(a, b, "at")] == ["x.y"]
    assert [line[0] for line in lines(a, b, "x.y")] == ["at", "x.at"]


def test_what_is_too_much_is_cut_and_said() -> None:
    found = diff_of(list(range(1000)), list(range(1, 1001)))
    assert len(found.lines) == LINES
    assert found.more
    assert len(diff_of("a" * 5000, "b").lines[0].a) == 300


@given(JSON, JSON)
def test_there_are_lines_exactly_when_the_values_differ(a: Any, b: Any) -> None:
    assert bool(diff_of(a, b)) == (json.dumps(a, sort_keys=True) != json.dumps(b, sort_keys=True))
    assert not diff_of(a, a)


@given(st.permutations(range(12)))
def test_what_stays_in_order_does_not_move(places: list[int]) -> None:
    moved = out_of_order(places)
    staying = [place for index, place in enumerate(places) if index not in moved]
    assert staying == sorted(staying)
    assert bool(moved) == (places != sorted(places))
