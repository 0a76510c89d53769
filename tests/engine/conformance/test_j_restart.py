"""Section J: restart after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.engine.conformance.fixtures import (
    Json,
    ResultLike,
    Steps,
    WorkflowLike,
    World,
    chain,
    restarted,
    status_becomes,
    until,
)
from tests.engine.short import ForwardClock
from workflows_app import StepContext, create_workflow
from workflows_app.errors import DefinitionChanged, NotActive, RunNotFound, StillRunning

Build = Callable[[], WorkflowLike]


async def after_crash(world: World, steps: Steps, build: Build, hung: list[str], data: Json) -> ResultLike:
    """Start, let the process die while the steps `hung` are running, and restart from the journal."""
    run = await world.begun(build(), data)
    for id in hung:
        await steps.called(id)
    steps.calls.subtract({id: count for id, count in steps.calls.items() if id not in hung})
    workflow = build()
    world.restart_process(workflow)
    return await restarted(await workflow.create_run(run_id=run.run_id))


def test_j1_a_run_never_started_is_not_active(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        with pytest.raises(NotActive) as caught:
            await (await workflow.create_run()).restart()
        assert caught.value.code == "not_active"

    world.run(scenario())


def test_j1_a_deleted_run_is_not_found(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        run = await workflow.create_run()
        await workflow.delete_workflow_run_by_id(run.run_id)
        with pytest.raises(RunNotFound) as caught:
            await run.restart()
        assert caught.value.code == "run_not_found"

    world.run(scenario())


def test_j1_a_suspended_run_is_not_active(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.sus("a"))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        with pytest.raises(NotActive):
            await run.restart()

    world.run(scenario())


def test_j1_a_run_whose_worker_lives_is_still_running(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.held("a"))
        world.engine(workflow, lease=30)
        run = await workflow.create_run()
        await run.start_async(input_data=1)
        await steps.called("a")
        with pytest.raises(StillRunning) as caught:
            await run.restart()
        assert caught.value.code == "still_running"
        steps.release("a")
        await status_becomes(workflow, run.run_id, "success")
        assert steps.calls["a"] == 1

    world.run(scenario())


def test_j1_force_fences_a_worker_that_lives(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        def build() -> WorkflowLike:
            return chain("wf", steps.held("a", lambda ctx: steps.calls["a"]))

        workflow = build()
        world.engine(workflow, lease=30)
        run = await workflow.create_run()
        await run.start_async(input_data=1)
        await steps.called("a")
        other = build()
        world.engine(other, lease=30)
        result = await (await other.create_run(run_id=run.run_id)).restart(force=True)
        assert (result.status, result.result) == ("success", 2)
        steps.release("a")
        await asyncio.sleep(0.05)
        record = await other.get_workflow_run_by_id(run.run_id)
        assert (record.status, record.result) == ("success", 2)

    world.run(scenario())


def test_j2_the_only_step_runs_again(world: World, steps: Steps) -> None:
    def build() -> WorkflowLike:
        return chain("wf", steps.hung("a", lambda ctx: {"count": steps.calls["a"] - 1, "value": ctx.input_data}))

    result = world.run(after_crash(world, steps, build, ["a"], 42))
    assert (result.status, result.result) == ("success", {"count": 1, "value": 42})


def test_j3_what_was_done_is_not_done_again(world: World, steps: Steps) -> None:
    def build() -> WorkflowLike:
        step2 = steps.hung("step2", lambda ctx: {"value": ctx.input_data["value"] * 2})
        return chain("wf", steps.give("step1", {"value": 15}), step2)

    result = world.run(after_crash(world, steps, build, ["step2"], {}))
    assert (result.status, result.result) == ("success", {"value": 30})
    assert steps.calls == {"step1": 0, "step2": 2}
    assert steps.inputs["step2"] == [{"value": 15}, {"value": 15}]
    assert result.step_execution_path == ["step1", "step2", "step2"]


def test_j4_a_step_that_would_have_failed_gets_its_chance(world: World, steps: Steps) -> None:
    async def first_build_would_fail(ctx: StepContext) -> Json:
        await asyncio.Event().wait()
        raise ValueError("never got here")

    async def scenario() -> None:
        run = await world.begun(chain("wf", steps.step("a", first_build_would_fail)), "hello")
        await steps.called("a")
        workflow = chain("wf", steps.step("a", lambda ctx: ctx.input_data.upper()))
        world.restart_process(workflow)
        result = await restarted(await workflow.create_run(run_id=run.run_id))
        assert (result.status, result.result) == ("success", "HELLO")
        assert steps.calls["a"] == 2

    world.run(scenario())


def test_j5_a_crash_inside_a_nested_workflow(world: World, steps: Steps) -> None:
    def build() -> WorkflowLike:
        step3 = steps.hung("step3", lambda ctx: {"nested_final": ctx.input_data["n"] + 1})
        nested = chain("nested", steps.step("step2", lambda ctx: {"n": ctx.input_data["n"] + 1}), step3)
        step4 = steps.step("step4", lambda ctx: {"final": ctx.input_data["nested_final"] + 1})
        return chain("wf", steps.give("step1", {"n": 2}), nested, step4)

    result = world.run(after_crash(world, steps, build, ["step3"], {}))
    assert result.status == "success"
    assert result.steps["nested"].output == {"nested_final": 4}
    assert result.result == {"final": 5}
    assert steps.calls == {"step1": 0, "step2": 0, "step3": 2, "step4": 1}


def test_j7_members_that_were_running_run_again(world: World, steps: Steps) -> None:
    def build() -> WorkflowLike:
        members = [
            steps.hung("a", lambda ctx: ctx.input_data * 2),
            steps.hung("b", lambda ctx: ctx.input_data * 3),
        ]
        return create_workflow(id="wf").parallel(members).commit()

    result = world.run(after_crash(world, steps, build, ["a", "b"], 5))
    assert (result.status, result.result) == ("success", {"a": 10, "b": 15})
    assert steps.calls == {"a": 2, "b": 2}


def test_j7_a_member_that_was_done_is_reused(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        def build() -> WorkflowLike:
            return create_workflow(id="wf").parallel([steps.give("a", 1), steps.hung("b")]).commit()

        workflow = build()
        run = await world.begun(workflow, 5)

        async def a_is_done() -> bool:
            entry = (await workflow.get_workflow_run_by_id(run.run_id)).steps.get("a")
            return entry is not None and entry.status == "success"

        await until(a_is_done)
        await steps.called("b")
        workflow = build()
        world.restart_process(workflow)
        result = await restarted(await workflow.create_run(run_id=run.run_id))
        assert result.result == {"a": 1, "b": 5}
        assert steps.calls == {"a": 1, "b": 2}

    world.run(scenario())


def test_j9_a_finished_run_gives_its_stored_outcome(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", chain("nested", steps.inc("a")), steps.inc("b"))
        world.engine(workflow)
        run = await workflow.create_run()
        first = await run.start(input_data={"value": 0})
        again = await run.restart()
        assert again.to_json() == first.to_json()
        assert steps.calls == {"a": 1, "b": 1}

    world.run(scenario())


def test_j11_a_sleep_waits_only_for_its_rest(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        def build() -> WorkflowLike:
            return create_workflow(id="wf").sleep(60, id="nap").commit()

        clock = ForwardClock()
        workflow = build()
        world.engine(workflow, clock=clock)
        run = await workflow.create_run()
        await run.start_async(input_data=1)
        await status_becomes(workflow, run.run_id, "waiting")
        clock.pass_time(59)
        workflow = build()
        world.restart_process(workflow, clock=clock)
        # One that began anew would outlast the patience of the world.
        result = await restarted(await workflow.create_run(run_id=run.run_id))
        assert (result.status, result.result) == ("success", 1)
        nap = result.steps["nap"]
        assert nap.ended_at - nap.started_at >= timedelta(seconds=60)

    world.run(scenario())


def test_j12_items_that_were_done_are_not_done_again(world: World, steps: Steps) -> None:
    async def item(ctx: StepContext) -> Json:
        steps.calls[f"item-{ctx.input_data}"] += 1
        if ctx.input_data == 3 and steps.calls["item-3"] == 1:
            await asyncio.Event().wait()
        return ctx.input_data * 10

    async def scenario() -> None:
        def build() -> WorkflowLike:
            return create_workflow(id="wf").foreach(steps.step("it", item)).commit()

        run = await world.begun(build(), [0, 1, 2, 3, 4])
        await steps.called("item-3")
        workflow = build()
        world.restart_process(workflow)
        result = await restarted(await workflow.create_run(run_id=run.run_id))
        assert result.result == [0, 10, 20, 30, 40]
        assert [steps.calls[f"item-{n}"] for n in range(5)] == [1, 1, 1, 2, 1]

    world.run(scenario())


def test_j13_a_loop_goes_on_where_it_was(world: World, steps: Steps) -> None:
    async def body(ctx: StepContext) -> Json:
        steps.seen["body"].append(ctx.input_data)
        if steps.seen["body"] == [0, 1, 2]:
            await asyncio.Event().wait()
        return ctx.input_data + 1

    async def scenario() -> None:
        def build() -> WorkflowLike:
            return create_workflow(id="wf").dountil(steps.step("b", body), lambda ctx: ctx.input_data == 5).commit()

        run = await world.begun(build(), 0)
        await steps.called("b", 3)
        workflow = build()
        world.restart_process(workflow)
        result = await restarted(await workflow.create_run(run_id=run.run_id))
        assert result.result == 5
        assert steps.seen["body"] == [0, 1, 2, 2, 3, 4]
        assert result.steps["b"].metadata["iteration_count"] == 5

    world.run(scenario())


def test_j14_all_active_runs_are_restarted(world: World, steps: Steps, caplog: pytest.LogCaptureFixture) -> None:
    async def body(ctx: StepContext) -> Json:
        steps.calls[f"run-{ctx.run_id}"] += 1
        if steps.calls[f"run-{ctx.run_id}"] == 1:
            await asyncio.Event().wait()
        if ctx.run_id == "r2":
            raise ValueError("r2 cannot go on")
        return ctx.run_id

    async def scenario() -> None:
        def build() -> WorkflowLike:
            return chain("wf", steps.step("a", body))

        workflow = build()
        world.engine(workflow)
        for id in ("r1", "r2", "r3"):
            await (await workflow.create_run(run_id=id)).start_async(input_data={})
            await steps.called(f"run-{id}")
        assert {run.run_id for run in (await workflow.list_active_workflow_runs()).runs} == {"r1", "r2", "r3"}
        workflow = build()
        world.restart_process(workflow)

        async def none_is_active() -> bool:
            await workflow.restart_all_active_workflow_runs()
            return not (await workflow.list_active_workflow_runs()).runs

        await until(none_is_active)
        records = [await workflow.get_workflow_run_by_id(id) for id in ("r1", "r2", "r3")]
        assert [record.status for record in records] == ["success", "failed", "success"]
        assert "r2 cannot go on" in caplog.text
        assert [steps.calls[f"run-{id}"] for id in ("r1", "r2", "r3")] == [2, 2, 2]

    world.run(scenario())


def test_j14_a_workflow_may_stay_out_of_the_restart_of_all(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        def build() -> WorkflowLike:
            return chain("shy", steps.hung("a"), auto_restart_active_runs=False)

        run = await world.begun(build(), 1)
        await steps.called("a")
        workflow = build()
        engine = world.restart_process(workflow, lease=0.1)
        await asyncio.sleep(0.3)
        await engine.restart_all_active_workflow_runs()
        assert steps.calls["a"] == 1
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "running"
        assert (await restarted(await workflow.create_run(run_id=run.run_id))).result == 1

    world.run(scenario())


def test_j_a_run_whose_steps_are_gone_is_not_continued(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await world.begun(chain("wf", steps.echo("old"), steps.hung("a")), 1)
        await steps.called("a")
        workflow = chain("wf", steps.echo("new"), steps.hung("a"))
        world.restart_process(workflow)
        handle = await workflow.create_run(run_id=run.run_id)
        with pytest.raises(DefinitionChanged) as caught:
            await restarted(handle)
        assert caught.value.code == "definition_changed"
        assert "old" in str(caught.value)
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "running"

    world.run(scenario())
