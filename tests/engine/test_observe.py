"""Streams of real runs: replay, several readers, other processes, watchers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from workflows_app import Engine, MemoryJournal, Workflow, create_step, create_workflow
from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import RunPaused
from workflows_app.engine.observe import Feed, Stream
from workflows_app.engine.ports import Stored
from workflows_app.errors import InvalidInput, ResumeAlreadyClaimed, RunAlreadyStarted, RunError, RunNotFound


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 20))


def echo(id: str, **options: Any) -> Any:
    async def give(ctx: Any) -> Any:
        return ctx.input_data

    return create_step(id=id, execute=give, **options)


def asks(id: str) -> Any:
    async def ask(ctx: Any) -> Any:
        return await ctx.suspend({"q": 1}) if ctx.resume_data is None else ctx.resume_data

    return create_step(id=id, execute=ask)


def wf(*steps: Any, **options: Any) -> Workflow:
    workflow = create_workflow(id="wf", **options)
    for one in steps:
        workflow.then(one)
    return workflow.commit()


async def read(stream: Stream) -> list[dict[str, Any]]:
    return [event async for event in stream]


async def until(is_true: Callable[[], bool]) -> None:
    """Wait for what watchers are told in tasks of their own."""
    while not is_true():
        await asyncio.sleep(0.001)


def has_ended(events: list[dict[str, Any]]) -> bool:
    return events != [] and events[-1]["type"] == "workflow-finish"


def test_all_readers_of_a_stream_see_all_of_it() -> None:
    async def scenario() -> None:
        handle = await wf(echo("a")).create_run()
        stream = handle.stream(input_data=1)
        assert handle.stream() is stream
        first, second = await asyncio.gather(read(stream), read(stream))
        assert first == second == [event async for event in stream.full_stream]
        assert [event["seq"] for event in first] == list(range(1, len(first) + 1))
        assert (stream.run_id, stream.workflow_id, stream.status) == (handle.id, "wf", "success")
        assert (await stream.result).result == 1

    run(scenario())


def test_an_offset_leaves_out_what_was_seen() -> None:
    async def scenario() -> None:
        handle = await wf(echo("a"), echo("b")).create_run()
        await handle.start(input_data=1)
        everything = await read(handle.observe_stream())
        for offset in (0, 1, 3, len(everything)):
            assert await read(handle.observe_stream(offset)) == everything[offset:]

    run(scenario())


def test_numbers_go_on_over_a_resume() -> None:
    async def scenario() -> None:
        handle = await wf(asks("a"), echo("b")).create_run()
        before = await read(handle.stream(input_data=1))
        resumed = handle.resume_stream(resume_data=2)
        after = await read(resumed)
        assert resumed.offset == before[-1]["seq"]
        assert before[-1]["payload"]["workflowStatus"] == "suspended"
        assert await read(handle.observe_stream()) == before + after

    run(scenario())


def test_a_stream_may_stay_open_over_a_suspension() -> None:
    async def scenario() -> None:
        handle = await wf(asks("a")).create_run()
        stream = handle.stream(input_data=1, close_on_suspend=False)
        reading = asyncio.create_task(read(stream))
        await until(lambda: stream.status == "suspended")
        await handle.resume(resume_data=2)
        types = [event["type"] for event in await reading]
        assert types.count("workflow-finish") == 2
        assert (await stream.result).result == 2

    run(scenario())


def test_what_another_process_records_is_seen_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.engine.observe.POLL_SECONDS", 0.01)

    async def scenario() -> None:
        journal = MemoryJournal()
        one, other = Engine([wf(asks("a"))], journal=journal), Engine([wf(asks("a"))], journal=journal)
        handle = await one.get_workflow("wf").create_run(run_id="r")
        await handle.start(input_data=1)
        stream = handle.observe_stream(close_on_suspend=False)
        reading = asyncio.create_task(read(stream))
        await until(lambda: stream.status == "suspended")
        await (await other.get_run("r")).resume(resume_data=2)
        events = await reading
        assert events[-1]["payload"]["workflowStatus"] == "success"
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))

    run(scenario())


def test_a_start_that_is_refused_is_told_to_every_reader_and_can_be_made_good() -> None:
    async def scenario() -> None:
        handle = await wf(echo("a"), input_schema=int).create_run()
        stream = handle.stream(input_data="no number")
        with pytest.raises(InvalidInput):
            await read(stream)
        with pytest.raises(InvalidInput):
            await stream.result
        again = handle.stream(input_data=1)
        assert (await again.result).result == 1
        assert handle.stream(input_data=1) is again

    run(scenario())


def test_a_second_start_is_refused_to_its_reader() -> None:
    async def scenario() -> None:
        workflow = wf(echo("a"))
        await (await workflow.create_run(run_id="r")).start(input_data=1)
        with pytest.raises(RunAlreadyStarted):
            await read((await workflow.create_run(run_id="r")).stream(input_data=1))

    run(scenario())


def test_the_stream_of_a_run_that_was_canceled_before_its_start_says_so() -> None:
    async def scenario() -> None:
        handle = await wf(echo("a")).create_run()
        await handle.cancel()
        stream = handle.stream(input_data=1)
        assert [event["type"] for event in await read(stream)] == ["workflow-canceled", "workflow-finish"]
        assert (await stream.result).status == "canceled"

    run(scenario())


def test_a_watcher_sees_what_comes_until_it_goes() -> None:
    async def scenario() -> None:
        handle = await wf(asks("a"), echo("b")).create_run()
        before = await read(handle.stream(input_data=1))
        seen, later = list[dict[str, Any]](), list[dict[str, Any]]()

        async def note(event: dict[str, Any]) -> None:
            seen.append(event)

        unsubscribe = handle.watch(note)
        await handle.resume(resume_data=2)
        await until(lambda: has_ended(seen))
        assert before + seen == await read(handle.observe_stream())
        unsubscribe()
        known = len(seen)
        handle.watch(later.append)
        await handle.time_travel(step="b")
        await until(lambda: has_ended(later))
        assert len(seen) == known
        assert len(handle.engine.turns.watchers[handle.id]) == 1

    run(scenario())


class FarJournal(MemoryJournal):
    """A journal whose answers take their time."""

    async def read(self, run_id: str, *, after: int = 0, resolve: bool = True) -> Stored | None:
        for _ in range(100):
            await asyncio.sleep(0)
        return await super().read(run_id, after=after, resolve=resolve)


def test_a_watcher_was_told_all_when_the_verb_is_done() -> None:
    async def scenario() -> None:
        workflow = wf(asks("a"), echo("b"))
        Engine([workflow], journal=FarJournal())
        handle = await workflow.create_run()
        for verb in (partial(handle.start, input_data=1), partial(handle.resume, resume_data=2)):
            seen: list[dict[str, Any]] = []
            unsubscribe = handle.watch(seen.append)
            await verb()
            assert has_ended(seen)
            unsubscribe()

    run(scenario())


def test_a_watcher_that_goes_before_it_began_keeps_nobody_waiting() -> None:
    async def scenario() -> None:
        workflow = wf(echo("a"))
        Engine([workflow], journal=FarJournal())
        handle = await workflow.create_run()
        handle.watch(print)()
        assert (await handle.start(input_data=1)).status == "success"

    run(scenario())


def test_a_watcher_that_raises_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        handle = await wf(echo("a")).create_run()

        def broken(event: dict[str, Any]) -> None:
            raise ValueError("I do not like it")

        unsubscribe = handle.watch(broken)
        assert (await handle.start(input_data=1)).status == "success"
        await until(lambda: "I do not like it" in caplog.text)
        unsubscribe()

    run(scenario())


def test_a_watcher_may_raise_what_is_no_error_and_one_that_is_cancelled_is_gone() -> None:
    class Odd(BaseException):
        pass

    async def scenario() -> None:
        handle = await wf(echo("a")).create_run()
        heard: list[type[BaseException]] = []

        def raising(error: type[BaseException]) -> Any:
            def watcher(event: dict[str, Any]) -> None:
                heard.append(error)
                raise error

            return watcher

        for error in (Odd, asyncio.CancelledError):
            handle.watch(raising(error))
        assert (await handle.start(input_data=1)).status == "success"
        await until(lambda: heard.count(Odd) == 4)
        assert heard.count(asyncio.CancelledError) == 1

    run(scenario())


def test_an_endless_stream_goes_on_over_the_end_of_its_run() -> None:
    async def scenario() -> None:
        handle = await wf(echo("a")).create_run()
        await handle.start(input_data=1)
        stream = handle.observe_stream(endless=True)
        events = aiter(stream)
        before = [(await anext(events))["type"] for _ in range(4)]
        await handle.time_travel(step="a")
        after = [(await anext(events))["type"] for _ in range(4)]
        assert before == after
        assert before[-1] == "workflow-finish"
        stream.close()

    run(scenario())


def test_a_canceled_run_ends_its_stream() -> None:
    async def scenario() -> None:
        begun = asyncio.Event()

        async def wait(ctx: Any) -> None:
            begun.set()
            await ctx.abort_signal.wait()

        handle = await wf(create_step(id="a", execute=wait)).create_run()
        stream = handle.stream()
        reading = asyncio.create_task(read(stream))
        await begun.wait()
        await handle.cancel()
        events = await reading
        assert [event["type"] for event in events[-2:]] == ["workflow-canceled", "workflow-finish"]
        assert (await stream.result).status == "canceled"

    run(scenario())


def test_who_stops_reading_as_an_event_arrives_has_stopped() -> None:
    async def scenario() -> None:
        workflow = wf(echo("a"))
        engine = Engine([workflow])
        handle = await workflow.create_run()
        feed = Feed(engine, handle.head)
        reading = asyncio.create_task(feed.next())
        await asyncio.sleep(0)
        [hear] = engine.turns.watchers[handle.id]
        hear(ActiveRun(handle.head, workflow), [RunPaused(1)], 0)
        reading.cancel()
        await asyncio.wait({reading})
        assert reading.cancelled()

    run(scenario())


def test_a_stream_that_is_closed_says_so_and_the_run_goes_on() -> None:
    async def scenario() -> None:
        handle = await wf(asks("a")).create_run()
        early = handle.observe_stream()
        early.close()
        assert await read(early) == []
        stream = handle.stream(input_data=1, close_on_suspend=False)
        await stream.opened()
        await until(lambda: stream.status == "suspended")
        stream.close()
        assert (await read(stream))[-1]["type"] == "workflow-finish"
        with pytest.raises(RunError, match="The stream was closed"):
            await stream.result
        assert (await handle.resume(resume_data=2)).status == "success"

    run(scenario())


def test_a_stream_of_a_run_that_is_deleted_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.engine.observe.POLL_SECONDS", 0.01)

    async def scenario() -> None:
        handle = await wf(asks("a")).create_run()
        await handle.start(input_data=1)
        stream = handle.observe_stream(close_on_suspend=False)
        await stream.opened()
        heard: list[str] = []
        unsubscribe = handle.watch(lambda event: heard.append(event["type"]))
        await handle.workflow.delete_workflow_run_by_id(handle.id)
        with pytest.raises(RunNotFound, match="was deleted"):
            await stream.result
        unsubscribe()
        unsubscribe()
        assert heard == []

    run(scenario())


def test_a_watcher_hears_only_of_what_comes_while_the_run_goes_on() -> None:
    async def scenario() -> None:
        going = asyncio.Event()
        heard: list[tuple[str, Any]] = []

        async def wait(ctx: Any) -> int:
            handle.watch(lambda event: heard.append((event["type"], event["payload"].get("id"))))
            await asyncio.sleep(0)
            going.set()
            return 1

        handle = await wf(create_step(id="a", execute=wait), echo("b")).create_run()
        await handle.start(input_data=1)
        await until(lambda: heard != [] and heard[-1][0] == "workflow-finish")
        kinds = ("workflow-step-result", "workflow-step-start")
        assert heard[:2] == [(kinds[0], "a"), (kinds[1], "b")]

    run(scenario())


def test_time_travel_can_be_followed() -> None:
    async def scenario() -> None:
        handle = await wf(echo("a"), echo("b")).create_run()
        await handle.start(input_data=1)
        stream = handle.time_travel_stream(step="b", input_data=5)
        types = [event["type"] for event in await read(stream)]
        assert types == ["workflow-start", "workflow-step-start", "workflow-step-result", "workflow-finish"]
        assert (await stream.result).result == 5
        assert repr(handle) == f"<Run {handle.id} of wf>"

    run(scenario())


def test_who_comes_too_late_with_an_answer_is_told_who_was_first() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        here, there = Engine([wf(asks("a"))], journal=journal), Engine([wf(asks("a"))], journal=journal)
        handle = await here.get_workflow("wf").create_run()
        await handle.start(input_data=1)
        late = await there.get_run(handle.id)
        await handle.resume(resume_data=2, by="ada")
        with pytest.raises(ResumeAlreadyClaimed) as refused:
            await late.resume(resume_data=3, by="bo")
        assert (refused.value.details["path"], refused.value.details["by"]) == ("a", "ada")

    run(scenario())
