"""What diagrams show of an author's functions."""

from __future__ import annotations

import functools
import linecache
from typing import Any

import pytest

from workflows_app import (
    const,
    create_step,
    create_workflow,
    from_context,
    from_init,
    from_step,
    template,
    tool,
)
from workflows_app.engine.nodes import step as step_module
from workflows_app.engine.source import source_of


def test_a_lambda_gives_its_own_text_only() -> None:
    small, large = (lambda ctx: ctx.total <= 100), (lambda ctx: ctx.total > 100)
    assert source_of(small) == "lambda ctx: ctx.total <= 100"
    assert source_of(large) == "lambda ctx: ctx.total > 100"


def test_a_function_gives_its_whole_text() -> None:
    def is_large(ctx: Any) -> bool:
        return bool(ctx.total > 100)

    assert source_of(is_large).startswith("def is_large(ctx: Any) -> bool:")


def is_huge(ctx: Any) -> bool:
    total = ctx.total

    return bool(total > 1_000)


def test_the_lines_of_a_function_stay_indented() -> None:
    def is_tiny(ctx: Any) -> bool:
        return bool(ctx.total < 1)

    assert source_of(is_tiny) == "def is_tiny(ctx: Any) -> bool:\n    return bool(ctx.total < 1)"
    assert source_of(is_huge).splitlines()[1:] == ["    total = ctx.total", "", "    return bool(total > 1_000)"]


def test_a_mapping_is_shown_as_it_was_written() -> None:
    sources = {
        "one": from_step("a", "x.0"),
        "first": from_step(["a", "b"]),
        "asked": from_init("n"),
        "user": from_context("user"),
        "fixed": const([1]),
        "text": template("Hi ${initData.n}"),
        "made": lambda ctx: ctx.total,
    }
    steps = [create_step(id=name, execute=lambda ctx: 1) for name in "ab"]
    workflow = create_workflow(id="w").parallel(steps).map(sources, id="m").commit()
    assert workflow.serialized_step_graph[1]["mapConfig"].splitlines() == [
        "{",
        "    'one': from_step('a', 'x.0'),",
        "    'first': from_step(['a', 'b'], '.'),",
        "    'asked': from_init('n'),",
        "    'user': from_context('user'),",
        "    'fixed': const([1]),",
        "    'text': template('Hi ${initData.n}'),",
        "    'made': lambda ctx: ctx.total,",
        "}",
    ]


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_tool_is_shown_by_its_own_function(is_plain: bool) -> None:
    def plain(data: int) -> int:
        return data

    async def waiting(data: int) -> int:
        return data

    made = tool(plain if is_plain else waiting)
    assert f"def {'plain' if is_plain else 'waiting'}(data: int)" in create_step(made).source
    assert not create_step(made).is_lambda


def test_a_lambda_without_a_file_says_so() -> None:
    assert source_of(eval("lambda ctx: True")) == "<lambda>"  # noqa: S307


def test_what_has_no_source_gives_its_name() -> None:
    assert source_of(len) == "len"
    assert source_of(functools.partial(len)) == "partial"


def test_a_source_is_looked_up_once() -> None:
    step = create_step(id="a", execute=lambda ctx: 1)
    assert step.source is step.source


def test_a_definition_needs_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(function: Any) -> str:
        raise AssertionError(f"the source of {function} was looked up")

    monkeypatch.setattr(step_module, "source_of", refuse)
    first, second, third, fourth = (create_step(id=name, execute=lambda ctx: 1) for name in "abcd")
    workflow = create_workflow(id="w").branch([(lambda ctx: True, first)], otherwise=second)
    workflow.when(lambda ctx: True, third).dountil(fourth, lambda ctx: True).commit()
    assert list(workflow.places) == ["a", "b", "c", "d"]
    assert workflow.fingerprint


def test_a_lambda_of_a_file_that_is_no_python_any_more_says_so() -> None:
    name = "changed.py"
    linecache.cache[name] = (1, None, ["f = lambda ctx: (\n"], name)
    function = eval(compile("lambda ctx: True", name, "eval"))  # noqa: S307
    assert source_of(function) == "<lambda>"
    del linecache.cache[name]
