"""A workflow as a tool: each call is a run of its own, whose questions suspend the call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.conformance.fixtures import Steps, Value, World, chain, restarted
from tests.engine.short import go
from workflows_app import MemoryJournal, NotSuspended, ResumeAlreadyClaimed, create_step, create_workflow
from workflows_app.engine.history import History

CALL = {"inputData": {"value": 1}}


class Yes(BaseModel):
    yes: bool


@pytest.fixture
def world() -> World:
    return World(MemoryJournal())


@pytest.fixture
def steps() -> Steps:
    return Steps()


def calling(inner: Any, **options: Any) -> Any:
    return chain("outer", create_step(inner.as_tool(), **options))


async def ran(workflow: Any, data: Any = CALL, **options: Any) -> tuple[Any, Any]:
    run = await workflow.create_run(resource_id="ada")
    return run, await run.start(input_data=data, **options)


async def under_way(world: World, steps: Steps, **options: Any) -> tuple[Any, Any, Any]:
    """Start a run whose call hangs in its step a; give the engine and both runs."""
    inner = chain("inner", steps.held("a"))
    outer = calling(inner, **options)
    engine = world.engine(inner, outer, cancel_grace=0.1)
    run = await outer.create_run()
    await run.start_async(input_data=CALL)
    await steps.called("a")
    [called] = (await inner.list_workflow_runs()).runs
    return engine, run, await engine.get_run(called.run_id)


def test_a_call_gives_the_result_and_the_run(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        look = steps.step("a", lambda ctx: [ctx.input_data, ctx.state, ctx.resource_id, ctx.request_context["user"]])
        inner = chain("inner", look)
        outer = calling(inner)
        world.engine(inner, outer)
        data = {"inputData": 7, "initialState": {"n": 1}}
        _, result = await ran(outer, data, request_context={"user": "Ada"})
        answer = result.result
        assert answer["result"] == [7, {"n": 1}, "ada", "Ada"]
        assert (await inner.get_workflow_run_by_id(answer["runId"])).status == "success"

    world.run(scenario())


def test_a_workflow_that_nobody_registered_runs_where_it_is_called(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.echo("a"))
        outer = calling(inner)
        engine = world.engine(outer)
        await ran(outer)
        _, result = await ran(outer)
        assert set(engine.list_workflows()) == {"outer", "inner"}
        assert (await engine.get_run(result.result["runId"])).head.status == "success"

    world.run(scenario())


@pytest.mark.parametrize(
    ("data", "message"),
    [({"inputData": {"value": "x"}}, "Invalid input data"), (CALL, "a went wrong"), ({}, "Invalid input data")],
)
def test_a_call_that_fails_says_why(world: World, steps: Steps, data: Any, message: str) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.boom("a"), input_schema=Value)
        outer = calling(inner)
        world.engine(inner, outer)
        _, result = await ran(outer, data)
        assert result.status == "success"
        assert result.result["error"].startswith(message)
        assert (await inner.get_workflow_run_by_id(result.result["runId"])) is not None

    world.run(scenario())


def test_a_call_of_a_canceled_run_says_so(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.step("a", lambda ctx: ctx.abort()))
        outer = calling(inner)
        world.engine(inner, outer)
        assert (await ran(outer))[1].result["error"] == "The workflow ended canceled."

    world.run(scenario())


def test_the_events_of_the_call_are_passed_on(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.echo("a"))
        outer = calling(inner)
        world.engine(inner, outer)
        stream = (await outer.create_run()).stream(input_data=CALL)
        written = [e["payload"]["output"]["type"] async for e in stream if e["type"] == "workflow-step-output"]
        assert written == ["workflow-start", "workflow-step-start", "workflow-step-result", "workflow-finish"]

    world.run(scenario())


# Questions


def asking(steps: Steps) -> Any:
    """A workflow that asks two people one after another, and a third beside the second."""
    first = steps.sus("first", resume_schema=Yes)
    side = create_workflow(id="side").then(steps.sus("deep")).commit()
    last = steps.step("last", lambda ctx: {key: ctx.get_step_result(key) for key in ("first", "second", "side")})
    return create_workflow(id="inner").then(first).parallel([steps.sus("second"), side]).then(last).commit()


def test_a_suspended_run_suspends_the_call_until_all_is_answered(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = asking(steps)
        outer = calling(inner)
        world.engine(inner, outer)
        run, result = await ran(outer)
        payload = result.suspend_payload["workflow-inner"]
        run_id = payload["runId"]
        assert payload["step"] == "first"
        assert payload["suspendPayload"] == {"ask": "first"}
        [question] = History((await run.engine.read(run.id)).events).suspended
        assert question.form == Yes.model_json_schema()
        asked = []
        for answer in ({"yes": True}, "two", "three"):
            result = await run.resume(resume_data=answer)
            asked += [p["step"] for p in result.suspend_payload.values()]
        assert asked == ["second", "side.deep"]
        assert result.result == {
            "result": {"first": {"got": {"yes": True}}, "second": {"got": "two"}, "side": {"got": "three"}},
            "runId": run_id,
        }
        assert (await inner.list_workflow_runs()).total == 1
        assert steps.calls["first"] == 2

    world.run(scenario())


def test_a_question_without_a_payload_is_passed_on_too(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = create_workflow(id="inner").foreach(steps.asking("it", lambda ctx: ctx.resume_data)).commit()
        outer = calling(inner)
        world.engine(inner, outer)
        run, result = await ran(outer, {"inputData": [1]})
        payload = result.suspend_payload["workflow-inner"]
        assert (payload["step"], payload["suspendPayload"]) == ("it[0]", None)
        assert (await run.resume(resume_data="yes")).result["result"] == ["yes"]

    world.run(scenario())


def test_a_wrong_answer_is_asked_for_again(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.sus("first", resume_schema=Yes))
        outer = calling(inner)
        world.engine(inner, outer)
        run, result = await ran(outer)
        result = await run.resume(resume_data={"yes": "perhaps"})
        payload = result.suspend_payload["workflow-inner"]
        assert payload["problem"].startswith("Invalid resume data")
        assert payload["suspendPayload"] == {"ask": "first"}
        assert (await run.resume(resume_data={"yes": False})).status == "success"

    world.run(scenario())


def test_the_question_brings_its_title_and_who_may_answer(world: World) -> None:
    async def scenario() -> None:
        async def ask(ctx: Any) -> Any:
            if ctx.resume_data is None:
                return await ctx.suspend(
                    title="Shall we?", assign_to="chiefs", approvals=2, allow_requester=False, body="*Now*?",
                    priority="high", proposal={"yes": True},
                )  # fmt: skip
            return ctx.resume_data

        inner = chain("inner", create_step(id="a", execute=ask))
        outer = calling(inner)
        engine = world.engine(inner, outer)
        run, _ = await ran(outer)
        [question] = History((await engine.read(run.id)).events).suspended
        assert (question.title, question.assign_to) == ("Shall we?", "chiefs")
        assert (question.approvals, question.allow_requester) == (2, False)
        assert (question.body, question.priority) == ("*Now*?", "high")
        assert question.proposal is not None and question.proposal.data == {"yes": True}
        assert (await run.resume_async(resume_data="yes", by="ada")) == run.id
        assert (await run.resume(resume_data="yes", by="bob")).result["result"] == "yes"

    world.run(scenario())


async def asked(world: World, steps: Steps) -> tuple[Any, Any]:
    """Start a run whose call asks something; give both runs."""
    inner = chain("inner", steps.sus("first"))
    outer = calling(inner)
    engine = world.engine(inner, outer)
    run, result = await ran(outer)
    return run, await engine.get_run(result.suspend_payload["workflow-inner"]["runId"])


def test_who_answers_in_the_called_run_is_heard(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run, called = await asked(world, steps)
        await called.resume(resume_data="there")
        assert (await run.resume(resume_data="here")).result["result"] == {"got": "there"}

    world.run(scenario())


def test_who_answers_in_the_called_run_meanwhile_is_heard(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run, called = await asked(world, steps)
        there = asyncio.create_task(called.resume(resume_data="there"))
        result = await run.resume(resume_data="here")
        assert result.result["result"]["got"] in ("here", "there")
        await asyncio.wait({there})
        assert isinstance(there.exception(), ResumeAlreadyClaimed | NotSuspended | None)

    world.run(scenario())


# Crashes, cancels, time travel


def test_after_a_crash_the_same_run_goes_on(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.echo("a"), steps.hung("b"))
        outer = calling(inner)
        world.engine(inner, outer)
        run = await outer.create_run()
        await run.start_async(input_data=CALL)
        await steps.called("b")
        engine = world.restart_process(inner, outer)
        [called] = (await inner.list_workflow_runs()).runs
        again = asyncio.create_task(restarted(await engine.get_run(called.run_id)))
        result = await restarted(await engine.get_run(run.id))
        assert result.result == {"result": {"value": 1}, "runId": called.run_id}
        await again
        assert (await inner.list_workflow_runs()).total == 1
        assert steps.calls == {"a": 1, "b": 2}

    world.run(scenario())


def test_a_cancel_reaches_the_called_run(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        _, run, called = await under_way(world, steps)
        await run.cancel()
        result = await run.observe_stream().result
        assert (result.status, result.steps["workflow-inner"].status) == ("canceled", "canceled")
        assert (await called.observe_stream().result).status == "canceled"

    world.run(scenario())


def test_a_timeout_reaches_the_called_run(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        _, run, called = await under_way(world, steps, timeout=1.0)
        assert (await run.observe_stream().result).error["name"] == "StepTimeout"
        assert (await called.observe_stream().result).status == "canceled"

    world.run(scenario())


def test_closing_the_engine_cancels_nothing(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        engine, _, called = await under_way(world, steps)
        await engine.close()
        assert (await engine.head(called.id)).status == "running"

    world.run(scenario())


def test_time_travel_calls_anew(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.echo("a"))
        outer = calling(inner)
        world.engine(inner, outer)
        run, result = await ran(outer)
        again = await run.time_travel(step="workflow-inner")
        assert again.result["runId"] != result.result["runId"]
        assert steps.calls["a"] == 2

    world.run(scenario())


def test_each_item_and_each_pass_has_a_run_of_its_own(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.echo("a"))
        outer = create_workflow(id="outer").foreach(create_step(inner.as_tool()), concurrency=2).commit()
        world.engine(inner, outer)
        _, result = await ran(outer, [{"inputData": 1}, {"inputData": 2}])
        assert [answer["result"] for answer in result.result] == [1, 2]
        assert len({answer["runId"] for answer in result.result}) == 2

    world.run(scenario())


def test_without_an_engine_it_runs_in_memory() -> None:
    async def scenario() -> None:
        inner = create_workflow(id="inner").map(lambda ctx: ctx.input_data).commit()
        outer = calling(inner)
        assert (await ran(outer))[1].result["result"] == {"value": 1}

    go(scenario())
