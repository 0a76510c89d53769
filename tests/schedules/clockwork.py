"""Processes on one database whose clock stands where a test has put it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from workflows_app import Engine, Workflow, create_step, create_workflow
from workflows_app.adapters.journal import OrmJournal
from workflows_app.engine.events import SECOND
from workflows_app.models import Firing, Run, Schedule
from workflows_app.models.instants import to_instant
from workflows_app.schedules.declared import write_declared
from workflows_app.schedules.starter import Starter

BEGIN = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
MINUTE = 60


class Clock:
    """Tells the time it is told."""

    def __init__(self) -> None:
        self.time = to_instant(BEGIN)

    def now(self) -> int:
        return self.time

    def pass_time(self, seconds: float) -> None:
        self.time += int(seconds * SECOND)


class Process:
    """An engine with its starter, as a process that starts has them."""

    def __init__(self, clock: Clock, *workflows: Workflow) -> None:
        self.engine = Engine(workflows, journal=OrmJournal(), clock=clock)
        self.starter = Starter(self.engine)

    async def begin(self) -> None:
        workflows = list(self.engine.registry.by_id.values())
        await self.beside(lambda: write_declared(workflows, self.engine.now()))

    async def beside(self, work: Callable[[], Any]) -> Any:
        journal: Any = self.engine.journal
        return await journal.beside(lambda _alias: work())

    async def rested(self) -> None:
        """Wait until nothing is under way in it."""
        while self.engine.turns.active:
            await asyncio.sleep(0.01)

    async def end(self) -> None:
        await self.engine.close()
        journal: Any = self.engine.journal
        journal.close()


def flow(schedule: Any, id: str = "nightly", execute: Callable[[Any], Any] | None = None, **options: Any) -> Workflow:
    step = create_step(id="work", execute=execute or (lambda ctx: ctx.input_data))
    return create_workflow(id=id, schedule=schedule, **options).then(step).commit()


def perform(scenario: Callable[[Clock, Callable[..., Awaitable[Process]]], Awaitable[None]]) -> None:
    """Perform a scenario; it gets the clock, and what starts a process with workflows."""
    begun: list[Process] = []

    async def whole() -> None:
        clock = Clock()

        async def begin(*workflows: Workflow) -> Process:
            begun.append(Process(clock, *workflows))
            await begun[-1].begin()
            return begun[-1]

        try:
            await scenario(clock, begin)
        finally:
            for process in begun:
                await process.end()

    asyncio.run(whole())


def firings() -> list[tuple[str, str]]:
    """List what came of each time, oldest first."""
    return [(f"{one.due_at:%d %H:%M}", one.outcome) for one in Firing.objects.order_by("id")]


def runs() -> list[tuple[str, str]]:
    return list(Run.objects.order_by("created_at", "id").values_list("id", "status"))


def row(id: str = "wf_nightly") -> Schedule:
    return Schedule.objects.get(pk=id)
