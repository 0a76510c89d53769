"""Time travel in a copy, and the verbs that do not wait."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from workflows_app.engine import Engine, MissingResult, NotActive, UnknownStep, create_step, create_workflow
from workflows_app.engine.run import Run
from workflows_app.engine.workflow import Workflow


def a_chain() -> Workflow:
    async def add(ctx: Any) -> int:
        return int(ctx.input_data) + 1

    async def ask(ctx: Any) -> Any:
        return await ctx.suspend({"sure": True}) if ctx.resume_data is None else ctx.input_data

    return (
        create_workflow(id="chain")
        .then(create_step(id="first", execute=add))
        .then(create_step(id="second", execute=add))
        .then(create_step(id="ask", execute=ask))
        .commit()
    )


async def asking(engine: Engine, **options: Any) -> Run:
    """Start a run that comes to rest at its question."""
    run: Run = await engine.get_workflow("chain").create_run(**options)
    assert (await run.start(input_data=1, by="ada")).status == "suspended"
    return run


async def amount(engine: Engine) -> int:
    return (await engine.list_workflow_runs(engine.get_workflow("chain"))).total


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"step": "nope"}, UnknownStep), ({"step": ""}, UnknownStep)],
)
def test_a_fork_that_is_refused_leaves_no_run_behind(arguments: dict[str, Any], error: type[Exception]) -> None:
    async def scenario() -> None:
        engine = Engine([a_chain()])
        run = await asking(engine)
        with pytest.raises(error):
            await run.time_travel_async(fork=True, **arguments)
        assert await amount(engine) == 1

    asyncio.run(scenario())


def test_a_fork_without_the_results_before_it_leaves_no_run_behind() -> None:
    async def scenario() -> None:
        engine = Engine([a_chain()])
        run = await engine.get_workflow("chain").create_run()
        await run.start(input_data=1, per_step=True)
        with pytest.raises(MissingResult):
            await run.time_travel_async(step="ask", fork=True)
        assert await amount(engine) == 1

    asyncio.run(scenario())


def test_a_fork_is_written_in_one_go_and_never_asks_what_its_source_asks() -> None:
    async def scenario() -> None:
        engine = Engine([a_chain()])
        run = await asking(engine, tags=["vip"])
        seen: list[str] = []
        engine.turns.bells.append(lambda active, happened, start: seen.append(active.known.status))
        name = await run.time_travel_async(step="second", fork=True, by="bob")
        head = await engine.head(name)
        assert seen[0] == "running"
        assert (head.forked_from, head.started_by, head.tags) == (run.id, "bob", ("vip",))
        assert (await engine.head(run.id)).seq == run.head.seq or (await engine.head(run.id)).status == "suspended"

    asyncio.run(scenario())


def test_a_fork_is_streamed_from_where_it_leaves_its_source() -> None:
    async def scenario() -> None:
        engine = Engine([a_chain()])
        run = await asking(engine)
        before = [event async for event in run.observe_stream()]
        stream = run.time_travel_stream(step="second", fork=True)
        events = [event async for event in stream]
        assert {event["runId"] for event in events} == {stream.run_id}
        assert stream.run_id != run.id
        assert [event["seq"] for event in events][:2] == [len(before) + 1, len(before) + 2]
        assert (events[0]["type"], (await stream.result).run_id) == ("workflow-start", stream.run_id)
        fork = await engine.get_run(stream.run_id)
        assert [event async for event in fork.observe_stream(len(before))] == events
        assert [event async for event in run.observe_stream()] == before

    asyncio.run(scenario())


def test_a_streamed_fork_that_is_refused_leaves_no_run_behind() -> None:
    async def scenario() -> None:
        engine = Engine([a_chain()])
        run = await asking(engine)
        with pytest.raises(UnknownStep):
            await run.time_travel_stream(step="nope", fork=True).result
        assert await amount(engine) == 1

    asyncio.run(scenario())


def test_travelling_in_place_returns_at_once_with_the_same_run() -> None:
    async def scenario() -> None:
        engine = Engine([a_chain()])
        run = await asking(engine)
        assert await run.time_travel_async(step="first", input_data=5, by="bob") == run.id
        async for event in run.observe_stream():
            if event["type"] == "workflow-step-suspended" and (await engine.head(run.id)).status == "suspended":
                break

    asyncio.run(scenario())


def test_a_paused_run_is_taken_on_without_waiting() -> None:
    async def scenario() -> None:
        engine = Engine([a_chain()])
        run = await engine.get_workflow("chain").create_run()
        assert (await run.start(input_data=1, per_step=True)).status == "paused"
        await run.step_async(by="ada")
        while (await engine.head(run.id)).status != "paused":
            await asyncio.sleep(0)
        await run.resume_all_steps_async(by="ada")
        while (await engine.head(run.id)).status != "suspended":
            await asyncio.sleep(0)
        with pytest.raises(NotActive):
            await run.step_async()

    asyncio.run(scenario())
