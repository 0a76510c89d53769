"""Section G, continued: members, all at once, and resumes from elsewhere."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.conformance.fixtures import (
    Json,
    Steps,
    WorkflowLike,
    World,
    chain,
    stored,
    until,
)
from workflows_app import StepContext, create_workflow
from workflows_app.errors import NotSuspended


def test_g22_members_are_resumed_one_by_one(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        p1 = steps.asking("p1", lambda ctx: ctx.input_data["value"] * ctx.resume_data)
        p2 = steps.asking("p2", lambda ctx: ctx.input_data["value"] // ctx.resume_data)
        workflow = create_workflow(id="wf").parallel([p1, p2]).commit()
        world.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data={"value": 100})).suspended == [["p1"], ["p2"]]
        result = await run.resume(step="p1", resume_data=2)
        assert (result.status, result.suspended) == ("suspended", [["p2"]])
        result = await run.resume(step="p2", resume_data=5)
        assert (result.status, result.result) == ("success", {"p1": 200, "p2": 20})
        assert steps.calls == {"p1": 2, "p2": 2}

    world.run(scenario())


def test_g22_everything_is_resumed_with_all(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").parallel([steps.sus("p1"), steps.sus("p2")]).commit()
        run = await world.suspended(workflow)
        result = await run.resume(all=True, resume_data=7)
        assert result.result == {"p1": {"got": 7}, "p2": {"got": 7}}

    world.run(scenario())


def test_g22_a_member_is_resumed_while_its_sibling_runs(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").parallel([steps.sus("sus"), steps.held("held")]).commit()
        run = await world.begun(workflow, "in")

        async def is_suspended() -> bool:
            entry = (await stored(workflow, run.run_id)).steps.get("sus")
            return entry is not None and entry.status == "suspended"

        await until(is_suspended)
        resuming = asyncio.create_task(run.resume(step="sus", resume_data=1))
        await steps.called("sus", 2)
        steps.release("held")
        assert (await resuming).result == {"sus": {"got": 1}, "held": "in"}

    world.run(scenario())


def test_g25_conditions_are_not_asked_again_on_resume(world: World, steps: Steps) -> None:
    def build() -> WorkflowLike:
        def over_ten(ctx: StepContext) -> bool:
            steps.seen["condition"].append(ctx.input_data)
            return bool(ctx.input_data["mapped"] > 10)

        nested = chain("nested", steps.sus("inner"))
        return (
            create_workflow(id="wf")
            .map(lambda ctx: {"mapped": ctx.input_data["value"] * 2})
            .branch([(over_ten, nested), (lambda ctx: not over_ten(ctx), steps.give("fallback", 1))])
            .commit()
        )

    async def scenario() -> None:
        workflow = build()
        world.engine(workflow)
        run = await workflow.create_run()
        result = await run.start(input_data={"value": 10})
        assert result.status == "suspended"
        assert steps.seen["condition"] == [{"mapped": 20}, {"mapped": 20}]
        steps.seen.clear()
        workflow = build()
        world.restart_process(workflow)
        run = await workflow.create_run(run_id=run.run_id)
        result = await run.resume(step=result.suspended[0], resume_data=3)
        assert (result.status, result.result) == ("success", {"nested": {"got": 3}})
        assert steps.seen["condition"] == []

    world.run(scenario())


def test_g27_a_value_returned_after_suspending_is_the_suspend_output(world: World, steps: Steps) -> None:
    async def ask(ctx: StepContext) -> Json:
        await ctx.suspend({"why": 1})
        return {"partial": True}

    result = world.outcome(chain("wf", steps.step("ask", ask)))
    assert result.status == "suspended"
    assert result.steps["ask"].suspend_output == {"partial": True}


def test_g27_raising_after_suspending_fails_the_step(world: World, steps: Steps) -> None:
    async def ask(ctx: StepContext) -> Json:
        await ctx.suspend({"why": 1})
        raise ValueError("changed my mind")

    result = world.outcome(chain("wf", steps.step("ask", ask)))
    assert result.status == "failed"
    assert result.steps["ask"].error["message"] == "changed my mind"


def test_g31_a_fresh_process_resumes(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await world.suspended(chain("wf", steps.inc("a"), steps.sus("sus")), {"value": 1})
        workflow = chain("wf", steps.inc("a"), steps.sus("sus"))
        world.restart_process(workflow)
        result = await (await workflow.create_run(run_id=run.run_id)).resume(resume_data=5)
        assert (result.status, result.result) == ("success", {"got": 5})
        assert steps.calls == {"a": 1, "sus": 2}

    world.run(scenario())


def test_g32_a_resume_waits_for_a_suspension_in_the_making(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.held("before"), steps.sus("sus"))
        run = await world.begun(workflow, {})
        await steps.called("before")
        resuming = asyncio.create_task(run.resume(step="sus", resume_data=1))
        await asyncio.sleep(0.05)
        steps.release("before")
        assert (await resuming).result == {"got": 1}

    world.run(scenario())


def test_g32_a_resume_gives_up_after_its_budget(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await world.begun(chain("wf", steps.held("before"), steps.sus("sus")), {})
        await steps.called("before")
        with pytest.raises(NotSuspended):
            await run.resume(step="sus", resume_data=1)
        assert steps.calls["sus"] == 0

    world.run(scenario())


def test_g32_a_terminal_run_is_refused_at_once(world: World, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    # Who waited for a suspension would wait for longer than the world has patience.
    monkeypatch.setattr("workflows_app.engine.run.RESUME_BUDGET_SECONDS", 600.0)

    async def scenario() -> None:
        workflow = chain("wf", steps.boom("bad"))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        with pytest.raises(NotSuspended):
            await run.resume(resume_data=1)

    world.run(scenario())
