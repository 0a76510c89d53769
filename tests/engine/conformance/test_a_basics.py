"""Section A: definition, start and results."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydantic import BaseModel

from tests.engine.conformance.fixtures import Steps, Value, World, chain
from workflows_app import ToolContext, clone_step, create_step, create_tool, create_workflow
from workflows_app.errors import DefinitionError, DuplicateStepId, EmptyWorkflow, NotCommitted


class Word(BaseModel):
    value: str


def test_a1_one_step_succeeds_with_its_output_and_times(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.give("s", {"result": "success"})))
    assert result.status == "success"
    assert result.steps["s"].status == "success"
    assert result.steps["s"].output == {"result": "success"}
    assert isinstance(result.steps["s"].started_at, datetime)
    assert result.steps["s"].started_at.utcoffset() == timedelta(0)
    assert result.steps["s"].started_at <= result.steps["s"].ended_at
    assert steps.calls["s"] == 1


def test_a1_times_are_milliseconds_on_the_wire(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.give("s", 1)))
    wire = result.to_json()["steps"]["s"]
    assert type(wire["startedAt"]) is int
    assert type(wire["endedAt"]) is int
    assert wire["startedAt"] == int(result.steps["s"].started_at.timestamp() * 1000)


def test_a2_steps_run_one_after_another(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.inc("a"), steps.inc("b", by=10)), {"value": 1})
    assert steps.order == ["a", "b"]
    assert result.steps["b"].started_at >= result.steps["a"].ended_at
    assert result.result == result.steps["b"].output == {"value": 12}
    assert result.step_execution_path == ["a", "b"]


def test_a3_parallel_members_get_the_same_input_and_hand_on_a_dict(world: World, steps: Steps) -> None:
    a, b = steps.inc("a"), steps.inc("b", by=2)
    c = steps.step("c", lambda ctx: [ctx.get_step_result(a), ctx.get_step_result("b")])
    workflow = create_workflow(id="wf").parallel([a, b]).then(c).commit()
    result = world.outcome(workflow, {"value": 1})
    assert steps.inputs["a"] == steps.inputs["b"] == [{"value": 1}]
    assert result.steps["c"].payload == {"a": {"value": 2}, "b": {"value": 3}}
    assert result.result == [{"value": 2}, {"value": 3}]


def test_a4_the_input_is_seen_and_recorded(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.echo("s")), {"input": "x"})
    assert steps.inputs["s"] == [{"input": "x"}]
    assert result.input == {"input": "x"}
    assert "input" not in result.steps
    assert result.to_json()["steps"]["input"] == {"input": "x"}
    assert result.to_json()["input"] == {"input": "x"}


def test_a5_a_given_run_id_is_used_everywhere(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.step("s", lambda ctx: ctx.run_id))
        world.engine(workflow)
        run = await workflow.create_run(run_id="r1")
        result = await run.start(input_data={})
        assert run.run_id == result.run_id == result.result == "r1"

    world.run(scenario())


def test_a7_a_workflow_without_entries_cannot_be_committed() -> None:
    with pytest.raises(EmptyWorkflow) as caught:
        create_workflow(id="wf").commit()
    assert caught.value.code == "empty_workflow"


def test_a7_a_workflow_without_entries_has_no_runs(world: World) -> None:
    async def scenario() -> None:
        with pytest.raises(DefinitionError):
            await create_workflow(id="wf").create_run()

    world.run(scenario())


def test_a8_an_uncommitted_workflow_has_no_runs(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        with pytest.raises(NotCommitted) as caught:
            await create_workflow(id="wf").then(steps.echo("a")).create_run()
        assert caught.value.code == "not_committed"

    world.run(scenario())


def test_a8_registering_a_workflow_commits_it(world: World, steps: Steps) -> None:
    result = world.outcome(create_workflow(id="wf").then(steps.echo("a")), {"x": 1})
    assert result.status == "success"


def test_a10_a_step_never_suspended_has_no_suspend_data(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.step("s", lambda ctx: ctx.suspend_data is None)))
    assert result.status == "success"
    assert result.result is True


def test_a11_a_step_reads_the_initial_state(world: World, steps: Steps) -> None:
    step = steps.step("s", lambda ctx: {"value": ctx.state.value}, state_schema=Word)
    result = world.outcome(chain("wf", step, state_schema=Word), {}, initial_state={"value": "test-state"})
    assert result.result == {"value": "test-state"}


def test_a12_parallel_steps_see_the_initial_state(world: World, steps: Steps) -> None:
    a = steps.step("a", lambda ctx: ctx.state.value)
    b = steps.step("b", lambda ctx: ctx.state.value)
    workflow = create_workflow(id="wf", state_schema=Word).parallel([a, b]).commit()
    result = world.outcome(workflow, {}, initial_state={"value": "shared"})
    assert result.result == {"a": "shared", "b": "shared"}


def test_a13_a_tool_is_a_step_among_steps(world: World, steps: Steps) -> None:
    async def double(data: Value, ctx: ToolContext) -> Value:
        steps.order.append("double")
        return Value(value=data.value * 2)

    tool = create_tool(id="double", input_schema=Value, output_schema=Value, execute=double)
    result = world.outcome(chain("wf", steps.inc("a"), create_step(tool)), {"value": 4})
    assert steps.order == ["a", "double"]
    assert result.steps["double"].payload == {"value": 5}
    assert result.result == {"value": 10}


def test_a14_run_record_and_result_bear_the_given_id(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        run = await workflow.create_run(run_id="custom")
        result = await run.start(input_data={})
        record = await workflow.get_workflow_run_by_id("custom")
        assert run.run_id == result.run_id == record.run_id == "custom"

    world.run(scenario())


def test_a15_outputs_are_not_validated(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.give("s", "text", output_schema=int)))
    assert result.status == "success"
    assert result.result == "text"


def test_a15_strict_output_fails_the_step(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.give("s", "text", output_schema=int, strict_output=True)))
    assert result.status == "failed"
    assert result.steps["s"].status == "failed"
    assert result.steps["s"].error["name"] == "InvalidOutput"


def test_a16_a_step_id_is_used_once(steps: Steps) -> None:
    a = steps.echo("a")
    with pytest.raises(DuplicateStepId) as caught:
        create_workflow(id="wf").then(a).then(a).commit()
    assert caught.value.code == "duplicate_step_id"


def test_a16_a_clone_lets_a_step_stand_twice(world: World, steps: Steps) -> None:
    a = steps.inc("a")
    result = world.outcome(chain("wf", a, clone_step(a, id="a2")), {"value": 1})
    assert result.steps["a"].output == {"value": 2}
    assert result.steps["a2"].output == {"value": 3}


@pytest.mark.parametrize("id", ["a.b", "a/b", "a[b", "a]b", "a#b", "a~b", "input"])
def test_a16_ids_that_paths_need_are_refused(steps: Steps, id: str) -> None:
    with pytest.raises(DefinitionError):
        steps.echo(id)
    with pytest.raises(DefinitionError):
        create_workflow(id=id)
