"""W4: one run with fifty steps that sleep side by side: what is on top of the sleep."""

from __future__ import annotations

from .bench import Bench, Case, Figures, seconds_of
from .flows import NAP_SECONDS, SLEEPERS


def measure(bench: Bench) -> Figures:
    wanted = {f"nap-{index}": {"n": 1} for index in range(SLEEPERS)}
    ms = seconds_of(bench, "sleepers", {"n": 0}, wanted) * 1000
    return {"ms": ms, "over_ideal_ms": ms - NAP_SECONDS * 1000}


CASES = [Case(measure)]
