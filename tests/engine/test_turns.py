"""Turns: conflicts, failing journals, late outcomes and lost workers, on real engines."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from tests.engine.short import Gate
from workflows_app import Engine, MemoryJournal, Workflow, create_step, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine.ports import Turn
from workflows_app.errors import RunNotFound

Scenario = Coroutine[Any, Any, None]


def run(scenario: Scenario) -> None:
    asyncio.run(asyncio.wait_for(scenario, 20))


def wf(*steps: Any, id: str = "wf", **options: Any) -> Workflow:
    workflow = create_workflow(id=id, **options)
    for one in steps:
        workflow.then(one)
    return workflow.commit()


def echo(id: str) -> Any:
    async def give(ctx: Any) -> Any:
        return ctx.input_data

    return create_step(id=id, execute=give)


class Slow(MemoryJournal):
    """A journal whose next commit can be held up."""

    def __init__(self) -> None:
        super().__init__()
        self.free, self.held = asyncio.Event(), asyncio.Event()
        self.free.set()

    async def commit(self, turn: Turn, worker: str) -> bool:
        if not self.free.is_set():
            self.held.set()
            await self.free.wait()
        return await super().commit(turn, worker)


async def two_outcomes_at_once(engine: Engine, journal: Slow, first: Gate, second: Gate) -> Any:
    """Let the second outcome arrive while the first is being recorded."""
    run = await engine.get_workflow("wf").create_run()
    starting = asyncio.create_task(run.start(input_data=1))
    await asyncio.gather(first.begun.wait(), second.begun.wait())
    journal.free.clear()
    first.open.set()
    await journal.held.wait()
    second.open.set()
    while not engine.turns.active[run.id].mailbox:
        await asyncio.sleep(0)
    journal.free.set()
    return await starting


async def kinds(engine: Engine, run_id: str) -> list[str]:
    return [event.kind for event in (await engine.read(run_id)).events]


def test_two_engines_write_to_one_run_in_turn() -> None:
    async def scenario() -> None:
        journal, gate = MemoryJournal(), Gate()
        ask = create_step(id="ask", execute=lambda ctx: ctx.suspend() if ctx.resume_data is None else ctx.resume_data)

        def build() -> Workflow:
            return create_workflow(id="wf").parallel([gate.step(), ask]).commit()

        one, other = Engine([build()], journal=journal), Engine([build()], journal=journal)
        here = await one.get_workflow("wf").create_run(run_id="r")
        waiting = asyncio.create_task(here.start(input_data=1))
        await gate.begun.wait()
        while (await kinds(one, "r"))[-1] != "StepSuspended":
            await asyncio.sleep(0.001)
        await (await other.get_run("r")).resume_async(step="ask", resume_data="yes")
        gate.open.set()
        result = await waiting
        assert result.result == {"held": 1, "ask": "yes"}
        assert gate.calls == 1

    run(scenario())


def test_an_outcome_for_a_deleted_run_is_dropped(caplog: Any) -> None:
    async def scenario() -> None:
        gate = Gate()
        workflow = wf(gate.step())
        engine = Engine([workflow])
        handle = await workflow.create_run()
        await handle.start_async(input_data=1)
        await gate.begun.wait()
        await engine.journal.delete(handle.id)
        gate.open.set()
        while handle.id in engine.turns.active:
            await asyncio.sleep(0.001)
        assert "is lost" in caplog.text
        with pytest.raises(RunNotFound):
            await handle.restart()

    run(scenario())


def test_a_lost_workers_outcome_comes_too_late() -> None:
    async def scenario() -> None:
        journal, gate = MemoryJournal(), Gate()
        first = Engine([wf(gate.step())], journal=journal, lease=0.01)
        handle = await first.get_workflow("wf").create_run(run_id="r")
        await handle.start_async(input_data=1)
        await gate.begun.wait()
        second = Engine([wf(gate.step())], journal=journal)
        journal.beats[first.worker] = 0
        assert await second.recover() == 1
        assert await second.recover() == 0
        while gate.calls < 2:
            await asyncio.sleep(0.001)
        gate.open.set()
        while (await second.head("r")).finished_at is None:
            await asyncio.sleep(0.001)
        recorded = await kinds(second, "r")
        assert recorded.count("StepSucceeded") == 1
        assert recorded.count("StepLost") == 1

    run(scenario())


def test_a_forced_restart_fences_the_old_call() -> None:
    async def scenario() -> None:
        gate = Gate()
        workflow = wf(gate.step())
        engine = Engine([workflow])
        handle = await workflow.create_run()
        await handle.start_async(input_data=1)
        await gate.begun.wait()
        again = asyncio.create_task(handle.restart(force=True))
        while gate.calls < 2:
            await asyncio.sleep(0.001)
        gate.open.set()
        assert (await again).result == 1
        assert (await kinds(engine, handle.id)).count("StepSucceeded") == 1

    run(scenario())


def test_a_foreign_or_deleted_run_is_left_alone_by_timers_and_recovery() -> None:
    async def scenario() -> None:
        journal, gate = MemoryJournal(), Gate()
        owner = Engine([wf(gate.step(), id="theirs")], journal=journal)
        handle = await owner.get_workflow("theirs").create_run()
        await handle.start_async(input_data=1)
        await gate.begun.wait()
        owner.kill()
        other = Engine([wf(echo("a"))], journal=journal)
        assert await other.recover() == 0
        assert await other.fire_due_timers() == 0

    run(scenario())


def test_a_step_that_is_cancelled_cancels_its_run() -> None:
    async def scenario() -> None:
        async def give_up(ctx: Any) -> None:
            raise asyncio.CancelledError

        workflow = wf(create_step(id="a", execute=give_up))
        engine = Engine([workflow], cancel_grace=0.01)
        result = await (await workflow.create_run()).start()
        assert result.status == "canceled"
        await engine.close()

    run(scenario())


def test_a_step_may_cancel_its_run() -> None:
    async def scenario() -> None:
        async def stop(ctx: Any) -> int:
            ctx.abort()
            assert ctx.abort_signal.aborted
            return 1

        result = await (await wf(create_step(id="a", execute=stop), echo("b")).create_run()).start()
        assert (result.status, list(result.steps)) == ("canceled", ["a"])
        assert result.steps["a"].output == 1

    run(scenario())


def test_a_run_that_cannot_be_decided_fails(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    async def scenario() -> None:
        def broken(*given: object) -> None:
            raise ZeroDivisionError("no decision")

        monkeypatch.setattr("workflows_app.engine.standing.decide", broken)
        result = await (await wf(echo("a")).create_run()).start()
        assert (result.status, result.error["name"]) == ("failed", "ZeroDivisionError")
        assert "cannot be decided" in caplog.text

    run(scenario())


def test_nothing_is_kept_of_a_run_at_rest() -> None:
    async def scenario() -> None:
        ask = create_step(id="ask", execute=lambda ctx: ctx.suspend())
        workflow = wf(ask)
        engine = Engine([workflow])
        await (await workflow.create_run()).start()
        await asyncio.sleep(0.01)
        assert engine.turns.active == {}
        assert engine.resting._waiters == {}

    run(scenario())


def test_an_engine_that_was_closed_or_killed_records_nothing_more() -> None:
    async def scenario() -> None:
        for end in ("close", "kill"):
            gate = Gate()
            workflow = wf(gate.step())
            engine = Engine([workflow])
            handle = await workflow.create_run()
            await handle.start_async(input_data=1)
            await gate.begun.wait()
            await engine.close() if end == "close" else engine.kill()
            gate.open.set()
            await asyncio.sleep(0.01)
            assert await kinds(engine, handle.id) == ["RunStarted", "StepStarted"]

    run(scenario())


def test_what_a_step_writes_is_recorded_in_groups() -> None:
    async def scenario() -> None:
        async def write(ctx: Any) -> None:
            for number in range(50):
                await ctx.writer.write(number)
            await asyncio.sleep(0.1)
            await ctx.writer.write("last")

        workflow = wf(create_step(id="a", execute=write))
        engine = Engine([workflow])
        handle = await workflow.create_run()
        await handle.start()
        written = [ev for ev in (await engine.read(handle.id)).events if isinstance(ev, e.StepOutput)]
        assert [event.count for event in written] == [50, 1]
        assert [chunk["output"] for chunk in written[0].chunks.data] == list(range(50))

    run(scenario())


def test_an_engine_is_used_from_another_loop() -> None:
    async def scenario() -> None:
        workflow = wf(echo("a"))
        engine = Engine([workflow])
        engine.home = asyncio.get_running_loop()

        async def elsewhere() -> Any:
            handle = await workflow.create_run()
            stream = handle.stream(input_data=5)
            types = [event["type"] async for event in stream]
            return types, await stream.result

        types, result = await asyncio.to_thread(asyncio.run, elsewhere())
        assert (types[0], types[-1], result.result) == ("workflow-start", "workflow-finish", 5)

    run(scenario())


def test_an_outcome_that_arrives_while_another_is_recorded_is_taken_next() -> None:
    async def scenario() -> None:
        journal, first, second = Slow(), Gate(), Gate()
        workflow = create_workflow(id="wf").parallel([first.step("a"), second.step("b")]).commit()
        result = await two_outcomes_at_once(Engine([workflow], journal=journal), journal, first, second)
        assert result.result == {"a": 1, "b": 1}

    run(scenario())


def test_a_listener_that_raises_keeps_no_outcome_from_being_taken(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        journal, first, second = Slow(), Gate(), Gate()
        workflow = create_workflow(id="wf").parallel([first.step("a"), second.step("b")]).commit()
        engine = Engine([workflow], journal=journal)

        def raise_once(*_: Any) -> None:
            if journal.held.is_set() and "out of tune" not in caplog.text:
                raise RuntimeError("out of tune")

        engine.turns.bells.append(raise_once)
        result = await two_outcomes_at_once(engine, journal, first, second)
        assert result.result == {"a": 1, "b": 1}

    run(scenario())
    assert "out of tune" in caplog.text


class Counted(MemoryJournal):
    """A journal that notes what is committed together."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[list[str]] = []

    async def commit(self, turn: Turn, worker: str) -> bool:
        self.commits.append([event.kind for event in turn.events])
        return await super().commit(turn, worker)


def test_what_ends_in_the_same_round_of_the_loop_shares_a_turn() -> None:
    async def scenario() -> None:
        journal = Counted()
        workflow = create_workflow(id="wf").foreach(echo("item"), concurrency=10).commit()
        Engine([workflow], journal=journal)
        result = await (await workflow.create_run()).start(input_data=list(range(20)))
        assert result.result == list(range(20))
        assert [kinds.count("StepSucceeded") for kinds in journal.commits] == [0, 10, 11]

    run(scenario())


def test_a_step_that_cancels_its_task_and_returns_all_the_same_is_recorded() -> None:
    async def scenario() -> None:
        gate = Gate()

        async def hasty(ctx: Any) -> int:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            return 1

        workflow = create_workflow(id="wf").parallel([create_step(id="hasty", execute=hasty), gate.step()]).commit()
        engine = Engine([workflow])
        handle = await workflow.create_run()
        await handle.start_async(input_data=1)
        while "StepSucceeded" not in await kinds(engine, handle.id):
            await asyncio.sleep(0.001)
        gate.open.set()
        while (await engine.head(handle.id)).finished_at is None:
            await asyncio.sleep(0.001)
        assert (await engine.head(handle.id)).status == "success"

    run(scenario())


def test_a_step_that_opens_in_the_turn_of_the_cancel_is_not_waited_for() -> None:
    ready = [asyncio.Event() for _ in range(4)]
    begun: list[int] = []

    async def wait(ctx: Any) -> Any:
        begun.append(ctx.input_data)
        await ready[ctx.input_data].wait()
        return ctx.input_data

    async def scenario() -> None:
        journal = Slow()
        workflow = create_workflow(id="each").foreach(create_step(id="wait", execute=wait), concurrency=2)
        engine = Engine(workflows=[workflow], journal=journal)
        handle = await workflow.create_run()
        await handle.start_async(input_data=[0, 1, 2, 3])
        while begun != [0, 1]:
            await asyncio.sleep(0)
        journal.free.clear()
        ready[0].set()
        await journal.held.wait()
        ready[1].set()
        canceling = asyncio.create_task(handle.cancel())
        while len(engine.turns.active[handle.id].mailbox) < 2:
            await asyncio.sleep(0)
        ready[2].set()
        journal.free.set()
        await canceling
        async with asyncio.timeout(engine.cancel_grace / 2):
            assert [event["type"] async for event in handle.observe_stream()][-1] == "workflow-finish"
        assert begun == [0, 1, 2]
        await engine.close()

    run(scenario())
