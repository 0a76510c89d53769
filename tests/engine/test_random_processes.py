"""Random programs on real engines: processes are killed at any moment, and others go on over one journal."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.answers import evaluate
from tests.engine.simulator import ending, programs, quiet_log, randomly
from tests.engine.trees import Flow, build, plans
from workflows_app import Engine, MemoryJournal, Run
from workflows_app.engine import events as e
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import Suspension
from workflows_app.engine.paths import public
from workflows_app.errors import NotSuspended

assert quiet_log
LIVES = 4


async def bring_to_its_end(engine: Engine, journal: MemoryJournal, run: Run, value: int) -> None:
    """Do what people and supervisors do: start or restart the run, answer what it asks."""
    head = await engine.head(run.id)
    if head.status == "pending":
        await run.start_async(input_data=value)
    elif head.status != "suspended":
        await run.restart_async()
    while (await engine.head(run.id)).finished_at is None:
        if (await engine.head(run.id)).status == "suspended":
            await answer(engine, journal, run)
        await asyncio.sleep(0.001)


async def answer(engine: Engine, journal: MemoryJournal, run: Run) -> None:
    for wait in list(journal.rows[run.id].waits.values()):
        if isinstance(wait, Suspension) and wait.event is not None:
            await engine.send_event(wait.event, wait.event)
        elif isinstance(wait, Suspension):
            # A failing sibling may have ended the block meanwhile.
            with contextlib.suppress(NotSuspended):
                await run.resume_async(step=public(wait.path), resume_data="yes")


async def live_and_die(plan: Flow, value: int, random: Random) -> History:
    journal = MemoryJournal()
    for life in range(LIVES):
        engine = Engine([build(plan)], journal=journal)
        run = await engine.get_workflow("wf").create_run(run_id="r")
        work = asyncio.create_task(bring_to_its_end(engine, journal, run, value))
        if life == LIVES - 1:
            await asyncio.wait_for(work, 20)
            await engine.close()
        for _ in range(random.randrange(40)):
            await asyncio.sleep(0)
        engine.kill()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    stored = await journal.read("r")
    assert stored is not None
    succeeded = Counter(event.path for event in stored.events if isinstance(event, e.StepSucceeded))
    assert all(times == 1 for times in succeeded.values())
    return History(stored.events)


@programs(40)
@given(plan=plans(depth=1), value=st.integers(0, 9), seed=st.integers(0, 2**32))
def test_killed_processes_change_nothing(plan: Flow, value: int, seed: int) -> None:
    # An address names a question of the latest try; whoever retries a whole workflow may have asked before.
    plan = replace(plan, attempts=0)
    answer = evaluate(plan, value)
    history = asyncio.run(live_and_die(plan, value, randomly(seed)))
    expected = {("failed" if one.how == "failed" else "done", one.what) for one in answer.outcomes}
    assert ending(history) in expected
    assert not answer.trace.sure or set(history.state.data) == set(answer.trace.state)
