"""Workflows in a line each, for tests of single cases."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from workflows_app.engine import (
    Engine,
    Step,
    create_step,
    create_workflow,
)
from workflows_app.engine.events import SECOND
from workflows_app.engine.memory import SystemClock
from workflows_app.engine.workflow import Workflow


def go(scenario: Coroutine[Any, Any, None], patience: float = 10.0) -> None:
    async def main() -> None:
        await asyncio.wait_for(scenario, patience)

    asyncio.run(main())


def chain(*steps: Any, **options: Any) -> Workflow:
    workflow = create_workflow(id="wf", **options)
    for step in steps:
        workflow.then(step)
    return workflow.commit()


def echo(id: str) -> Step:
    async def give(ctx: Any) -> Any:
        return ctx.input_data

    return create_step(id=id, execute=give)


def sus(id: str) -> Step:
    return create_step(id=id, execute=lambda ctx: ctx.suspend({"q": 1}) if ctx.resume_data is None else ctx.resume_data)


def boom(id: str) -> Step:
    def fails(ctx: Any) -> Any:
        raise ValueError("no")

    return create_step(id=id, execute=fails)


class ForwardClock(SystemClock):
    """A clock that can be set forward, so that a test waits for no time and no time runs out on it."""

    def __init__(self, ahead: float = 0) -> None:
        super().__init__()
        self.ahead = int(ahead * SECOND)

    def now(self) -> int:
        return super().now() + self.ahead

    def pass_time(self, seconds: float) -> None:
        self.ahead += int(seconds * SECOND)


class Gate:
    """A step that is held until it is let go."""

    def __init__(self) -> None:
        self.begun, self.open, self.calls = asyncio.Event(), asyncio.Event(), 0

    def step(self, id: str = "held", **options: Any) -> Any:
        async def hold(ctx: Any) -> Any:
            self.calls += 1
            self.begun.set()
            await self.open.wait()
            return ctx.input_data

        return create_step(id=id, execute=hold, **options)


class Stubborn:
    """A step that works on, whatever it is told, until it may end."""

    def __init__(self) -> None:
        self.began, self.end = asyncio.Event(), asyncio.Event()
        self.step = create_step(id="stubborn", execute=self._work)

    async def _work(self, ctx: Any) -> str:
        self.began.set()
        while not self.end.is_set():
            with suppress(asyncio.CancelledError):
                await self.end.wait()
        ctx.writer.write("late")
        return "late"


async def started(workflow: Workflow, data: Any = None) -> tuple[Any, Any]:
    Engine([workflow])
    run = await workflow.create_run()
    return run, await run.start(input_data=data)
