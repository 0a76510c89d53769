from __future__ import annotations

import pytest

from workflows_app.engine.schema import Value, trusted
from workflows_app.web.values.jsontree import NODES, TEXT, Branch, branch_of, tree_of


def count(branch: Branch) -> int:
    return 1 + sum(count(child) for child in branch.children)


def test_an_object_keeps_the_order_of_its_fields() -> None:
    branch = branch_of({"z": 1, "a": [True, None]})
    assert [(child.key, child.kind) for child in branch.children] == [("z", "number"), ("a", "list")]
    assert [child.text for child in branch.children[1].children] == ["true", "null"]


def test_text_stays_text_whatever_is_in_it() -> None:
    assert branch_of("<script>alert(1)</script>").text == "<script>alert(1)</script>"


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    branch = branch_of("x" * (TEXT + 7))
    assert (len(branch.text), branch.cut) == (TEXT, 7)


def test_a_wide_value_is_bounded_and_says_what_is_left_out() -> None:
    branch = branch_of(list(range(10 * NODES)))
    assert count(branch) == NODES
    assert branch.left_out == 10 * NODES - (NODES - 1)


def test_a_deep_value_is_bounded_too() -> None:
    data: object = 1
    for _ in range(60):
        data = {"a": data, "b": list(range(100))}
    assert count(branch_of(data)) <= NODES


def test_only_the_first_levels_stand_open() -> None:
    branch = branch_of({"a": {"b": {"c": 1}}})
    a = branch.children[0]
    assert (branch.open, a.open, a.children[0].open) == (True, True, False)


@pytest.mark.parametrize(("data", "text"), [({}, "{}"), ([], "[]"), (1.5, "1.5"), (False, "false")])
def test_what_holds_nothing_is_one_line(data: object, text: str) -> None:
    branch = branch_of(data)
    assert (branch.text, branch.is_box) == (text, False)


def test_a_value_that_was_not_read_has_only_a_size() -> None:
    tree = tree_of(Value(None, ref="abc", size=5_000_000))
    assert (tree.root, tree.size) == (None, 5_000_000)
    assert tree_of(trusted({"a": 1})).root is not None
