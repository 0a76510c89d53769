"""Whoever waits for an engine that ends is told so, with an error of the tree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.engine.short import Gate, chain, go
from workflows_app.engine import Engine, MemoryJournal, Run
from workflows_app.errors import EngineStopped

Wait = Callable[[Run], Awaitable[Any]]


async def stream_result(run: Run) -> Any:
    return await run.observe_stream().result


@pytest.mark.parametrize("end", ["kill", "close"])
@pytest.mark.parametrize("wait", [Run.start, stream_result])
def test_who_waits_for_a_run_is_told_that_the_engine_ended(wait: Wait, end: str) -> None:
    async def scenario() -> None:
        gate = Gate()
        engine = Engine([chain(gate.step())])
        run = await engine.get_workflow("wf").create_run()
        if wait is not Run.start:
            await run.start_async()
        waiting = asyncio.ensure_future(wait(run))
        await gate.begun.wait()
        await asyncio.sleep(0.01)
        if end == "kill":
            engine.kill()
        else:
            await engine.close()
        with pytest.raises(EngineStopped):
            await waiting

    go(scenario())


def test_an_engine_that_ended_takes_no_more_verbs() -> None:
    async def scenario() -> None:
        engine = Engine([chain(Gate().step())])
        run = await engine.get_workflow("wf").create_run()
        await engine.close()
        with pytest.raises(EngineStopped) as caught:
            await run.start()
        assert caught.value.code == "engine_stopped"

    go(scenario())


class SlowJournal(MemoryJournal):
    """Takes its time to commit."""

    async def commit(self, turn: Any, worker: str) -> bool:
        await asyncio.sleep(0.05)
        return await super().commit(turn, worker)


def test_verbs_that_are_being_recorded_or_wait_for_it_are_told() -> None:
    async def scenario() -> None:
        engine = Engine([chain(Gate().step())], journal=SlowJournal())
        run = await engine.get_workflow("wf").create_run()
        verbs = [asyncio.ensure_future(verb) for verb in (run.start_async(), run.cancel())]
        await asyncio.sleep(0.01)
        engine.kill()
        told = await asyncio.gather(*verbs, return_exceptions=True)
        assert [type(each) for each in told] == [EngineStopped, EngineStopped]

    go(scenario())
