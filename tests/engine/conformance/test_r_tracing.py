"""Section R, tracing: every step of a run can reach the run's trace id."""

from __future__ import annotations

import asyncio
import re

from tests.engine.conformance.fixtures import Json, World, chain, forever, restarted
from workflows_app import StepContext, create_step, create_workflow

TRACE_ID = re.compile("[0-9a-f]{32}")
SPAN_ID = re.compile("[0-9a-f]{16}")


def test_r10_each_step_can_reach_a_trace_id(world: World) -> None:
    seen: list[tuple[str, str]] = []

    def look(ctx: StepContext) -> None:
        seen.append((ctx.trace_id, ctx.span_id))

    result = world.outcome(chain("wf", *(create_step(id=name, execute=look) for name in "abc")), {})
    assert [bool(TRACE_ID.fullmatch(trace) and SPAN_ID.fullmatch(span)) for trace, span in seen] == [True] * 3
    assert result.trace_id == seen[0][0]
    assert SPAN_ID.fullmatch(result.span_id)
    assert len({result.span_id, *(span for _, span in seen)}) == 4


def test_r11_all_steps_of_a_run_see_the_same_trace_id(world: World) -> None:
    seen: list[str] = []

    def look(ctx: StepContext) -> None:
        seen.append(ctx.trace_id)

    async def look_too(ctx: StepContext) -> None:
        seen.append(ctx.trace_id)

    inner = chain("inner", create_step(id="in", execute=look))
    workflow = (
        create_workflow(id="wf")
        .parallel([create_step(id="a", execute=look), create_step(id="b", execute=look_too)])
        .then(inner)
        .map(lambda ctx: [1, 2])
        .foreach(create_step(id="each", execute=look))
        .commit()
    )
    result = world.outcome(workflow, {})
    assert seen == [result.trace_id] * 5


def test_r11_after_a_resume_the_trace_is_the_same_and_the_span_another(world: World) -> None:
    async def ask(ctx: StepContext) -> Json:
        seen.append(ctx.trace_id)
        return await ctx.suspend() if ctx.resume_data is None else None

    async def scenario() -> None:
        workflow = chain("wf", create_step(id="ask", execute=ask))
        world.engine(workflow)
        run = await workflow.create_run()
        asked = await run.start(tracing_options={"traceId": "ABC", "parentSpanId": "1"})
        ended = await run.resume(resume_data={})
        again = await run.time_travel(step="ask", resume_data={})
        assert {asked.trace_id, ended.trace_id, again.trace_id, *seen} == {"abc".zfill(32)}
        assert len({asked.span_id, ended.span_id, again.span_id}) == 3

    seen: list[str] = []
    world.run(scenario())


def test_r11_after_a_crash_the_trace_is_the_same(world: World) -> None:
    seen: list[str] = []

    async def stall(ctx: StepContext) -> None:
        seen.append(ctx.trace_id)
        if len(seen) == 1:
            began.set()
            await forever()

    async def scenario() -> None:
        workflow = chain("wf", create_step(id="stall", execute=stall))
        engine = world.engine(workflow)
        run = await workflow.create_run()
        await run.start_async()
        await began.wait()
        engine.kill()
        again = chain("wf", create_step(id="stall", execute=stall))
        result = await restarted(await world.engine(again).get_run(run.id))
        assert seen == [result.trace_id] * 2

    began = asyncio.Event()
    world.run(scenario())
