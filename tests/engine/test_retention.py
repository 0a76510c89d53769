"""Retention: finished runs are deleted once they are old enough, and no other run ever is."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.short import ForwardClock, Stubborn, boom, echo, go, sus
from workflows_app import Engine, MemoryJournal, Workflow, clone_workflow, create_step, create_workflow
from workflows_app.errors import DefinitionError, RunNotFound

DAY = 86_400


class World:
    """An engine on a clock of its own; workflows are named by what their only step does."""

    def __init__(self, *workflows: Workflow, journal: MemoryJournal | None = None, **options: Any) -> None:
        self.clock = ForwardClock()
        self.journal = journal or MemoryJournal()
        self.engine = Engine(workflows, clock=self.clock, journal=self.journal, **options)

    async def started(self, name: str) -> Any:
        run = await self.engine.get_workflow(name).create_run()
        await run.start()
        return run

    async def prune(self, *, days: float) -> list[str]:
        """Let days pass and prune; name the workflows whose runs are left."""
        self.clock.pass_time(days * DAY)
        while await self.engine.prune():
            pass
        return sorted(row.head.workflow_id for row in self.journal.rows.values())


def flow(name: str, step: Any = None, **options: Any) -> Workflow:
    return create_workflow(id=name, **options).then(step or echo("step")).commit()


def test_finished_runs_are_deleted_once_they_are_old_enough() -> None:
    async def scenario() -> None:
        world = World(flow("w", retention=timedelta(days=30)))
        for _ in range(3):
            await world.started("w")
        assert await world.prune(days=29) == ["w", "w", "w"]
        assert await world.prune(days=1.1) == []

    go(scenario())


def test_the_age_of_a_run_is_counted_from_its_end() -> None:
    async def scenario() -> None:
        world = World(flow("w", sus("ask"), retention=30 * DAY))
        run = await world.started("w")
        assert await world.prune(days=40) == ["w"]
        await run.resume(resume_data=1)
        assert await world.prune(days=29) == ["w"]
        assert await world.prune(days=2) == []

    go(scenario())


def test_what_has_not_ended_is_kept_for_ever() -> None:
    async def scenario() -> None:
        asking = create_step(id="ask", execute=lambda ctx: ctx.suspend())
        steps = {"failed": boom("b"), "suspended": asking, "canceled": asking, "pending": echo("e"), "done": echo("d")}
        paused = create_workflow(id="paused", retention=1).then(echo("first")).then(echo("second")).commit()
        world = World(paused, *[flow(name, step, retention=1) for name, step in steps.items()])
        await world.engine.get_workflow("pending").create_run()
        await (await paused.create_run()).start(per_step=True)
        runs = [await world.started(name) for name in ("failed", "suspended", "canceled", "done")]
        await runs[2].cancel()
        assert await world.prune(days=3_650) == ["paused", "pending", "suspended"]

    go(scenario())


def test_a_workflow_says_itself_how_long_it_keeps_its_runs() -> None:
    async def scenario() -> None:
        world = World(flow("short", retention=DAY), flow("long", retention=90 * DAY), flow("usual"), retention=30 * DAY)
        for name in ("short", "long", "usual"):
            await world.started(name)
        assert await world.prune(days=2) == ["long", "usual"]
        assert await world.prune(days=30) == ["long"]
        assert await world.prune(days=60) == []

    go(scenario())


def test_without_a_retention_nothing_is_deleted() -> None:
    async def scenario() -> None:
        world = World(flow("w"))
        await world.started("w")
        assert await world.prune(days=3_650) == ["w"]
        assert await world.engine.expired() == {}

    go(scenario())


def test_runs_of_a_workflow_that_is_not_known_are_left_alone() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        await World(flow("other", retention=1), journal=journal).started("other")
        world = World(flow("w"), journal=journal, retention=1)
        assert await world.prune(days=3_650) == ["other"]

    go(scenario())


def test_what_would_be_deleted_can_be_asked_first() -> None:
    async def scenario() -> None:
        world = World(flow("w", retention=DAY), flow("young", retention=9 * DAY))
        run = await world.started("w")
        await world.started("young")
        world.clock.pass_time(2 * DAY)
        assert await world.engine.expired() == {"w": [run.id]}
        assert await world.journal.head(run.id) is not None

    go(scenario())


def test_a_batch_is_bounded() -> None:
    async def scenario() -> None:
        world = World(flow("w", retention=DAY))
        for _ in range(101):
            await world.started("w")
        world.clock.pass_time(2 * DAY)
        assert [await world.engine.prune() for _ in range(3)] == [100, 1, 0]

    go(scenario())


def test_a_run_that_was_set_back_is_not_deleted() -> None:
    async def scenario() -> None:
        world = World(flow("w", sus("ask"), retention=DAY))
        run = await world.started("w")
        await run.resume(resume_data=1)
        before = world.engine.now()
        await run.time_travel(step="ask")
        assert not await world.journal.delete(run.id, ended_before=before)
        assert await world.prune(days=3_650) == ["w"]

    go(scenario())


def test_an_outcome_that_comes_late_does_not_bring_a_deleted_run_back(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        stubborn = Stubborn()
        journal = MemoryJournal()
        workflow = flow("w", stubborn.step, retention=DAY)
        worker, other = World(workflow, journal=journal), World(workflow, journal=journal, cancel_grace=0.0)
        run = await worker.engine.get_workflow("w").create_run()
        starting = asyncio.create_task(run.start())
        await stubborn.began.wait()
        await (await other.engine.get_run(run.id)).cancel()
        await other.engine.fire_due_timers()
        assert await other.prune(days=2) == []
        stubborn.end.set()
        with pytest.raises(RunNotFound):
            await starting
        with pytest.raises(RunNotFound):
            await run.resume(resume_data=1)
        await worker.engine.close()
        assert journal.rows == {}

    with caplog.at_level(logging.CRITICAL):
        go(scenario())


def test_a_journal_in_memory_is_pruned_while_runs_go_on() -> None:
    async def scenario() -> None:
        world = World(flow("w", retention=DAY))
        first = await world.started("w")
        world.clock.pass_time(2 * DAY)
        await world.engine.close()
        later = World(flow("w", retention=DAY), journal=world.journal)
        later.clock.pass_time(2 * DAY)
        second = await later.started("w")
        while first.id in world.journal.rows:
            await asyncio.sleep(0)
        assert list(world.journal.rows) == [second.id]

    go(scenario())


@pytest.mark.parametrize("retention", [0, -1, timedelta(0), float("nan"), float("inf")])
def test_a_retention_that_keeps_nothing_or_has_no_end_is_refused(retention: Any) -> None:
    with pytest.raises(DefinitionError):
        create_workflow(id="w", retention=retention)
    with pytest.raises(DefinitionError):
        Engine(retention=retention)


def test_a_retention_is_kept_by_a_clone_and_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    workflow = flow("w", retention=timedelta(hours=1))
    assert clone_workflow(workflow, id="copy").retention == 3_600
    assert caplog.records == []
