"""How nodes want to be shown: the words on them and on the ways between them, and where they stand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.engine.short import echo, go, started
from tests.engine.travel import broken
from workflows_app import RetryPolicy, Workflow, create_step, create_workflow
from workflows_app.engine.history import History
from workflows_app.engine.nodes import Nested, Node
from workflows_app.engine.nodes.sleep import spoken
from workflows_app.engine.schema import Schema


def is_large(ctx: Any) -> bool:
    """Is large."""
    return True


def only(workflow: Workflow) -> Node:
    [entry] = workflow.commit().entries
    return entry


def new() -> Workflow:
    return create_workflow(id="w")


def ways(node: Node) -> list[tuple[str, str | None, str | None]]:
    return [(edge.node.id, edge.label, edge.helper) for edge in node.edges()]


def test_the_ways_of_a_branch_carry_its_conditions() -> None:
    branch = new().branch([(is_large, echo("a")), (lambda ctx: 1, [echo("b"), echo("c")])], otherwise=echo("d"))
    assert ways(only(branch)) == [
        ("a", "Is large", "a/condition"),
        ("c", "lambda ctx: 1", "b/condition"),
        ("d", "otherwise", None),
    ]
    assert ways(only(new().branch([(is_large, echo("a"))]))) == [("a", "Is large", "a/condition")]


def test_the_ways_of_a_when_carry_its_condition() -> None:
    assert ways(only(new().when(is_large, echo("a")))) == [("a", "Is large", "a/condition")]
    assert ways(only(new().when(is_large, echo("a"), otherwise=echo("b"))))[1] == ("b", "otherwise", None)


@pytest.mark.parametrize(("loop", "word"), [(Workflow.dowhile, "while"), (Workflow.dountil, "until")])
def test_the_way_round_a_loop_carries_its_condition(loop: Any, word: str) -> None:
    node = only(loop(new(), echo("a"), is_large))
    assert ways(node) == [("a", f"{word} Is large", None)]
    assert [child.id for child in node.children()] == ["a"]


def test_a_foreach_stands_where_its_body_does() -> None:
    node = only(new().foreach(echo("a")))
    assert (node.label, node.place("outer."), node.output_id) == ("a for each item", "outer.a", "a")


def test_what_has_no_words_of_its_own_shows_its_id() -> None:
    node = only(new().parallel([echo("a")], id="both"))
    assert (node.label, node.inside("outer.", History())) == ("both", "outer.")
    assert node.answer_schema.is_any


def test_a_wait_says_what_for_and_what_may_answer_it() -> None:
    schema = Schema(int)
    node = only(new().wait_for_event("paid", schema=schema))
    assert (node.label, node.answer_schema) == ("wait for paid", schema)


@pytest.mark.parametrize(
    ("sleep", "label"),
    [
        (lambda w: w.sleep(1.5), "sleep 1.5 s"),
        (lambda w: w.sleep(lambda ctx: 1), "sleep, computed"),
        (lambda w: w.sleep_until(datetime(2030, 1, 1, tzinfo=UTC)), "sleep until"),
    ],
)
def test_a_sleep_says_how_long(sleep: Any, label: str) -> None:
    node = only(sleep(new()))
    assert node.label == label
    assert ways(node) == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59.4 s"), (60, "1 m"), (3_725, "1 h 2 m"), (90_061, "1 d 1 h"), (86_405, "1 d 5 s")],
)
def test_a_duration_is_spoken_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


def test_a_nested_workflow_shows_its_latest_try() -> None:
    async def scenario() -> None:
        inner = create_workflow(id="inner").then(broken("a")).commit()
        workflow = create_workflow(id="outer", retry=RetryPolicy(attempts=1)).then(inner).commit()
        node = only(workflow)
        assert isinstance(node, Nested)
        assert ways(node) == [("inner", None, None)]
        assert node.inside("", History()) == "inner."
        run, result = await started(workflow)
        assert result.status == "success"
        stored = await run.engine.read(run.id)
        assert node.inside("", History(stored.events)) == "inner~2."

    go(scenario())


def test_a_step_shows_the_source_of_its_function() -> None:
    assert create_step(id="a", execute=is_large).source.startswith("def is_large")
