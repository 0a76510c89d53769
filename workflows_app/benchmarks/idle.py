"""W8: what a process holds for runs that wait, half of them for a person and half for a date."""

from __future__ import annotations

import gc
import os
from functools import partial
from pathlib import Path

from .bench import Bench, Case, Figures, check

RUNS = (1_000, 10_000)
WARM_UP = 500


def measure(runs: int, bench: Bench) -> Figures:
    before, after = bench.in_fresh_process(memory, runs)
    return {"rss_mb": after / 1024, "kb_per_run": (after - before) / runs}


def memory(bench: Bench, runs: int) -> tuple[float, float]:
    """Give the kilobytes of this process before and after so many runs were left waiting."""
    bench.call(leave_waiting(bench, WARM_UP))
    before = resident_kb()
    bench.call(leave_waiting(bench, runs))
    return before, resident_kb()


async def leave_waiting(bench: Bench, runs: int) -> None:
    question, month = bench.workflow("question"), bench.workflow("month")
    for index in range(runs):
        if index % 2:
            result = await (await question.create_run()).start(input_data={"n": 0})
            check(result.status, "suspended")
        else:
            await (await month.create_run()).start_async(input_data={"n": 0})


def resident_kb() -> float:
    """Read what the system counts as this process's memory. Linux only."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


CASES = [Case(partial(measure, runs), {"runs": runs}) for runs in RUNS]
