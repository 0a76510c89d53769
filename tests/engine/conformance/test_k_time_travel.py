"""Section K: time travel."""

from __future__ import annotations

import pytest

from tests.engine.conformance.fixtures import (
    Json,
    Options,
    RunLike,
    StepLike,
    Steps,
    Value,
    WorkflowLike,
    World,
    chain,
)
from workflows_app import StepContext, create_workflow
from workflows_app.errors import InvalidInput, MissingResult, StillRunning, UnknownStep, WorkflowsError


def step1(steps: Steps) -> StepLike:
    return steps.step("step1", lambda ctx: {"step1Result": ctx.input_data["value"] + 1})


def step2(steps: Steps) -> StepLike:
    return steps.step("step2", lambda ctx: {"step2Result": ctx.input_data["step1Result"] + 1})


def step3(steps: Steps) -> StepLike:
    return steps.step("step3", lambda ctx: {"final": ctx.input_data["step2Result"] + 1})


def three(steps: Steps) -> WorkflowLike:
    return chain("wf", step1(steps), step2(steps), step3(steps))


def given(output: Json, **more: Options) -> Json:
    return {"status": "success", "payload": {"value": 0}, "output": output, **more}


async def fresh_run(world: World, workflow: WorkflowLike) -> RunLike:
    world.engine(workflow)
    return await workflow.create_run()


async def finished_run(world: World, steps: Steps, workflow: WorkflowLike, data: Json) -> RunLike:
    run = await fresh_run(world, workflow)
    assert (await run.start(input_data=data)).status == "success"
    steps.calls.clear()
    return run


def test_k1_a_fresh_run_starts_in_the_middle(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await fresh_run(world, three(steps))
        result = await run.time_travel(step="step2", context={"step1": given({"step1Result": 2})})
        assert (result.status, result.result) == ("success", {"final": 4})
        assert steps.calls == {"step2": 1, "step3": 1}
        assert result.run_id == run.run_id

    world.run(scenario())


def test_k2_a_given_result_replaces_the_recorded_one(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await finished_run(world, steps, three(steps), {"value": 0})
        result = await run.time_travel(step="step2", context={"step1": given({"step1Result": 10})})
        assert (result.status, result.result) == ("success", {"final": 12})
        assert result.steps["step1"].output == {"step1Result": 10}
        assert steps.calls == {"step2": 1, "step3": 1}

    world.run(scenario())


def test_k2_recorded_results_are_reused(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await finished_run(world, steps, three(steps), {"value": 0})
        result = await run.time_travel(step="step3")
        assert result.result == {"final": 3}
        assert steps.calls == {"step3": 1}
        assert result.step_execution_path == ["step1", "step2", "step3", "step3"]

    world.run(scenario())


def test_k2_input_data_is_the_targets_input(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await finished_run(world, steps, three(steps), {"value": 0})
        result = await run.time_travel(step="step3", input_data={"step2Result": 41})
        assert result.result == {"final": 42}

    world.run(scenario())


def with_nested(steps: Steps) -> WorkflowLike:
    nested = chain("nested", steps.inc("n1"), steps.inc("n2"))
    return chain("wf", steps.give("step1", {"value": 0}), nested, steps.inc("step4"))


def test_k3_a_nested_workflow_is_a_target(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await fresh_run(world, with_nested(steps))
        result = await run.time_travel(step="nested", context={"step1": given({"value": 2})})
        assert (result.status, result.result) == ("success", {"value": 5})
        assert steps.calls == {"n1": 1, "n2": 1, "step4": 1}

    world.run(scenario())


@pytest.mark.parametrize("target", ["nested.n2", ["nested", "n2"]])
def test_k3_a_step_inside_a_nested_workflow_is_a_target(world: World, steps: Steps, target: Json) -> None:
    async def scenario() -> None:
        run = await finished_run(world, steps, with_nested(steps), {})
        result = await run.time_travel(step=target)
        assert result.result == {"value": 3}
        assert steps.calls == {"n2": 1, "step4": 1}

    world.run(scenario())


def test_k4_a_target_that_suspends_is_resumed_as_usual(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await fresh_run(world, chain("wf", steps.echo("before"), steps.sus("ask"), steps.echo("after")))
        result = await run.time_travel(step="ask", context={"before": given({"x": 1})})
        assert (result.status, result.suspended) == ("suspended", [["ask"]])
        assert steps.calls == {"ask": 1}
        result = await run.resume(resume_data=5)
        assert (result.status, result.result) == ("success", {"got": 5})
        assert steps.calls == {"ask": 2, "after": 1}

    world.run(scenario())


def test_k4_resume_data_goes_to_the_first_suspension_reached(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await fresh_run(world, chain("wf", steps.echo("before"), steps.sus("ask"), steps.sus("again")))
        result = await run.time_travel(step="ask", context={"before": given({})}, resume_data=5)
        assert (result.status, result.suspended) == ("suspended", [["again"]])
        assert result.steps["ask"].output == {"got": 5}

    world.run(scenario())


def test_k5_a_target_behind_a_block_takes_the_members_results(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        combine = steps.step("combine", lambda ctx: f"{ctx.input_data['a']['r']}-{ctx.input_data['b']['r']}")
        workflow = create_workflow(id="wf").parallel([steps.echo("a"), steps.echo("b")]).then(combine).commit()
        run = await fresh_run(world, workflow)
        context = {"a": given({"r": "pre-step1"}), "b": given({"r": "pre-step2"})}
        result = await run.time_travel(step="combine", context=context)
        assert (result.status, result.result) == ("success", "pre-step1-pre-step2")
        assert steps.calls == {"combine": 1}

    world.run(scenario())


def test_k5_a_member_as_target_leaves_its_siblings(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        members = [steps.inc("a"), steps.inc("b")]
        workflow = create_workflow(id="wf").parallel(members).then(steps.echo("next")).commit()
        run = await finished_run(world, steps, workflow, {"value": 0})
        result = await run.time_travel(step="b", input_data={"value": 10})
        assert result.result == {"a": {"value": 1}, "b": {"value": 11}}
        assert steps.calls == {"b": 1, "next": 1}

    world.run(scenario())


def test_k7_a_target_behind_a_loop_takes_the_loops_result(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        final = steps.step("final", lambda ctx: {"final": ctx.input_data["counter"]})
        workflow = create_workflow(id="wf").dountil(steps.echo("body"), lambda ctx: True).then(final).commit()
        run = await fresh_run(world, workflow)
        result = await run.time_travel(step="final", context={"body": given({"counter": 3})})
        assert (result.status, result.result) == ("success", {"final": 3})
        assert steps.calls == {"final": 1}

    world.run(scenario())


def test_k8_per_step_stops_after_the_target(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await fresh_run(world, three(steps))
        result = await run.time_travel(step="step2", context={"step1": given({"step1Result": 2})}, per_step=True)
        assert result.status == "paused"
        assert result.steps["step2"].output == {"step2Result": 3}
        assert "step3" not in result.steps
        assert steps.calls == {"step2": 1}

    world.run(scenario())


def test_k9_per_step_on_a_finished_run_forgets_what_follows(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await finished_run(world, steps, three(steps), {"value": 0})
        result = await run.time_travel(step="step2", context={"step1": given({"step1Result": 10})}, per_step=True)
        assert result.status == "paused"
        assert result.steps["step2"].output == {"step2Result": 11}
        assert steps.calls == {"step2": 1}

    world.run(scenario())


def branching(steps: Steps) -> WorkflowLike:
    arms = [
        (lambda ctx: ctx.input_data["value"] < 10, steps.inc("low")),
        (lambda ctx: ctx.input_data["value"] >= 10, steps.inc("high")),
    ]
    return create_workflow(id="wf").then(steps.inc("first")).branch(arms).then(steps.echo("last")).commit()


def test_k11_per_step_on_an_arm_runs_only_the_arm(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await finished_run(world, steps, branching(steps), {"value": 0})
        result = await run.time_travel(step="low", per_step=True)
        assert result.status == "paused"
        assert result.steps["low"].output == {"value": 2}
        assert steps.calls == {"low": 1}

    world.run(scenario())


def test_k11_an_arm_whose_condition_is_false_is_skipped(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await finished_run(world, steps, branching(steps), {"value": 0})
        result = await run.time_travel(step="high")
        assert result.steps["high"].status == "skipped"
        assert steps.calls["high"] == 0

    world.run(scenario())


async def untouched_by(
    run: RunLike, workflow: WorkflowLike, steps: Steps, error: type[Exception], **options: Options
) -> Exception:
    """Check that a refused time travel raises `error`, changes no record and calls no step."""
    before, calls = (await workflow.get_workflow_run_by_id(run.run_id)).to_json(), dict(steps.calls)
    with pytest.raises(error) as caught:
        await run.time_travel(**options)
    assert (await workflow.get_workflow_run_by_id(run.run_id)).to_json() == before
    assert dict(steps.calls) == calls
    return caught.value


def test_k12_an_unknown_target_is_refused(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = three(steps)
        run = await finished_run(world, steps, workflow, {"value": 0})
        error = await untouched_by(run, workflow, steps, UnknownStep, step="nowhere")
        assert "nowhere" in str(error)

    world.run(scenario())


def test_k12_a_predecessor_without_a_result_is_missed(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.inc("a"), steps.boom("bad"), steps.inc("middle"), steps.inc("last"))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={"value": 0})
        error = await untouched_by(run, workflow, steps, MissingResult, step="last")
        assert "middle" in str(error)

    world.run(scenario())


def test_k12_a_predecessor_that_is_not_done_has_no_result(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        child = chain("child", steps.inc("first"), steps.inc("second"))
        workflow = chain("wf", child, steps.inc("last"))
        run = await fresh_run(world, workflow)
        assert (await run.start(input_data={"value": 0}, per_step=True)).status == "paused"
        error = await untouched_by(run, workflow, steps, MissingResult, step="last")
        assert "child" in str(error)
        result = await run.time_travel(step="last", input_data={"value": 5})
        assert (result.status, result.result) == ("success", {"value": 6})
        assert steps.calls == {"first": 1, "last": 1}

    world.run(scenario())


def test_k12_a_running_run_cannot_travel(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await world.begun(chain("wf", steps.held("a"), steps.echo("b")), {})
        await steps.called("a")
        with pytest.raises(StillRunning):
            await run.time_travel(step="b", context={"a": given({})})
        steps.release("a")

    world.run(scenario())


def test_k14_invalid_input_for_the_target_is_refused(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"), steps.echo("b", input_schema=Value))
        run = await finished_run(world, steps, workflow, {"value": 1})
        error = await untouched_by(run, workflow, steps, InvalidInput, step="b", input_data={"other": 1})
        assert "value" in str(error)

    world.run(scenario())


def test_k18_a_canceled_run_can_travel(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"), steps.sus("ask"), steps.echo("c"))
        run = await fresh_run(world, workflow)
        await run.start(input_data={"x": 1})
        await run.cancel()
        again = await workflow.create_run(run_id=run.run_id)
        result = await again.time_travel(step="c", context={"ask": given({"y": 2})})
        assert (result.status, result.result) == ("success", {"y": 2})
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "success"

    world.run(scenario())


def test_k19_a_target_is_required(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = three(steps)
        run = await finished_run(world, steps, workflow, {"value": 0})
        error = await untouched_by(run, workflow, steps, WorkflowsError, step=None)
        assert "step" in str(error).lower()
        assert "required" in str(error).lower()

    world.run(scenario())


def test_k_a_fork_leaves_the_original_run_alone(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        def state_reader(ctx: StepContext) -> Json:
            return ctx.input_data

        workflow = chain("wf", step1(steps), steps.step("last", state_reader))
        run = await finished_run(world, steps, workflow, {"value": 0})
        before = (await workflow.get_workflow_run_by_id(run.run_id)).to_json()
        result = await run.time_travel(step="last", input_data={"forked": True}, fork=True)
        assert (result.status, result.result) == ("success", {"forked": True})
        assert result.run_id != run.run_id
        assert (await workflow.get_workflow_run_by_id(run.run_id)).to_json() == before

    world.run(scenario())
