"""Section M: cancel and abort."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.conformance.fixtures import (
    Json,
    StepLike,
    Steps,
    WorkflowLike,
    World,
    chain,
    events_of,
    status_becomes,
)
from workflows_app import StepContext, create_workflow
from workflows_app.errors import NotSuspended


def aborting(steps: Steps, id: str) -> StepLike:
    def abort(ctx: StepContext) -> None:
        ctx.abort()

    return steps.step(id, abort)


def waiting_for_abort(steps: Steps, id: str) -> StepLike:
    async def wait(ctx: StepContext) -> Json:
        await asyncio.wait_for(ctx.abort_signal.wait(), 60)
        return ctx.abort_signal.aborted

    return steps.step(id, wait)


def test_m1_m2_a_step_may_look_at_the_signal_and_abort(world: World, steps: Steps) -> None:
    workflow = chain("wf", steps.step("a", lambda ctx: [ctx.abort_signal.aborted, callable(ctx.abort)]))
    assert world.outcome(workflow).result == [False, True]


def test_m3_a_step_aborts_the_run(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.echo("step1"), aborting(steps, "step2"), steps.echo("step3")))
    assert result.status == "canceled"
    assert result.steps["step1"].status == "success"
    assert "step3" not in result.steps
    assert steps.calls == {"step1": 1, "step2": 1}


def test_m4_the_first_step_aborts_the_run(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", aborting(steps, "step1"), steps.echo("step2")))
    assert result.status == "canceled"
    assert steps.calls == {"step1": 1}


def test_m5_a_cancel_wakes_a_step_that_listens(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", waiting_for_abort(steps, "wait"), steps.echo("next"))
        world.engine(workflow)
        run = await workflow.create_run()
        starting = asyncio.create_task(run.start(input_data={}))
        await steps.called("wait")
        await run.cancel()
        result = await starting
        assert result.status == "canceled"
        assert steps.calls["next"] == 0
        assert result.steps["wait"].output is True

    world.run(scenario())


def test_m5_a_cancel_before_the_start_prevents_it(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.cancel()
        assert (await run.start(input_data={})).status == "canceled"
        assert steps.calls["a"] == 0

    world.run(scenario())


def test_m7_a_suspended_run_is_canceled_for_good(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.sus("ask"))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        await run.cancel()
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "canceled"
        with pytest.raises(NotSuspended):
            await run.resume(resume_data=1)
        assert steps.calls["ask"] == 1

    world.run(scenario())


@pytest.mark.parametrize(
    "sleeping",
    [
        lambda: create_workflow(id="wf").sleep(60, id="nap"),
        lambda: create_workflow(id="wf").sleep_until(datetime.now(UTC) + timedelta(seconds=60), id="nap"),
    ],
    ids=["sleep", "sleep_until"],
)
def test_m8_a_cancel_ends_a_sleep(world: World, steps: Steps, sleeping: Callable[[], WorkflowLike]) -> None:
    async def scenario() -> None:
        workflow = sleeping().then(steps.echo("next")).commit()
        world.engine(workflow)
        run = await workflow.create_run()
        starting = asyncio.create_task(run.start(input_data={}))
        await status_becomes(workflow, run.run_id, "waiting")
        await run.cancel()
        assert (await starting).status == "canceled"
        assert steps.calls["next"] == 0
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "canceled"

    world.run(scenario())


def test_m10_m12_canceling_a_finished_run_does_nothing(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        async def keep(ctx: StepContext) -> None:
            steps.seen["signal"].append(ctx.abort_signal)

        workflow = chain("wf", steps.step("a", keep))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        before = await events_of(run.observe_stream())
        await run.cancel()
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "success"
        assert await events_of(run.observe_stream()) == before
        assert [signal.aborted for signal in steps.seen["signal"]] == [False]

    world.run(scenario())


def test_m13_an_unregistered_workflow_is_canceled_without_error(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("lonely", steps.sus("ask"))
        run = await workflow.create_run()
        await run.start(input_data={})
        await run.cancel()
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "canceled"

    world.run(scenario())


def test_m14_m15_all_that_is_open_is_canceled_and_nothing_else(world: World, steps: Steps) -> None:
    def build() -> WorkflowLike:
        grandchild = chain("grandchild", steps.echo("done"), steps.sus("leaf"))
        return chain("wf", steps.echo("first"), chain("child", grandchild))

    async def scenario() -> None:
        workflow = build()
        world.engine(workflow)
        run, other = await workflow.create_run(), await workflow.create_run()
        assert (await run.start(input_data=1)).suspended == [["child", "grandchild", "leaf"]]
        await other.start(input_data=1)
        workflow = build()
        world.restart_process(workflow)
        await (await workflow.create_run(run_id=run.run_id)).cancel()
        record = await workflow.get_workflow_run_by_id(run.run_id)
        assert (record.status, record.suspended) == ("canceled", [])
        for open_path in ("child", "child.grandchild", "child.grandchild.leaf"):
            assert record.steps[open_path].status == "canceled"
        for ended_path in ("first", "child.grandchild.done"):
            assert record.steps[ended_path].status == "success"
        assert (await workflow.get_workflow_run_by_id(other.run_id)).status == "suspended"

    world.run(scenario())


def test_m16_a_result_that_arrives_after_the_cancel_is_kept(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        nested = chain("nested", steps.give("early", 1), steps.held("late", lambda ctx: "arrived"))
        workflow = chain("wf", nested, steps.echo("next"))
        world.engine(workflow)
        run = await workflow.create_run()
        starting = asyncio.create_task(run.start(input_data={}))
        await steps.called("late")
        await run.cancel()
        steps.release("late")
        result = await starting
        assert result.status == "canceled"
        assert (result.steps["nested.early"].status, result.steps["nested.early"].output) == ("success", 1)
        assert (result.steps["nested.late"].status, result.steps["nested.late"].output) == (
            "success",
            "arrived",
        )
        assert steps.calls["next"] == 0

    world.run(scenario())


def test_m18_a_run_may_be_canceled_twice(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.sus("ask"))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        await run.cancel()
        await run.cancel()
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "canceled"

    world.run(scenario())


def test_m22_another_process_cancels_a_running_run(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        def build() -> WorkflowLike:
            return chain("wf", steps.held("a"), steps.echo("b"))

        workflow, elsewhere = build(), build()
        world.engine(workflow)
        run = await workflow.create_run()
        starting = asyncio.create_task(run.start(input_data=1))
        await steps.called("a")
        world.engine(elsewhere)
        await (await elsewhere.create_run(run_id=run.run_id)).cancel()
        assert (await elsewhere.get_workflow_run_by_id(run.run_id)).status == "canceled"
        steps.release("a")
        assert (await starting).status == "canceled"
        assert steps.calls["b"] == 0
        assert (await elsewhere.get_workflow_run_by_id(run.run_id)).status == "canceled"

    world.run(scenario())
