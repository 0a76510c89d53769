"""Timeouts of constructs and of whole workflows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.engine.short import ForwardClock
from workflows_app.engine import DefinitionError, Engine, MemoryJournal, Result, create_step, create_workflow
from workflows_app.engine.workflow import Workflow


async def long(ctx: Any) -> str:
    await ctx.abort_signal.wait()
    return "aborted"


async def ask(ctx: Any) -> Any:
    return await ctx.suspend({}) if ctx.resume_data is None else ctx.resume_data


def quick(ctx: Any) -> str:
    return "done"


def outcome(workflow: Workflow, data: Any = None) -> Result:
    async def scenario() -> Result:
        run = await Engine([workflow]).get_workflow(workflow.id).create_run()
        result: Result = await run.start(input_data=data)
        return result

    return asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_parallel_that_takes_too_long_fails_and_cancels_what_is_open() -> None:
    members = [create_step(id="slow", execute=long), create_step(id="fast", execute=quick)]
    workflow = create_workflow(id="w").parallel(members, timeout=60).commit()

    async def scenario() -> Result:
        clock = ForwardClock()
        engine = Engine([workflow], clock=clock)
        run = await engine.get_workflow("w").create_run()
        async for event in (stream := run.stream()):
            if event["type"] == "workflow-step-result":
                clock.pass_time(60)
                await engine.fire_due_timers()
        return await stream.result

    result = asyncio.run(asyncio.wait_for(scenario(), 10))
    assert result.status == "failed"
    assert result.error["name"] == "StepTimeout"
    assert {name: step.status for name, step in result.steps.items()} == {"slow": "canceled", "fast": "success"}


def test_a_parallel_in_time_goes_on() -> None:
    workflow = create_workflow(id="w").parallel([create_step(id="a", execute=quick)], timeout=5)
    assert outcome(workflow.commit()).result == {"a": "done"}


def test_a_foreach_that_takes_too_long_fails() -> None:
    result = outcome(create_workflow(id="w").foreach(create_step(id="it", execute=long), timeout=0.05).commit(), [1, 2])
    assert (result.status, result.steps["it"].status, result.error["name"]) == ("failed", "canceled", "StepTimeout")


def test_the_room_that_a_deadline_frees_is_taken_at_once() -> None:
    slow = create_workflow(id="slow", timeout=0.05).then(create_step(id="long", execute=long)).commit()
    workflow = create_workflow(id="w", max_concurrency=1)
    result = outcome(workflow.parallel([slow, create_step(id="after", execute=quick)]).commit())
    assert (result.status, result.steps["after"].status) == ("failed", "success")


def test_a_workflow_that_takes_too_long_fails_as_a_run_and_as_a_step() -> None:
    inner = create_workflow(id="inner", timeout=0.05).then(create_step(id="slow", execute=long)).commit()
    assert outcome(inner).error["name"] == "StepTimeout"
    outer = outcome(create_workflow(id="outer").then(inner).commit())
    assert (outer.status, outer.steps["inner"].status) == ("failed", "failed")


def test_the_deadline_of_a_question_holds_while_nobody_looks() -> None:
    workflow = create_workflow(id="w", timeout=60).then(create_step(id="ask", execute=ask)).commit()

    async def scenario() -> None:
        journal = MemoryJournal()
        first = Engine([workflow], journal=journal)
        run = await first.get_workflow("w").create_run()
        assert (await run.start()).status == "suspended"
        first.kill()
        second = Engine([workflow], journal=journal, clock=ForwardClock(60))
        await second.fire_due_timers()
        while (await second.head(run.id)).status == "suspended":
            await asyncio.sleep(0.01)
        assert (await second.head(run.id)).status == "failed"

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_deadline_shows_in_no_stream() -> None:
    workflow = create_workflow(id="w").parallel([create_step(id="a", execute=quick)], timeout=5).commit()

    async def scenario() -> list[str]:
        stream = (await workflow.create_run()).stream()
        return [event["type"] async for event in stream]

    assert asyncio.run(scenario()) == [
        "workflow-start",
        "workflow-step-start",
        "workflow-step-result",
        "workflow-finish",
    ]


def test_a_builder_refuses_what_it_does_not_know() -> None:
    with pytest.raises(DefinitionError, match="sleep does not take timeout"):
        create_workflow(id="w").sleep(1, timeout=3)
    with pytest.raises(DefinitionError, match="then does not take colour"):
        create_workflow(id="w").then(create_step(id="a", execute=quick), colour="red")
