"""One life of a process of the colony: an engine with its supervisor, and the people who start and answer runs.

What touches Django is imported late, since the colony is set up first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

LEASE = 1.0
TICK = 0.04
LOOK = 0.02


@dataclass
class Order:
    """What the colony is to do. `log` is where bodies and acknowledgements are noted."""

    log: str
    errand: str
    options: dict[str, Any] = field(default_factory=dict)


class Life:
    """An engine with its supervisor, and the people who start and answer runs, until every run has ended."""

    def __init__(self, order: Order) -> None:
        from tests.faults.course import workflows
        from workflows_app import Engine
        from workflows_app.adapters.journal import OrmJournal
        from workflows_app.adapters.threads import StepThreads
        from workflows_app.supervisor import Heart

        self.order = order
        self.journal = OrmJournal()
        self.engine = Engine(
            workflows, journal=self.journal, clock=self.journal.clock, lease=LEASE, executor=StepThreads(8)
        )
        self.heart = Heart(lambda: self.journal.beat(self.engine.worker, self.engine.now()), LEASE / 3)

    @contextlib.asynccontextmanager
    async def lived(self) -> Any:
        from workflows_app.supervisor import repeat, tick

        await self.journal.heartbeat(self.engine.worker, self.engine.now())
        self.heart.start()
        supervisor = asyncio.create_task(repeat(partial(tick, self.engine), TICK))
        yield self
        supervisor.cancel()
        await self.engine.close()

    async def serve(self) -> None:
        """Perform until everything has ended."""
        async with self.lived():
            while not await self.bring_on():
                await asyncio.sleep(LOOK)

    async def bring_on(self) -> bool:
        """Start what is new and answer what is asked. Tells whether nothing is left to do."""
        from django.db import Error

        from workflows_app.engine.ports import OPEN, Query
        from workflows_app.errors import NotSuspended, ResumeAlreadyClaimed, RunAlreadyStarted

        try:
            heads = (await self.journal.list_runs(Query(status=OPEN))).heads
        except Error:
            return False
        for head in heads:
            with contextlib.suppress(NotSuspended, ResumeAlreadyClaimed, RunAlreadyStarted, Error):
                if head.status == "pending":
                    run = await self.engine.get_run(head.id)
                    await run.start_async(input_data={"n": int(head.tags[0])})
                    self.told("start", head.id)
                elif head.status == "suspended":
                    run = await self.engine.get_run(head.id)
                    await run.resume_async(step="ask", resume_data={"yes": True})
                    self.told("answer", head.id)
        return not heads

    def told(self, verb: str, run_id: str) -> None:
        """Note what was acknowledged."""
        with open(f"{self.order.log}.told", "a") as log:
            log.write(f"{verb} {run_id}\n")


def serve(order: Order, prepare: Callable[[Any], None] = lambda journal: None) -> None:
    life = Life(order)
    prepare(life.journal)
    asyncio.run(life.serve())


def create(order: Order, count: int) -> list[str]:
    """Store runs that nobody has started."""

    async def work() -> list[str]:
        life = Life(order)
        workflow = life.engine.get_workflow("course")
        runs = [await workflow.create_run(tags=[str(number)]) for number in range(count)]
        life.journal.close()
        return [run.id for run in runs]

    return asyncio.run(work())


def seen(order: Order, run_ids: list[str]) -> dict[str, Any]:
    """Look at runs as the tables have them: how they stand, what is recorded, what is wrong."""
    from tests.faults.course import STATE, answer
    from workflows_app.engine.history import History
    from workflows_app.invariants import check_run, decoded, read
    from workflows_app.models import Run

    found: dict[str, Any] = {"open": [], "given_up": [], "wrong": [], "done": [], "told": []}
    for run in Run.objects.filter(id__in=run_ids):
        events, _ = decoded(read(run.id, "default").rows)
        history = History(events)
        found["wrong"] += map(str, check_run(run.id))
        found["done"] += [f"{run.id}:{event.path}" for event in events if event.kind == "StepSucceeded"]
        kinds = {event.kind for event in events}
        found["told"] += [f"start {run.id}"] if "RunStarted" in kinds else []
        found["told"] += [f"answer {run.id}"] if "StepResumed" in kinds else []
        if not history.finished:
            found["open"].append(run.id)
        elif history.error and history.error["name"] == "CrashLimit":
            found["given_up"].append(run.id)
        elif history.status != "canceled" and ended(history) != (answer(int(run.tag_list[0])), STATE):
            found["wrong"].append(f"{run.id} ended {run.status} with {history.result} and {history.state}")
    return found


def ended(history: Any) -> tuple[Any, Any]:
    return history.result and history.result.data, history.state.data


def lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
