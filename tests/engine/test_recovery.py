"""What the calls of a lost worker come to: they are opened again, and who kills its process is found."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Any

from tests.engine.short import ForwardClock, Gate, go
from workflows_app.engine import Engine, MemoryJournal, RetryPolicy, create_step, create_workflow
from workflows_app.engine.events import StepLost
from workflows_app.engine.nodes.step import CRASH_LIMIT
from workflows_app.errors import EngineStopped

LEASE = 60.0


class World:
    """A journal, and processes on it that die one after the other."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self.gate = Gate()
        self.clock = ForwardClock()
        self.bodies: Counter[str] = Counter()
        self.engine = self.process()

    def process(self) -> Engine:
        flows = [self.flow("poisoned", self.poison), self.flow("held", self.held), self.flow("also-held", self.held)]
        self.engine = Engine(flows, journal=self.journal, lease=LEASE, clock=self.clock)
        return self.engine

    def flow(self, name: str, execute: Any) -> Any:
        return create_workflow(id=name).then(create_step(id=name, execute=execute)).commit()

    async def poison(self, ctx: Any) -> None:
        """End the process once everything else that was opened with it is under way."""
        self.bodies[ctx.run_id] += 1
        await asyncio.sleep(0.02)
        self.engine.kill()

    async def held(self, ctx: Any) -> None:
        self.bodies[ctx.run_id] += 1
        await self.gate.open.wait()

    async def start(self, *names: str) -> None:
        for name in names:
            await (await self.engine.get_workflow(name).create_run(run_id=name)).start_async()

    async def until(self, is_true: Any) -> None:
        while not is_true():
            await asyncio.sleep(0.001)

    async def status(self, run_id: str) -> str:
        return (await self.engine.head(run_id)).status

    async def losses(self, run_id: str) -> list[StepLost]:
        stored = await self.engine.read(run_id)
        return [event for event in stored.events if isinstance(event, StepLost)]


def test_only_the_step_that_kills_its_process_is_given_up() -> None:
    async def scenario() -> None:
        world = World()
        await world.start("held", "poisoned", "also-held")
        deaths = 0
        while "running" in [await world.status(name) for name in ("held", "poisoned", "also-held")]:
            if world.engine.closed:
                deaths += 1
                world.process()
            if deaths == CRASH_LIMIT - 1:
                world.gate.open.set()
            with contextlib.suppress(EngineStopped):
                await world.engine.recover()
            await asyncio.sleep(0.001)
        assert [await world.status(name) for name in ("held", "also-held")] == ["success", "success"]
        assert await world.status("poisoned") == "failed"
        assert world.bodies["poisoned"] == deaths == CRASH_LIMIT

    go(scenario())


def test_who_was_lost_before_is_waited_for_no_longer_than_a_lease() -> None:
    async def scenario() -> None:
        world = World()
        await world.start("held", "also-held")
        await world.until(lambda: world.bodies.total() == 2)
        for bodies in (4, 5):
            world.engine.kill()
            await world.process().recover()
            await world.until(lambda: world.bodies.total() == bodies)  # noqa: B023 - awaited at once
        assert await world.engine.recover() == 0
        world.clock.pass_time(LEASE)
        assert await world.engine.recover() == 1
        await world.until(lambda: world.bodies.total() == 6)

    go(scenario())


def test_a_process_that_was_stopped_did_not_crash() -> None:
    async def scenario() -> None:
        world = World()
        await world.start("held")
        for stops in range(1, CRASH_LIMIT + 2):
            await world.until(lambda: world.bodies["held"] == stops)  # noqa: B023 - awaited at once
            await world.engine.close()
            assert await world.process().recover() == 1
        world.gate.open.set()
        while await world.status("held") == "running":
            await asyncio.sleep(0.001)
        assert await world.status("held") == "success"
        assert [lost.crashed for lost in await world.losses("held")] == [False] * (CRASH_LIMIT + 1)

    go(scenario())


def test_a_process_that_was_long_silent_does_not_take_its_own_calls_for_lost() -> None:
    async def scenario() -> None:
        world = World()
        await world.start("held")
        await world.until(lambda: world.bodies["held"])
        world.journal.beats[world.engine.worker] = 0
        assert await world.engine.recover() == 0
        assert await world.losses("held") == []
        world.engine.kill()

    go(scenario())


def test_crashes_count_from_the_last_try_that_came_to_an_end() -> None:
    """A step that failed, or asked somebody, has shown that it does not take its process down every time."""
    fates = iter(["crash", "crash", "fail", "crash", "crash", "ask", "crash", "crash", "end"])

    async def scenario() -> None:
        journal = MemoryJournal()
        engines: list[Engine] = []

        async def meet(ctx: Any) -> Any:
            match next(fates):
                case "crash":
                    engines[-1].kill()
                case "fail":
                    raise ValueError("no")
                case "ask":
                    return await ctx.suspend({})
            return "done"

        def process() -> Engine:
            step = create_step(id="a", execute=meet, retry=RetryPolicy(attempts=1))
            engines.append(Engine([create_workflow(id="w").then(step).commit()], journal=journal))
            return engines[-1]

        run = await process().get_workflow("w").create_run(run_id="r")
        await run.start_async()
        while (status := (await engines[-1].head("r")).status) not in ("success", "failed"):
            if engines[-1].closed:
                await process().recover()
            elif status == "suspended":
                await (await engines[-1].get_run("r")).resume_async(resume_data=1)
            await asyncio.sleep(0.001)
        assert status == "success"
        assert list(fates) == []
        await engines[-1].close()

    go(scenario())
