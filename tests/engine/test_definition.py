"""Definitions: what cannot be meant is refused where it is written."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.short import echo, go, started
from workflows_app import RetryPolicy, Workflow, clone_workflow, create_step, create_workflow, from_step, step
from workflows_app.errors import DefinitionError, DuplicateStepId, EmptyWorkflow, UnknownReference

WRONG: Any = "wrong"


def new() -> Workflow:
    return create_workflow(id="w")


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: new().parallel([echo("a")], on_error=WRONG), DefinitionError, "on_error is 'wait_all'"),
        (lambda: new().parallel([]), EmptyWorkflow, "at least one member"),
        (lambda: new().branch([(bool, echo("a"))], mode=WRONG), DefinitionError, "mode is 'all' or 'first'"),
        (lambda: new().branch([]), EmptyWorkflow, "at least one arm"),
        (lambda: new().parallel([[]]), EmptyWorkflow, "A list of steps is empty"),
        (lambda: new().foreach([echo("a"), echo("b")]), DefinitionError, "Nest a workflow for more"),
        (lambda: new().when(WRONG, echo("a")), DefinitionError, "A condition is a function of the context"),
        (lambda: new().then(echo("a")).commit().then(echo("b")), DefinitionError, "is committed"),
        (lambda: create_step(id="a"), DefinitionError, "A step needs execute="),
        (lambda: new().then(echo("a")).then(echo("a")).commit(), DuplicateStepId, "two steps with the id 'a'"),
    ],
)
def test_what_cannot_be_meant_is_refused(build: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        build()


def test_a_mapping_of_a_step_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownReference, match="reads \\['b'\\]"):
        new().then(echo("a")).map({"x": from_step("b")}).commit()


def test_a_model_that_is_not_complete_yet_may_be_named() -> None:
    class Early(BaseModel):
        late: Late

    workflow = create_workflow(id="wf", input_schema=Early).then(echo("a")).commit()

    class Late(BaseModel):
        n: int

    Early.model_rebuild()
    assert workflow.input_schema.json_schema()["required"] == ["late"]
    assert workflow.input_schema.normalise({"late": {"n": 1}}).data == {"late": {"n": 1}}


def test_a_decorator_makes_a_step_of_each_function() -> None:
    careful = step(retries=2)

    @careful
    async def first(data: int) -> int:
        """Come first."""
        return data

    @careful
    async def second(data: str) -> str:
        return data

    assert [(one.id, one.description, one.retries) for one in (first, second)] == [
        ("first", "Come first.", 2), ("second", None, 2),
    ]  # fmt: skip
    assert second.input_schema.declared is str


def test_workflows_nest_to_any_depth() -> None:
    workflow = new().then(echo("leaf")).commit()
    for depth in range(60):
        workflow = create_workflow(id=f"w{depth}").then(workflow).commit()

    async def scenario() -> None:
        _, result = await started(workflow, 7)
        assert (result.status, result.result) == ("success", 7)

    go(scenario())


def test_a_clone_has_all_that_the_workflow_has() -> None:
    def hear(info: Any) -> None: ...

    options: dict[str, Any] = {
        "description": "d", "input_schema": int, "output_schema": int, "state_schema": dict, "metadata": {"k": 1},
        "request_context_schema": dict, "retry": RetryPolicy(attempts=2), "validate_inputs": False, "timeout": 3,
        "auto_restart_active_runs": False, "max_concurrency": 4, "on_start": hear, "on_finish": hear,
        "on_error": hear, "schedule": {"cron": "* * * * *", "input_data": 1}, "retention": 5,
    }  # fmt: skip
    assert options.keys() == signature(Workflow).parameters.keys() - {"id"}
    made = create_workflow(id="w", **options).then(echo("a")).commit()
    clone = clone_workflow(made, id="c")
    same = options.keys() - {"schedule"} | {"schedules", "entries", "committed"}
    assert {name: getattr(clone, name) for name in same} == {name: getattr(made, name) for name in same}
    assert (clone.id, clone.places.keys()) == ("c", made.places.keys())
