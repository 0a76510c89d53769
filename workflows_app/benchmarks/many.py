"""W2: many short runs side by side: how much a process can do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from workflows_app.engine import Workflow

from .bench import Bench, Case, Figures, check

RUNS = 500
STEPS = 5
AT_ONCE = 50


def measure(bench: Bench) -> Figures:
    workflow = bench.workflow(f"chain-{STEPS}")
    began = time.perf_counter()
    bench.call(perform_all(workflow))
    seconds = time.perf_counter() - began
    return {"runs_s": RUNS / seconds, "steps_s": RUNS * STEPS / seconds}


async def perform_all(workflow: Workflow) -> None:
    numbers = iter(range(RUNS))
    await asyncio.gather(*(perform(workflow, numbers) for _ in range(AT_ONCE)))


async def perform(workflow: Workflow, numbers: Iterator[int]) -> None:
    """Perform runs, one after another, until all are done."""
    for number in numbers:
        run = await workflow.create_run()
        result = await run.start(input_data={"n": number})
        check(result.result, {"n": number + STEPS})


CASES = [Case(measure)]
