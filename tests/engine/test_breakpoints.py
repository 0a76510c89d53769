"""A run that pauses before chosen steps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from workflows_app import create_step, create_workflow
from workflows_app.engine import Engine
from workflows_app.engine.decide import decide
from workflows_app.engine.errors import NotActive, UnknownStep
from workflows_app.engine.history import History
from workflows_app.engine.memory import MemoryJournal
from workflows_app.engine.outcomes import Suspension
from workflows_app.engine.workflow import Workflow


def add(name: str, done: list[str]) -> Any:
    async def execute(ctx: Any) -> Any:
        done.append(name)
        return ctx.input_data

    return create_step(id=name, execute=execute)


def chain(done: list[str], *names: str) -> Workflow:
    workflow = create_workflow(id="wf")
    for name in names:
        workflow = workflow.then(add(name, done))
    return workflow.commit()


def test_a_run_pauses_before_a_breakpoint_and_goes_on_from_there() -> None:
    async def scenario() -> None:
        done: list[str] = []
        run = await chain(done, "a", "b", "c", "d").create_run()
        result = await run.start(input_data=1, breakpoints=["b", "d"])
        assert (result.status, done) == ("paused", ["a"])
        result = await run.resume_all_steps()
        assert (result.status, done) == ("paused", ["a", "b", "c"])
        result = await run.resume_all_steps()
        assert (result.status, done) == ("success", ["a", "b", "c", "d"])

    asyncio.run(scenario())


def test_one_step_from_a_breakpoint_is_one_step() -> None:
    async def scenario() -> None:
        done: list[str] = []
        run = await chain(done, "a", "b", "c").create_run()
        await run.start(input_data=1, breakpoints=["b"])
        result = await run.step()
        assert (result.status, done) == ("paused", ["a", "b"])

    asyncio.run(scenario())


def test_the_other_arms_go_on_until_they_rest() -> None:
    async def scenario() -> None:
        done: list[str] = []
        workflow = create_workflow(id="wf").parallel([add("left", done), add("right", done)]).then(add("end", done))
        run = await workflow.commit().create_run()
        result = await run.start(input_data=1, breakpoints=["left"])
        assert (result.status, done) == ("paused", ["right"])
        result = await run.resume_all_steps()
        assert (result.status, done) == ("success", ["right", "left", "end"])

    asyncio.run(scenario())


def test_a_loop_pauses_in_every_pass_and_a_foreach_once() -> None:
    async def scenario() -> None:
        done: list[str] = []
        workflow = (
            create_workflow(id="wf")
            .dountil(add("poll", done), lambda ctx: len(done) == 3)
            .map(lambda ctx: [1, 2])
            .foreach(add("each", done))
            .commit()
        )
        run = await workflow.create_run()
        result = await run.start(input_data=1, breakpoints=["poll", "each"])
        for passes in range(3):
            assert (result.status, done) == ("paused", ["poll"] * passes)
            result = await run.resume_all_steps()
        assert (result.status, done) == ("paused", ["poll"] * 3)
        result = await run.resume_all_steps()
        assert (result.status, done) == ("success", ["poll"] * 3 + ["each"] * 2)

    asyncio.run(scenario())


def test_sleeps_and_steps_of_nested_workflows_have_breakpoints_too() -> None:
    async def scenario() -> None:
        done: list[str] = []
        inner = create_workflow(id="inner").then(add("deep", done)).commit()
        workflow = create_workflow(id="wf").sleep(0.001, id="nap").then(inner).commit()
        run = await workflow.create_run()
        assert (await run.start(input_data=1, breakpoints=["nap", "inner.deep"])).status == "paused"
        assert (await run.resume_all_steps()).status == "paused"
        assert done == []
        assert (await run.resume_all_steps()).status == "success"

    asyncio.run(scenario())


def test_a_retry_is_not_held_again() -> None:
    async def scenario() -> None:
        tries: list[int] = []

        async def shaky(ctx: Any) -> Any:
            tries.append(1)
            if len(tries) < 2:
                raise ValueError("not yet")
            return "done"

        workflow = create_workflow(id="wf").then(create_step(id="shaky", execute=shaky, retries=2)).commit()
        run = await workflow.create_run()
        await run.start(input_data=1, breakpoints=["shaky"])
        assert (await run.resume_all_steps()).result == "done"

    asyncio.run(scenario())


def test_what_is_held_outlives_the_process() -> None:
    journal = MemoryJournal()
    done: list[str] = []

    async def begin() -> str:
        engine = Engine([chain(done, "a", "b", "c")], journal=journal)
        run = await engine.create_run(engine.get_workflow("wf"))
        await run.start(input_data=1, breakpoints=["b", "c"])
        await engine.close()
        return run.id

    async def go_on(run_id: str) -> None:
        engine = Engine([chain(done, "a", "b", "c")], journal=journal)
        run = await engine.get_run(run_id)
        stored = await engine.read(run_id)
        assert History(stored.events).held == ("b",)
        assert (await run.resume_all_steps()).status == "paused"
        assert (await run.resume_all_steps()).status == "success"
        await engine.close()

    asyncio.run(go_on(asyncio.run(begin())))
    assert done == ["a", "b", "c"]


def test_going_back_holds_again() -> None:
    async def scenario() -> None:
        done: list[str] = []
        run = await chain(done, "a", "b").create_run()
        await run.start(input_data=1, breakpoints=["b"])
        await run.resume_all_steps()
        assert (await run.time_travel(step="a", input_data=1)).status == "paused"
        assert done == ["a", "b", "a"]

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["nothing", "inner", "deep"])
def test_a_breakpoint_that_could_never_hold_is_refused(name: str) -> None:
    async def scenario() -> None:
        inner = create_workflow(id="inner").then(add("deep", [])).commit()
        run = await create_workflow(id="wf").then(inner).commit().create_run()
        with pytest.raises(UnknownStep, match=r"inner\.deep"):
            await run.start(input_data=1, breakpoints=[name])
        assert run.head.seq == 0

    asyncio.run(scenario())


class Gate:
    """A step that runs until it is let go."""

    def __init__(self, name: str, done: list[str]) -> None:
        self.begun, self.open = asyncio.Event(), asyncio.Event()
        self.step = create_step(id=name, execute=self.execute)
        self.done = done

    async def execute(self, ctx: Any) -> Any:
        self.begun.set()
        await self.open.wait()
        self.done.append(self.step.id)
        return ctx.input_data


def test_a_breakpoint_is_set_and_cleared_while_the_run_goes_on() -> None:
    async def scenario() -> None:
        done: list[str] = []
        gate = Gate("a", done)
        workflow = create_workflow(id="wf").then(gate.step).then(add("b", done)).then(add("c", done))
        run = await workflow.then(add("d", done)).commit().create_run()
        await run.start_async(input_data=1, breakpoints=["b"])
        await gate.begun.wait()
        assert await run.break_before(["d", "c"], by="ada") == ["b", "c", "d"]
        assert await run.clear_breakpoints(["b", "d"]) == ["c"]
        stream = run.observe_stream()
        gate.open.set()
        assert ((await stream.result).status, done) == ("paused", ["a", "b"])
        assert await run.clear_breakpoints() == []
        assert ((await run.resume_all_steps()).status, done) == ("success", ["a", "b", "c", "d"])

    asyncio.run(scenario())


def test_clearing_does_not_let_a_held_run_go_by_itself() -> None:
    async def scenario() -> None:
        done: list[str] = []
        run = await chain(done, "a", "b").create_run()
        await run.start(input_data=1, breakpoints=["b"])
        await run.clear_breakpoints(["b"])
        assert (await run.engine.head(run.id)).status == "paused"
        assert ((await run.step()).status, done) == ("success", ["a", "b"])

    asyncio.run(scenario())


def test_breakpoints_set_by_two_people_at_once_all_hold() -> None:
    async def scenario() -> None:
        done: list[str] = []
        run = await chain(done, "a", "b", "c").create_run()
        await run.start(input_data=1, per_step=True)
        await asyncio.gather(run.break_before(["b"], by="ada"), run.break_before(["c"], by="bo"))
        for passed in (["a"], ["a", "b"]):
            assert ((await run.resume_all_steps()).status, done) == ("paused", passed)
        assert (await run.resume_all_steps()).status == "success"

    asyncio.run(scenario())


def test_what_stands_already_is_not_recorded_again() -> None:
    async def scenario() -> None:
        run = await chain([], "a", "b").create_run()
        await run.start(input_data=1, breakpoints=["b"])
        before = (await run.engine.head(run.id)).seq
        assert await run.break_before(["b"]) == ["b"]
        assert await run.clear_breakpoints(["a"]) == ["b"]
        assert (await run.engine.head(run.id)).seq == before

    asyncio.run(scenario())


def test_a_question_beside_a_held_step_stays_open_when_breakpoints_change() -> None:
    async def scenario() -> None:
        async def ask(ctx: Any) -> Any:
            return ctx.resume_data or await ctx.suspend({"well": "?"})

        workflow = create_workflow(id="wf").parallel([create_step(id="ask", execute=ask), add("held", [])])
        workflow = workflow.then(add("end", [])).commit()
        run = await workflow.create_run()
        result = await run.start(input_data=1, breakpoints=["held"])
        assert result.status == "paused"
        await run.break_before(["end"])
        history = History((await run.engine.read(run.id)).events)
        assert decide(workflow, history, run.engine.now()).waits == (Suspension("ask", 1),)

    asyncio.run(scenario())


@pytest.mark.parametrize("ended", ["pending", "success", "canceled"])
def test_breakpoints_are_for_runs_that_are_under_way(ended: str) -> None:
    async def scenario() -> None:
        run = await chain([], "a", "b").create_run()
        if ended == "success":
            await run.start(input_data=1)
        if ended == "canceled":
            await run.start(input_data=1, per_step=True)
            await run.cancel()
        with pytest.raises(NotActive):
            await run.break_before(["b"])

    asyncio.run(scenario())


def test_a_breakpoint_at_no_step_is_refused_while_the_run_goes_on_too() -> None:
    async def scenario() -> None:
        run = await chain([], "a", "b").create_run()
        await run.start(input_data=1, per_step=True)
        with pytest.raises(UnknownStep, match="nothing"):
            await run.break_before(["nothing"])

    asyncio.run(scenario())
