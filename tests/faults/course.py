"""A workflow with every construct, whose exact end is known whatever befalls it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from pydantic import BaseModel

from workflows_app import Step, StepContext, create_step, create_workflow

from .flows import note

ITEMS = 6
PASSES = 3
WORK_SECONDS = 0.004
NAP_SECONDS = 0.05


class Number(BaseModel):
    n: int


class Yes(BaseModel):
    yes: bool


def adds(name: str, amount: int, **options: Any) -> Step:
    """Make a step that adds an amount on the loop."""

    async def work(ctx: StepContext) -> int:
        note(ctx)
        await asyncio.sleep(WORK_SECONDS)
        ctx.set_state({name: amount})
        return int(ctx.input_data) + amount

    return create_step(id=name, execute=work, **options)


def toil(ctx: StepContext) -> int:
    """Double an item in a thread."""
    note(ctx)
    time.sleep(WORK_SECONDS)
    return int(ctx.input_data) * 2


def stumble(ctx: StepContext) -> int:
    """Fail once."""
    note(ctx)
    if ctx.retry_count == 0:
        raise ValueError("the first time it fails")
    return int(ctx.input_data)


async def ask(ctx: StepContext) -> Any:
    note(ctx)
    return ctx.suspend({"go on?": ctx.input_data}) if ctx.resume_data is None else ctx.input_data


inner = create_workflow(id="inner").then(adds("first", 1)).then(adds("second", 1)).commit()
course = (
    create_workflow(id="course", input_schema=Number)
    .map(lambda ctx: ctx.input_data["n"], id="number")
    .then(adds("begin", 1))
    .parallel([adds("left", 10), adds("middle", 20), adds("right", 30)])
    .map(lambda ctx: sum(ctx.input_data.values()), id="sum")
    .map(lambda ctx: [ctx.input_data] * ITEMS, id="items")
    .foreach(create_step(id="item", execute=toil), concurrency=3)
    .map(lambda ctx: sum(ctx.input_data), id="total")
    .then(inner)
    .sleep(NAP_SECONDS, id="nap")
    .then(create_step(id="stumble", execute=stumble, retries=1))
    .then(create_step(id="ask", resume_schema=Yes, execute=ask))
    .branch([(lambda ctx: True, adds("taken", 5)), (lambda ctx: False, adds("never", 1000))])
    .map(lambda ctx: ctx.input_data["taken"], id="out")
    .dountil(adds("pass", 1), lambda ctx: ctx.iteration_count >= PASSES)
    .commit()
)
STATE = {"begin": 1, "left": 10, "middle": 20, "right": 30, "first": 1, "second": 1, "taken": 5, "pass": 1}


def answer(n: int) -> int:
    """Say what the course comes to."""
    return (3 * (n + 1) + 60) * 2 * ITEMS + 2 + 5 + PASSES


STEPS = 4 + ITEMS + 2 + 3 + PASSES
"""How many steps note that they run."""
BODIES = STEPS + 2
"""How often they do so in all: one is tried again, and one is answered."""

workflows = [course]
