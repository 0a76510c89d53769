"""W3: one run that maps a thousand items, ten at a time."""

from __future__ import annotations

from .bench import Bench, Case, Figures, seconds_of

ITEMS = 1000


def measure(bench: Bench) -> Figures:
    given = [{"n": n} for n in range(ITEMS)]
    wanted = [{"n": n + 1} for n in range(ITEMS)]
    return {"s": seconds_of(bench, "fan-out", given, wanted)}


CASES = [Case(measure)]
