"""W6: suspended runs, answered one after another in a process that has never seen them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from .bench import Bench, Case, Figures, check

RUNS = 200


def measure(bench: Bench) -> Figures:
    suspended, took = bench.call(suspend_all(bench))
    resumed = bench.in_fresh_process(resume_all, suspended)
    return {"ms_suspend": statistics.median(took) * 1000, "ms_resume": statistics.median(resumed) * 1000}


async def suspend_all(bench: Bench) -> tuple[list[str], list[float]]:
    """Give the ids of the runs, and how many seconds each took until it was suspended."""
    workflow = bench.workflow("question")
    ids, took = [], []
    for _ in range(RUNS):
        began = time.perf_counter()
        run = await workflow.create_run()
        result = await run.start(input_data={"n": 0})
        took.append(time.perf_counter() - began)
        check(result.status, "suspended")
        ids.append(run.id)
    return ids, took


def resume_all(bench: Bench, ids: Sequence[str]) -> list[float]:
    return bench.call(resume_each(bench, ids))


async def resume_each(bench: Bench, ids: Sequence[str]) -> list[float]:
    """Give how many seconds each took, from looking the run up to its result."""
    took = []
    for run_id in ids:
        began = time.perf_counter()
        run = await bench.engine.get_run(run_id)
        result = await run.resume(resume_data={"n": 7})
        took.append(time.perf_counter() - began)
        check(result.result, {"n": 7})
    return took


CASES = [Case(measure)]
