"""A run has a state that a step can read at once, and records no more than a database can bear."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.short import Gate, chain, echo, go, sus
from workflows_app import Engine, MemoryJournal, create_step, create_workflow
from workflows_app.engine.events import StepOutput
from workflows_app.engine.history import History
from workflows_app.engine.volume import KEPT_ONCE
from workflows_app.errors import InvalidPayload, RunFull


def told(result: Any) -> tuple[str, str]:
    [one] = result.error["details"]["errors"]
    return one["path"], one["message"]


def gives(id: str, size: int) -> Any:
    """Make a step that gives so many bytes, which no other step gives."""
    return create_step(id=id, execute=lambda ctx: (id * size)[: size - 2])


def sets(id: str, size: int) -> Any:
    return create_step(id=id, execute=lambda ctx: ctx.set_state({id: "x" * size}))


def test_a_state_is_smaller_than_other_values() -> None:
    assert Engine().max_state == 1_048_576 < Engine().max_payload
    assert Engine(max_payload=1_000).max_state == 1_000


def test_a_step_fails_that_makes_the_state_too_large_and_the_state_stays() -> None:
    async def scenario() -> None:
        engine = Engine([chain(gives("wide", 5_000), sets("a", 700), sets("b", 700))], max_state=1_000)
        result = await (await engine.get_workflow("wf").create_run()).start(include_state=True)
        assert [result.steps[name].status for name in ("wide", "a", "b")] == ["success", "success", "failed"]
        path, message = told(result)
        assert path == "state"
        assert message.startswith("1415 bytes are more than the 1000 allowed")
        assert set(result.state) == {"a"}

    go(scenario())


def test_a_run_neither_starts_nor_goes_back_with_too_large_a_state() -> None:
    async def scenario() -> None:
        run = await Engine([chain(echo("a"), echo("b"))], max_state=1_000).get_workflow("wf").create_run()
        with pytest.raises(InvalidPayload, match=r"- state: 1\d\d\d bytes are more than the 1000 allowed"):
            await run.start(initial_state={"a": "x" * 1_000})
        await run.start(input_data="y" * 2_000)
        before = await run.engine.head(run.id)
        with pytest.raises(InvalidPayload, match=r"- state: 1\d\d\d bytes"):
            await run.time_travel(step="b", initial_state={"a": "x" * 1_000})
        assert await run.engine.head(run.id) == before

    go(scenario())


def test_the_step_fails_that_the_run_has_no_room_for() -> None:
    async def scenario() -> None:
        inner = create_workflow(id="inner").then(gives("b", 900)).commit()
        engine = Engine([chain(sets("s", 10), gives("a", 900), inner, echo("last"))], max_run=3_500)
        run = await engine.get_workflow("wf").create_run()
        result = await run.start(input_data="x" * 100, include_state=True)
        path, message = told(result)
        assert (result.status, result.error["name"], path) == ("failed", "RunFull", "inner.b")
        assert "900 bytes more than the 29" in message
        assert "that the run has recorded are over the 3500 allowed" in message
        assert result.state == {"s": "x" * 10}
        assert result.steps["a"].output == ("a" * 898)
        assert "last" not in result.steps

    go(scenario())


@pytest.mark.parametrize(("differs", "status"), [(False, "success"), (True, "failed")])
def test_what_is_large_and_passed_on_counts_once(differs: bool, status: str) -> None:
    async def scenario() -> None:
        size = KEPT_ONCE + 100
        steps = [gives(name, size) if differs else echo(name) for name in "abcdef"]
        engine = Engine([chain(*steps)], max_run=2 * size)
        run = await engine.get_workflow("wf").create_run()
        assert (await run.start(input_data="x" * (size - 2))).status == status

    go(scenario())


def test_an_answer_that_there_is_no_room_for_leaves_the_question_open_and_the_run_can_be_ended() -> None:
    async def scenario() -> None:
        run = await Engine([chain(sus("a"))], max_run=2_000).get_workflow("wf").create_run()
        await run.start(input_data="x" * 500)
        with pytest.raises(
            RunFull, match=r"no room[^\n]*\n- run: 2002 bytes more than the \d+ that the run has recorded"
        ):
            await run.resume(resume_data="y" * 2_000)
        assert (await run.engine.head(run.id)).status == "suspended"
        with pytest.raises(RunFull, match=r"go on in another run"):
            await run.time_travel(step="a", input_data="z" * 2_000, fork=True)
        assert (await run.engine.list_workflow_runs(run.workflow)).total == 1
        await run.cancel()
        assert (await run.engine.head(run.id)).status == "canceled"

    go(scenario())


def test_what_a_step_writes_is_refused_once_there_is_no_room_and_what_it_wrote_before_stays() -> None:
    async def scenario() -> None:
        async def talk(ctx: Any) -> None:
            for number in range(100):
                await ctx.writer.write(f"{number}{'x' * 500}")

        engine = Engine([chain(create_step(id="talk", execute=talk))], max_run=3_000)
        run = await engine.get_workflow("wf").create_run()
        result = await run.start()
        path, message = told(result)
        assert (result.status, path) == ("failed", "talk")
        assert "are over the 3000 allowed" in message
        events = (await engine.read(run.id)).events
        written = [chunk for event in events if isinstance(event, StepOutput) for chunk in event.chunks.data]
        assert len(written) == 5

    go(scenario())


def test_a_process_that_takes_a_run_over_counts_what_others_recorded() -> None:
    async def scenario() -> None:
        journal, gate = MemoryJournal(), Gate()
        size = KEPT_ONCE + 100
        workflow = chain(echo("first"), gate.step(), gives("b", 900))
        first = Engine([workflow], journal=journal)
        run = await first.get_workflow("wf").create_run()
        await run.start_async(input_data="x" * (size - 2))
        await gate.begun.wait()
        first.kill()
        second = Engine([workflow], journal=journal, max_run=size + 800)
        gate.open.set()
        assert await second.recover() == 1
        while not (await second.head(run.id)).finished_at:
            await asyncio.sleep(0.005)
        error = History((await second.read(run.id)).events).error
        assert error["details"]["errors"][0]["path"] == "b"
        await second.close()

    go(scenario())


def test_a_run_without_room_keeps_no_event_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        engine = Engine([create_workflow(id="w").wait_for_event("news").commit()], max_run=2_000)
        full, other = [await engine.get_workflow("w").create_run(run_id=name) for name in ("full", "other")]
        assert (await full.start(input_data="x" * 800)).status == "suspended"
        assert (await other.start(input_data=1)).status == "suspended"
        assert await engine.send_event("news", "y" * 500) == 1
        assert [(await engine.head(name)).status for name in ("full", "other")] == ["suspended", "success"]

    go(scenario())
    assert [record.message for record in caplog.records if "run full does not get the event 'news'" in record.message]


def test_a_run_without_room_takes_the_answer_that_its_step_declared_and_keeps_no_timer_from_the_others() -> None:
    async def ask(ctx: Any) -> Any:
        due, given = datetime.now(UTC) + timedelta(seconds=0.05), ctx.resume_data
        return await ctx.suspend({}, due=due, on_due=[{"answer": "y" * 500}]) if given is None else given

    async def scenario() -> None:
        engine = Engine([chain(create_step(id="ask", execute=ask))], max_run=2_000)
        full, other = [await engine.get_workflow("wf").create_run(run_id=name) for name in ("full", "other")]
        await full.start_async(input_data="x" * 800)
        await other.start_async(input_data=1)
        for name in ("full", "other"):
            while not (await engine.head(name)).finished_at:
                await asyncio.sleep(0.005)
        assert (await engine.head("other")).status == "success"
        error = History((await engine.read("full")).events).error
        assert (error["name"], error["details"]["errors"][0]["path"]) == ("RunFull", "ask")

    go(scenario())
