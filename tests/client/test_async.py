"""The client to await: the same verbs, over another transport."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.process import StudioProcess
from workflows_app.client import AsyncStudio, Unreachable
from workflows_app.errors import InvalidInput

ORDER = {"customer": "Ada", "total": 12}


def test_a_run_is_streamed_answered_and_looked_up(served: StudioProcess) -> None:
    async def drive() -> None:
        async with AsyncStudio(served.address) as studio:
            workflow = await studio.get_workflow("order")
            run = await workflow.create_run()
            stream = run.stream(input_data=ORDER)
            numbers = [event["seq"] async for event in stream]
            assert numbers == list(range(1, len(numbers) + 1))
            assert (await stream.result).suspended == [["review"]]
            result = await run.resume(resume_data={"decision": "approve"})
            assert result.status == "success"
            assert [event["seq"] async for event in run.observe_stream()][: len(numbers)] == numbers
            record = await workflow.get_workflow_run_by_id(run.run_id)
            assert record is not None and record.result == {"shipped": True}

    asyncio.run(drive())


def test_many_runs_go_on_at_once(served: StudioProcess) -> None:
    async def drive() -> list[object]:
        async with AsyncStudio(served.address) as studio:
            workflow = await studio.get_workflow("echo")
            runs = [await workflow.create_run() for _ in range(5)]
            results = await asyncio.gather(*(run.start(input_data=n) for n, run in enumerate(runs)))
            return [result.result for result in results]

    assert asyncio.run(drive()) == [0, 1, 2, 3, 4]


def test_refusals_are_raised(served: StudioProcess) -> None:
    async def drive() -> None:
        async with AsyncStudio(served.address) as studio:
            run = await (await studio.get_workflow("order")).create_run()
            with pytest.raises(InvalidInput):
                await run.stream(input_data={}).result
        async with AsyncStudio("http://127.0.0.1:9") as nowhere:
            with pytest.raises(Unreachable):
                await nowhere.list_workflows()

    asyncio.run(drive())


def test_a_run_is_watched_until_that_is_enough(served: StudioProcess) -> None:
    async def drive() -> None:
        async with AsyncStudio(served.address) as studio:
            run = await (await studio.get_workflow("order")).create_run()
            heard: asyncio.Queue[str] = asyncio.Queue()

            async def watcher(event: dict[str, Any]) -> None:
                await heard.put(event["type"])

            unsubscribe = await run.watch(watcher)
            await run.start(input_data=ORDER)
            expected = [event["type"] async for event in run.observe_stream()]
            async with asyncio.timeout(20):
                assert [await heard.get() for _ in expected] == expected
            unsubscribe()
            await run.resume(resume_data={"decision": "approve"})
            assert heard.empty()
            await run.watch(watcher)
        assert not studio.line.watches or all(task.cancelling() for task in studio.line.watches)

    asyncio.run(drive())
