"""Workflows whose steps write down every time that they run, so that a test can count it.

`STUDIO_TEST_LOG` names the file; a line is written before the body does anything else.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable

from pydantic import BaseModel

from workflows_app import Step, StepContext, create_step, create_workflow

ITEMS = 20
AT_ONCE = 4
STEP_SECONDS = 0.15
ITEM_SECONDS = 0.05
SLEEP_SECONDS = 2.0
DOZE_SECONDS = 12.0
BLOCK_SECONDS = 4.0
TALK = 2_000


class Job(BaseModel):
    n: int = 1


class Answer(BaseModel):
    yes: bool = True


def note(ctx: StepContext, remark: str = "") -> None:
    """Append the step, the same text in every try, in one write."""
    line = f"{ctx.idempotency_key} {remark}".strip() + "\n"
    log = os.open(os.environ["STUDIO_TEST_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, line.encode())
    os.close(log)


def working(name: str, seconds: float = STEP_SECONDS) -> Step:
    """Make a step that waits on the loop."""

    async def work(ctx: StepContext) -> int:
        note(ctx)
        await asyncio.sleep(seconds)
        return 1

    return create_step(id=name, execute=work)


async def until_released(ctx: StepContext) -> int:
    """Wait until the test lets go of it: a time would be too short on a machine that has much to do."""
    note(ctx)
    while not os.path.exists(f"{os.environ['STUDIO_TEST_LOG']}.released"):
        await asyncio.sleep(ITEM_SECONDS)
    return 1


def toiling(name: str) -> Step:
    """Make a step that waits in a thread."""

    def work(ctx: StepContext) -> int:
        note(ctx)
        time.sleep(STEP_SECONDS)
        return 1

    return create_step(id=name, execute=work)


def lone(name: str, execute: Callable[..., object]) -> Step:
    return create_step(id=name, execute=execute)


async def ask(ctx: StepContext) -> object:
    note(ctx)
    return ctx.suspend({"question": "Go on?"}) if ctx.resume_data is None else {"yes": ctx.resume_data.yes}


def poison(ctx: StepContext) -> None:
    note(ctx)
    os.kill(os.getpid(), signal.SIGKILL)


async def listen(ctx: StepContext) -> str:
    """Wait until the run is canceled, which somebody else must see to."""
    note(ctx)
    await asyncio.wait_for(ctx.abort_signal.wait(), 60)
    note(ctx, "aborted")
    return "aborted"


async def block(ctx: StepContext) -> int:
    """Hold up the engine's loop, which no step should do."""
    note(ctx)
    time.sleep(BLOCK_SECONDS)
    return 1


async def say(ctx: StepContext) -> int:
    """Stand for one of many items that pages show."""
    return int(ctx.input_data)


async def count_runs(ctx: StepContext) -> int:
    """Ask the database as an async step may."""
    from workflows_app.models import Run

    return await Run.objects.acount()


def leave(ctx: StepContext) -> None:
    """Do what a script may do, and a step should not."""
    note(ctx)
    sys.exit("the step has had enough")


steps = [working(f"step-{index}") if index % 2 else toiling(f"step-{index}") for index in range(8)]
long = create_workflow(id="long", input_schema=Job)
for step in steps:
    long = long.then(step)
long = (
    long.map(lambda ctx: list(range(ITEMS)), id="items")
    .foreach(working("item", ITEM_SECONDS), concurrency=AT_ONCE)
    .sleep(SLEEP_SECONDS, id="pause")
    .then(working("last"))
    .commit()
)
question = (
    create_workflow(id="question", input_schema=Job)
    .then(working("before"))
    .then(create_step(id="ask", resume_schema=Answer, execute=ask))
    .then(working("after"))
    .commit()
)
nap = create_workflow(id="nap", input_schema=Job).sleep(SLEEP_SECONDS, id="pause").then(working("after")).commit()
short = create_workflow(id="short", input_schema=Job).then(working("one", 0.02)).then(working("two", 0.02)).commit()
slow = create_workflow(id="slow", input_schema=Job).then(create_step(id="slow", execute=until_released)).commit()
# Sleeps while others crash: a step that was under way each time would count those crashes as its own.
doze = create_workflow(id="doze", input_schema=Job).sleep(DOZE_SECONDS).then(working("after")).commit()
# The pause lets the start be acknowledged before the process dies.
poisoned = create_workflow(id="poisoned", input_schema=Job).sleep(0.5).then(lone("poison", poison)).commit()
listening = create_workflow(id="listening", input_schema=Job).then(lone("listen", listen)).commit()
blocking = create_workflow(id="blocking", input_schema=Job).then(lone("block", block)).commit()
leaving = create_workflow(id="leaving", input_schema=Job).sleep(0.5).then(lone("leave", leave)).commit()
counting = create_workflow(id="counting", input_schema=Job).then(lone("count", count_runs)).commit()
talk = (
    create_workflow(id="talk", input_schema=Job)
    .map(lambda ctx: list(range(TALK)), id="words")
    .foreach(lone("say", say), concurrency=AT_ONCE)
    .commit()
)

workflows = [long, question, nap, doze, short, slow, poisoned, leaving, listening, blocking, counting, talk]
