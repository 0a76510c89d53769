"""W1: one run after another, ten steps each: what a step costs when nothing can be shared."""

from __future__ import annotations

import statistics
import time

from .bench import Bench, Case, Figures, check

STEPS = 10
RUNS = 50


def measure(bench: Bench) -> Figures:
    ms = bench.call(median_of_runs(bench))
    return {"ms_run": ms, "ms_step": ms / STEPS}


async def median_of_runs(bench: Bench) -> float:
    """Give the milliseconds of a run, from its creation to its result."""
    workflow = bench.workflow(f"chain-{STEPS}")
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        run = await workflow.create_run()
        result = await run.start(input_data={"n": 0})
        took.append((time.perf_counter() - began) * 1000)
        check(result.result, {"n": STEPS})
    return statistics.median(took)


CASES = [Case(measure)]
