"""Mappings: sources, paths into data, and templates."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from workflows_app import (
    StepContext,
    const,
    create_step,
    create_workflow,
    from_context,
    from_init,
    from_step,
    template,
)
from workflows_app.engine.nodes.mapping import dig, soft_dig
from workflows_app.errors import DefinitionError, StepError, UnknownReference, WorkflowsError

DATA = {"user": {"name": "Ada", "tags": ["x", {"y": 1}]}, "n": None}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".", DATA),
        ("", DATA),
        ("user.name", "Ada"),
        ("user.tags.1.y", 1),
        ("user.tags.0", "x"),
        ("user.tags.7", None),
        ("user.missing", None),
        ("missing", None),
    ],
)
def test_a_path_leads_to_a_value(path: str, expected: Any) -> None:
    assert dig(DATA, path, "here") == expected


@pytest.mark.parametrize("path", ["user.name.first", "n.x", "missing.x", "user.tags.0.x.y"])
def test_a_path_through_nothing_is_an_error(path: str) -> None:
    with pytest.raises(StepError, match="Invalid path"):
        dig(DATA, path, "here")
    assert soft_dig(DATA, path) is None


def test_a_path_into_a_plain_value_is_an_error() -> None:
    with pytest.raises(StepError):
        dig(3, "x", "here")


async def mapped(source: Any, **start: Any) -> Any:
    first = create_step(id="first", execute=lambda ctx: {"n": 1, "list": [1, 2]})
    workflow = create_workflow(id="wf").then(first).map(source, id="m").commit()
    return await (await workflow.create_run()).start(**{"input_data": DATA, **start})


def result_of(source: Any, **start: Any) -> Any:
    result = asyncio.run(mapped(source, **start))
    assert result.status == "success", result.error
    return result.result


def test_every_source_gives_its_value() -> None:
    async def waited(ctx: StepContext) -> int:
        return 7

    sources = {
        "step": from_step("first", "n"),
        "whole": from_step("first"),
        "either": from_step(["first"], "list.1"),
        "init": from_init("user.name"),
        "all": from_init(),
        "context": from_context("tier"),
        "const": const([1]),
        "sync": lambda ctx: ctx.input_data["n"] + 1,
        "async": waited,
    }
    assert result_of(sources, request_context={"tier": "pro"}) == {
        "step": 1,
        "whole": {"n": 1, "list": [1, 2]},
        "either": 2,
        "init": "Ada",
        "all": DATA,
        "context": "pro",
        "const": [1],
        "sync": 2,
        "async": 7,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${initData.user.name}!", "Ada!"),
        ("${ inputData.n }", "1"),
        ("${stepResults.first.list}", "[1,2]"),
        ("${stepResults.first}", '{"n":1,"list":[1,2]}'),
        ("${state.count}-${state.none}", "3-"),
        ("${requestContext.tier}", "pro"),
        ("${initData.user.name.deeper}", ""),
        ("$ {x} $", "$ {x} $"),
    ],
)
def test_a_template_is_filled_in(text: str, expected: str) -> None:
    start = {"initial_state": {"count": 3}, "request_context": {"tier": "pro"}}
    assert result_of({"t": template(text)}, **start) == {"t": expected}


def test_a_template_of_an_unknown_step_fails_the_mapping() -> None:
    result = asyncio.run(mapped({"t": template("${stepResults.nobody.x}")}))
    assert result.status == "failed"
    assert "nobody" in result.error["message"]


@pytest.mark.parametrize("text", ["${initData.x", "a ${inputData} and ${state.y", 5, None])
def test_a_template_that_is_not_closed_is_refused(text: Any) -> None:
    with pytest.raises(UnknownReference):
        template(text)


@pytest.mark.parametrize("text", ["${other.x}", "${}", "${ }"])
def test_a_template_of_an_unknown_namespace_is_refused(text: str) -> None:
    with pytest.raises(UnknownReference):
        template(text)


def test_a_step_without_a_result_fails_the_mapping() -> None:
    a, b = (create_step(id=id, execute=lambda ctx: 1) for id in "ab")
    branch = create_workflow(id="wf").branch([(lambda ctx: True, a), (lambda ctx: False, b)])
    workflow = branch.map({"v": from_step(["b", "a"]), "w": from_step("b")}).commit()

    async def scenario() -> Any:
        return await (await workflow.create_run()).start(input_data=1)

    result = asyncio.run(scenario())
    assert result.status == "failed"
    assert "b has a result" in result.error["message"]


@pytest.mark.parametrize("source", [{"x": 3}, {"x": "text"}, {"x": None}, 3, "text", None])
def test_what_is_no_source_is_refused(source: Any) -> None:
    with pytest.raises(WorkflowsError):
        create_workflow(id="wf").map(source)


def test_an_unknown_step_is_refused_at_commit() -> None:
    with pytest.raises(UnknownReference, match="nobody"):
        create_workflow(id="wf").map({"x": from_step("nobody")}).commit()


def test_a_mapping_takes_no_unknown_options() -> None:
    with pytest.raises(DefinitionError, match="odd"):
        create_workflow(id="wf").map(lambda ctx: 1, odd=1)
