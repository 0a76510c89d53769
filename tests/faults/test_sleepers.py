"""Runs that sleep for a month: they hold nothing, and wake once, not early, in one process of several."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from typing import Any

import pytest

from tests.contracts.conftest import Store, sqlite, sqlite_template
from workflows_app import Engine, create_step, create_workflow
from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import SECOND
from workflows_app.engine.history import History
from workflows_app.invariants import check_run
from workflows_app.models import Event, Run

__all__ = ["sqlite", "sqlite_template"]
MONTH = 30 * 24 * 3600
AT_ONCE = 200


class Clock:
    """Tells the time it is told."""

    def __init__(self) -> None:
        self.time = 1_800_000_000 * SECOND

    def now(self) -> int:
        return self.time


def remembered() -> list[object]:
    """List what this process knows of runs."""
    gc.collect()
    # `isinstance` would ask lazy objects what they stand for, and some cannot say any more.
    return [held for held in gc.get_objects() if issubclass(type(held), ActiveRun | History)]


def test_sleeping_runs_hold_nothing_and_wake_once(sqlite: str, request: pytest.FixtureRequest, is_long: bool) -> None:
    store, clock = Store(sqlite, "normal"), Clock()
    request.addfinalizer(store.close)
    runs = 10_000 if is_long else 200
    woken: Counter[str] = Counter()
    # What other tests of this process have left.
    before = {id(held) for held in remembered()}

    async def wake(ctx: Any) -> None:
        woken[ctx.run_id] += 1

    def process() -> Engine:
        flow = create_workflow(id="wf").sleep(MONTH).then(create_step(id="wake", execute=wake)).commit()
        return Engine([flow], journal=store.open(), clock=clock)

    async def start(engine: Engine) -> None:
        run = await engine.get_workflow("wf").create_run()
        await run.start_async(input_data=None)

    async def scenario() -> None:
        engines = [process(), process()]
        for _ in range(0, runs, AT_ONCE):
            await asyncio.gather(*(start(engines[0]) for _ in range(AT_ONCE)))
        assert engines[0].turns.active == {}
        assert [held for held in remembered() if id(held) not in before] == []
        assert len(asyncio.all_tasks()) < 10
        clock.time += MONTH * SECOND - 1
        assert [await engine.fire_due_timers() for engine in engines] == [0, 0]
        clock.time += 1
        await asyncio.gather(*(engine.fire_due_timers() for engine in engines))
        while woken.total() < runs or any(engine.turns.active for engine in engines):
            await asyncio.sleep(0.02)
        for engine in engines:
            await engine.close()

    asyncio.run(scenario())
    assert len(woken) == woken.total() == runs
    fired = Event.objects.using(store.alias).filter(kind="TimerFired").values_list("run_id", flat=True)
    assert len(set(fired)) == len(fired) == runs
    assert not Run.objects.using(store.alias).exclude(status="success").exists()
    some = Run.objects.using(store.alias).values_list("id", flat=True)[:50]
    assert [str(violation) for run_id in some for violation in check_run(run_id, store.alias)] == []
