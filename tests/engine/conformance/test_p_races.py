"""Section P: concurrency and races."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.conformance.fixtures import Json, Steps, WorkflowLike, World, chain, restarted, until
from workflows_app.errors import NotSuspended, ResumeAlreadyClaimed, RunAlreadyStarted


def test_p1_two_processes_resume_one_suspension(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        def build() -> WorkflowLike:
            return chain("wf", steps.sus("ask"), steps.held("behind"))

        one, other = build(), build()
        world.engine(one, lease=30)
        run = await one.create_run()
        await run.start(input_data={})
        world.engine(other, lease=30)
        elsewhere = await other.create_run(run_id=run.run_id)
        resumes = [asyncio.create_task(each.resume(step="ask", resume_data=1)) for each in (run, elsewhere)]
        # The run cannot end before the release, so whichever resume is over was refused.
        [refused], [accepted] = await asyncio.wait(resumes, return_when=asyncio.FIRST_COMPLETED)
        assert type(refused.exception()) is ResumeAlreadyClaimed
        steps.release("behind")
        assert (await accepted).status == "success"
        assert steps.calls == {"ask": 2, "behind": 1}

    world.run(scenario())


def test_p1_who_comes_when_the_step_has_ended_is_told_who_was_faster(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.sus("ask"), steps.held("behind"))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        accepted = asyncio.create_task(run.resume(step="ask", resume_data=1, by="ada"))
        await until(lambda: bool(steps.calls["behind"]))
        with pytest.raises(ResumeAlreadyClaimed) as late:
            await run.resume(step="ask", resume_data=2)
        assert late.value.details["by"] == "ada"
        with pytest.raises(NotSuspended):
            await run.resume(step="behind", resume_data=2)
        steps.release("behind")
        assert (await accepted).status == "success"
        with pytest.raises(NotSuspended):
            await run.resume(step="ask", resume_data=3)

    world.run(scenario())


def test_p1_a_second_resume_is_refused_during_and_after_the_first(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        async def answer(ctx: object) -> Json:
            if ctx.resume_data is None:  # type: ignore[attr-defined]
                return await ctx.suspend({})  # type: ignore[attr-defined]
            steps.seen["resumed"].append(1)
            await gate.wait()
            return "answered"

        gate = asyncio.Event()
        workflow = chain("wf", steps.step("ask", answer))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        first = asyncio.create_task(run.resume(step="ask", resume_data=1))
        await until(lambda: steps.seen["resumed"])
        during = await asyncio.gather(run.resume(step="ask", resume_data=2), return_exceptions=True)
        assert [type(each) for each in during] == [ResumeAlreadyClaimed]
        gate.set()
        assert (await first).result == "answered"
        after = await asyncio.gather(run.resume(step="ask", resume_data=2), return_exceptions=True)
        assert [type(each) for each in after] == [NotSuspended]
        assert steps.seen["resumed"] == [1]

    world.run(scenario())


def test_p3_two_handles_start_one_run(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        handles = [await workflow.create_run(run_id="same") for _ in range(2)]
        outcomes = await asyncio.gather(*(handle.start(input_data=1) for handle in handles), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert [type(each) for each in refused] == [RunAlreadyStarted]
        assert steps.calls["a"] == 1

    world.run(scenario())


def test_p6_creating_a_run_again_does_not_reset_it(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.held("a"))
        run = await world.begun(workflow, 1)
        await steps.called("a")
        await workflow.create_run(run_id=run.run_id)
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "running"
        steps.release("a")

    world.run(scenario())


def test_p7_a_run_that_had_just_started_is_recovered_whole(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        def build() -> WorkflowLike:
            return chain(
                "wf",
                steps.hung("a", lambda ctx: [ctx.input_data, ctx.state["n"], ctx.request_context.get("tier")]),
            )

        run = await world.begun(build(), {"x": 1}, initial_state={"n": 2}, request_context={"tier": "pro"})
        await steps.called("a")
        workflow = build()
        world.restart_process(workflow)
        result = await restarted(await workflow.create_run(run_id=run.run_id))
        assert (result.status, result.result) == ("success", [{"x": 1}, 2, "pro"])
        assert result.input == {"x": 1}

    world.run(scenario())


def test_p9_two_processes_restart_all_at_the_same_time(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        async def body(ctx: object) -> Json:
            id = ctx.run_id  # type: ignore[attr-defined]
            steps.calls[f"run-{id}"] += 1
            await asyncio.sleep(0.02) if steps.calls[f"run-{id}"] > 1 else await asyncio.Event().wait()
            return id

        def build() -> WorkflowLike:
            return chain("wf", steps.step("a", body))

        ids = [f"r{n}" for n in range(4)]
        workflow = build()
        world.engine(workflow)
        for id in ids:
            await (await workflow.create_run(run_id=id)).start_async(input_data={})
            await steps.called(f"run-{id}")
        one, other = build(), build()
        engines = [world.restart_process(one), world.engine(other)]

        async def none_is_active() -> bool:
            await asyncio.gather(*(engine.restart_all_active_workflow_runs() for engine in engines))
            return not (await one.list_active_workflow_runs()).runs

        await until(none_is_active)
        assert [steps.calls[f"run-{id}"] for id in ids] == [2, 2, 2, 2]
        records = [await one.get_workflow_run_by_id(id) for id in ids]
        assert [record.result for record in records] == ids

    world.run(scenario())
