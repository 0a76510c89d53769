"""Moments that once went wrong between runs, timers and engines: each case stays mended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.engine.short import boom, chain, echo, go, started, sus
from workflows_app.engine import (
    Engine,
    MemoryJournal,
    RetryPolicy,
    RunAlreadyStarted,
    RunNotFound,
    create_step,
    create_workflow,
)


def test_a_deadline_ends_a_loop_that_never_rests() -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").dowhile(echo("a"), lambda ctx: True, timeout=0.1).commit()
        _, result = await started(workflow, 1)
        assert (result.status, result.error["name"]) == ("failed", "StepTimeout")

    go(scenario())


def test_a_deadline_ends_a_long_foreach() -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").foreach(echo("a"), timeout=0.02).commit()
        _, result = await started(workflow, list(range(20_000)))
        assert (result.status, result.error["name"]) == ("failed", "StepTimeout")

    go(scenario(), patience=30)


def test_a_cancel_reaches_a_step_in_another_engine() -> None:
    async def waits(ctx: Any) -> str:
        await ctx.abort_signal.wait()
        return "aborted"

    async def scenario() -> None:
        journal = MemoryJournal()
        first, second = (
            Engine([chain(create_step(id="a", execute=waits))], journal=journal).get_workflow("wf") for _ in range(2)
        )
        run = await first.create_run()
        result = asyncio.ensure_future(run.start())
        while not (await run.engine.head(run.id)).seq:
            await asyncio.sleep(0)
        await (await second.create_run(run_id=run.id)).cancel()
        ended = await result
        assert (ended.status, ended.steps["a"].output) == ("canceled", "aborted")

    go(scenario())


def test_a_deleted_run_is_not_observed_for_ever() -> None:
    async def scenario() -> None:
        workflow = chain(echo("a"))
        run, _ = await started(workflow, 1)
        await workflow.delete_workflow_run_by_id(run.id)
        with pytest.raises(RunNotFound):
            [event async for event in run.observe_stream()]

    go(scenario())


def test_an_engine_that_closes_leaves_no_answer_that_nobody_wants() -> None:
    complaints: list[Any] = []

    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        run, _ = await started(chain(echo("a")), 1)
        with pytest.raises(RunAlreadyStarted):
            await run.start(input_data=1)
        await run.engine.close()

    go(scenario())
    assert complaints == []


@pytest.mark.parametrize("error", ["wait_all", "fail_fast"])
def test_a_step_that_waits_for_its_next_try_is_canceled_with_the_rest(error: Any) -> None:
    async def scenario() -> None:
        patient = boom("patient")
        again = create_step(id="a", execute=patient.execute, retry=RetryPolicy(attempts=1, delay=60))
        workflow = create_workflow(id="wf").parallel([again, sus("q")], on_error=error).commit()
        Engine([workflow])
        run = await workflow.create_run()
        result = asyncio.ensure_future(run.start())
        while (await run.engine.head(run.id)).status != "waiting":
            await asyncio.sleep(0.01)
        await run.cancel()
        assert {name: step.status for name, step in (await result).steps.items()} == {"a": "canceled", "q": "canceled"}

    go(scenario())


def test_items_that_wait_for_an_event_wait_side_by_side() -> None:
    async def scenario() -> None:
        inner = create_workflow(id="in").wait_for_event("go", id="gate").commit()
        workflow = create_workflow(id="wf").foreach(inner, concurrency=2).commit()
        run, result = await started(workflow, [1, 2, 3])
        assert result.suspended == [["in", 0, "gate"], ["in", 1, "gate"]]
        assert await run.engine.send_event("go", "x") == 2
        while (await run.engine.head(run.id)).status != "suspended":
            await asyncio.sleep(0.01)
        assert await run.engine.send_event("go", "y") == 1
        while (await run.engine.head(run.id)).status != "success":
            await asyncio.sleep(0.01)

    go(scenario())


def test_resuming_one_item_starts_those_that_never_were() -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").foreach(sus("f"), concurrency=2).commit()
        run, result = await started(workflow, [0, 1, 2, 3])
        assert result.suspended == [["f", 0], ["f", 1]]
        result = await run.resume(step="f[1]", resume_data="one")
        assert result.suspended == [["f", 0], ["f", 2], ["f", 3]]
        for index in (0, 2, 3):
            result = await run.resume(step=["f", index], resume_data=index)
        assert result.result == [0, "one", 2, 3]

    go(scenario())
