"""What odd moments and random programs once broke: each case stays mended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Json, computed_field

from tests.engine.short import Gate, boom, chain, echo, go, started, sus
from workflows_app.engine import (
    Engine,
    MemoryJournal,
    NotSuspended,
    RetryPolicy,
    RunError,
    StepContext,
    UnknownStep,
    create_step,
    create_workflow,
)


def test_a_failed_run_refuses_an_answer_at_once() -> None:
    async def scenario() -> None:
        wf = create_workflow(id="wf").parallel([boom("a"), sus("b")]).commit()
        run, result = await started(wf, 1)
        assert result.status == "failed"
        with pytest.raises(NotSuspended):
            await run.resume(step="b", resume_data=1)

    go(scenario())


def test_a_failed_run_leaves_nothing_open() -> None:
    async def scenario() -> None:
        wf = create_workflow(id="wf").parallel([boom("a"), sus("b")]).commit()
        run, result = await started(wf, 1)
        stored = await wf.get_workflow_run_by_id(run.id)
        assert result.status == "failed"
        assert stored is not None and stored.suspended == []
        assert result.steps["b"].status != "suspended"

    go(scenario())


class Box(BaseModel):
    model_config = ConfigDict(extra="forbid")

    side: int
    labels: Json[list[str]] = []

    @computed_field
    def volume(self) -> int:
        return self.side**3


def test_a_run_reads_what_its_models_were_dumped_to() -> None:
    async def grow(ctx: StepContext) -> Box:
        await ctx.set_state({"side": ctx.state.side + 1})
        return Box.model_validate({"side": ctx.input_data.side + 1, "labels": '["a"]'})

    async def ask(ctx: StepContext) -> Any:
        if ctx.resume_data is None:
            return await ctx.suspend()
        return [ctx.get_init_data().volume, ctx.input_data.volume, ctx.state.volume, ctx.resume_data.volume]

    async def scenario() -> None:
        asks = create_step(id="ask", input_schema=Box, resume_schema=Box, execute=ask)
        grows = create_step(id="grow", input_schema=Box, output_schema=Box, execute=grow)
        wf = create_workflow(id="wf", input_schema=Box, state_schema=Box).then(grows).then(asks).commit()
        run = await wf.create_run()
        await run.start(input_data=Box(side=1), initial_state=Box(side=3))
        result = await run.resume(resume_data=Box(side=5))
        assert (result.error, result.result) == (None, [1, 8, 64, 125])
        assert result.steps["grow"].output == {"side": 2, "labels": ["a"], "volume": 8}

    go(scenario())


def test_two_runs_that_sleep() -> None:
    async def scenario() -> None:
        wf = create_workflow(id="wf").sleep(lambda ctx: ctx.input_data).commit()
        Engine([wf])
        one, two = await wf.create_run(), await wf.create_run()
        await asyncio.gather(one.start(input_data=0.1), two.start(input_data=0.4))

    go(scenario())


def test_send_event_with_a_foreign_workflow_on_the_journal() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        one = create_workflow(id="one").wait_for_event("e").commit()
        two = create_workflow(id="two").wait_for_event("e").commit()
        _a, b = Engine([one], journal=journal), Engine([two], journal=journal)
        r1, r2 = await one.create_run(), await two.create_run()
        await r1.start()
        await r2.start()
        assert await b.send_event("e", 1) >= 1

    go(scenario())


def test_resume_in_the_grace_of_a_cancel_is_refused() -> None:
    async def scenario() -> None:
        gate = asyncio.Event()

        async def slow(ctx: Any) -> Any:
            await gate.wait()

        wf = create_workflow(id="wf").parallel([create_step(id="slow", execute=slow), sus("b")]).commit()
        Engine([wf])
        run = await wf.create_run()
        await run.start_async(input_data=1)
        await asyncio.sleep(0.05)
        await run.cancel()
        try:
            with pytest.raises(NotSuspended):
                await run.resume_async(step="b", resume_data=1)
        finally:
            gate.set()

    go(scenario())


def test_time_travel_to_an_item_of_a_plain_step() -> None:
    async def scenario() -> None:
        run, _result = await started(chain(echo("a")), 1)
        with pytest.raises(UnknownStep):
            await run.time_travel(step="a[0]")

    go(scenario())


def test_time_travel_to_an_item_that_is_not_there() -> None:
    async def scenario() -> None:
        wf = create_workflow(id="wf").foreach(echo("it")).commit()
        run, _result = await started(wf, [1, 2])
        with pytest.raises(UnknownStep):
            await run.time_travel(step="it[9]")

    go(scenario())


def test_closing_the_engine_lets_go_of_who_waits() -> None:
    async def scenario() -> None:
        gate = Gate()
        wf = chain(gate.step())
        engine = Engine([wf])
        run = await wf.create_run()
        task = asyncio.create_task(run.start())
        await gate.begun.wait()
        await engine.close()
        with pytest.raises(RunError, match="closed"):
            await task

    go(scenario())


def test_fail_fast_leaves_no_member_running() -> None:
    async def scenario() -> None:
        y = create_workflow(id="y").foreach(echo("it")).commit()
        x = create_workflow(id="x").then(echo("s")).commit()
        wf = create_workflow(id="wf").parallel([x, y], on_error="fail_fast").commit()
        _run, result = await started(wf, 1)
        assert result.status == "failed"
        assert result.steps["x"].status == "canceled", result.steps["x"].status

    go(scenario())


def test_per_step_and_carried_resume() -> None:
    async def scenario() -> None:
        run, result = await started(chain(echo("a"), sus("b"), echo("c")), 1)
        await run.resume(resume_data=1)
        result = await run.time_travel(step="b", resume_data=2, per_step=True)
        assert result.status == "paused", result.status

    go(scenario())


def test_per_step_includes_the_retries_of_the_step() -> None:
    async def scenario() -> None:
        async def flaky(ctx: Any) -> Any:
            if ctx.retry_count < 1:
                raise ValueError
            return 1

        wf = chain(create_step(id="a", execute=flaky, retries=1), echo("b"))
        Engine([wf])
        run = await wf.create_run()
        result = await run.start(per_step=True)
        assert result.steps["a"].status == "success"

    go(scenario())


def test_an_index_out_of_range_in_the_middle_of_a_path_is_unknown() -> None:
    async def scenario() -> None:
        inner = create_workflow(id="inner").then(sus("ask")).commit()
        wf = create_workflow(id="wf").foreach(inner, concurrency=3).commit()
        run, _result = await started(wf, [1, 2])
        with pytest.raises(UnknownStep):
            await run.resume(step="inner[7].ask", resume_data=1)

    go(scenario())


def test_a_question_of_an_earlier_try_is_closed_with_it() -> None:
    async def scenario() -> None:
        async def fails_first(ctx: Any) -> Any:
            await asyncio.sleep(0.05)
            if not called:
                called.append(1)
                raise ValueError
            return 1

        called: list[int] = []
        inner = create_workflow(id="inner").parallel([sus("ask"), create_step(id="b", execute=fails_first)]).commit()
        wf = create_workflow(id="wf", retry=RetryPolicy(attempts=1)).then(inner).commit()
        # the inner steps do not retry themselves; the nested workflow is tried again as a whole
        run, result = await started(wf, 1)
        assert result.status == "suspended"
        assert result.suspended == [["inner", "ask"]], result.suspended
        assert (await run.resume(step="inner.ask", resume_data=1)).status == "success"

    go(scenario())


def test_a_failed_member_leaves_its_room_to_others() -> None:
    async def scenario() -> None:
        gate, begun = asyncio.Event(), asyncio.Event()

        async def y(ctx: Any) -> Any:
            begun.set()
            await gate.wait()
            raise ValueError

        members = [sus("x"), create_step(id="y", execute=y)]
        inner = create_workflow(id="inner").parallel(members, on_error="fail_fast").commit()
        workflow = create_workflow(id="wf", max_concurrency=1)
        workflow.parallel([inner, echo("z")], on_error="collect").commit()
        Engine([workflow])
        run = await workflow.create_run()
        work = asyncio.create_task(run.start(input_data=1))
        await begun.wait()
        await run.resume_async(step="inner.x", resume_data=1)
        gate.set()
        assert (await work).status == "success"

    go(scenario())


def test_an_only_reader_of_a_stream_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        handle = await chain(echo("a"), echo("b")).create_run()
        stream = handle.stream(input_data=1)
        first = [event["seq"] async for event in stream.once()]
        assert first == list(range(1, len(first) + 1))
        assert [event async for event in stream] == []
        assert (await stream.result).status == "success"
        assert [event["seq"] async for event in handle.observe_stream()] == first

    go(scenario())


def test_the_result_of_a_stream_may_be_awaited_while_its_only_reader_reads() -> None:
    async def scenario() -> None:
        async def write(ctx: StepContext) -> None:
            for number in range(20):
                ctx.writer.write(number)
                await asyncio.sleep(0)

        stream = (await chain(create_step(id="write", execute=write)).create_run()).stream(input_data=1)

        async def read() -> int:
            return len([event async for event in stream.once()])

        count, result = await asyncio.gather(read(), stream.result)
        assert (count > 20, result.status) == (True, "success")

    go(scenario())
