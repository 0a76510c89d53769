"""Paths: one notation for every node of a run."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app.engine import paths
from workflows_app.errors import DefinitionError, UnknownStep


@pytest.mark.parametrize(
    "bad", ["", "  ", None, 3, "input", "a.b", "a/b", "a[0]", "a]", "a#1", "a~1", ["a"], b"a", "a" * 201]
)
def test_an_id_that_could_not_stand_in_a_path_is_refused(bad: object) -> None:
    with pytest.raises(DefinitionError):
        paths.checked_id(bad)


@pytest.mark.parametrize("good", ["a", "a-b_c", "Ärger 🙂", "a b", "input2", "a" * 200])
def test_any_other_text_is_an_id(good: str) -> None:
    assert paths.checked_id(good) == good


def test_a_public_path_names_neither_passes_nor_tries() -> None:
    assert paths.public("outer~2.poll#13[4].inner~3") == "outer.poll[4].inner"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a", "a"), ("o.i", "i"), ("o[3]", "o"), ("o#2", "o"), ("o.i[3]#2~4", "i"), ("o.a/condition", "a")],
)
def test_the_last_id_of_a_path(path: str, expected: str) -> None:
    assert paths.last_id(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("items[12]", ("items", 12)),
        ("o~2.items[0]", ("o~2.items", 0)),
        ("items[1]/condition", ("items", 1)),
        ("items", None),
        ("items[1].inner", None),
        ("a]b", None),
    ],
)
def test_the_item_of_a_foreach(path: str, expected: object) -> None:
    assert paths.item_of(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("poll#2", ("poll", 2)), ("o.poll#12~3", ("o.poll", 12)), ("o#2.poll", None), ("poll~2", None)],
)
def test_the_pass_of_a_loop(path: str, expected: object) -> None:
    assert paths.loop_pass(path) == expected


@pytest.mark.parametrize("below", ["a", "a.b", "a[1]", "a#2", "a~2.x", "a/condition"])
def test_what_is_below_a_node(below: str) -> None:
    assert paths.is_below(below, "a")


@pytest.mark.parametrize("other", ["ab", "b", "b.a", "a-b.c", ""])
def test_what_is_not_below_a_node(other: str) -> None:
    assert not paths.is_below(other, "a")


def test_the_containers_of_a_node_come_innermost_first() -> None:
    assert list(paths.ancestors("outer.items[3].inner.leaf")) == [
        "outer.items[3].inner",
        "outer.items[3]",
        "outer.items",
        "outer",
    ]
    assert list(paths.ancestors("leaf")) == []


def test_a_helper_belongs_to_its_node() -> None:
    assert paths.is_helper("o.a#2/condition")
    assert paths.owner("o.a#2/condition") == "o.a#2"
    assert paths.untried("o.child~2/input") == "o.child"
    assert paths.scope_of("o~2.a/condition") == "o~2"
    assert paths.scope_of("a") == ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a", ["a"]), ("o~2.items[3].x#4", ["o", "items", 3, "x"]), ("a/condition", ["a/condition"]), ("", [""])],
)
def test_a_path_as_a_list(path: str, expected: list[str | int]) -> None:
    assert paths.to_list(path) == expected


class Named:
    id = "step"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("o[3].i", "o[3].i"),
        (["o", 3, "i"], "o[3].i"),
        (("o", Named(), 2), "o.step[2]"),
        (Named(), "step"),
        ([], ""),
    ],
)
def test_an_address_as_text(address: object, expected: str) -> None:
    assert paths.to_text(address) == expected


@pytest.mark.parametrize("address", [None, 3, object(), ["a", None], ["a", True], ["a", 1.5]])
def test_what_is_no_address_is_refused(address: Any) -> None:
    with pytest.raises(UnknownStep):
        paths.to_text(address)
