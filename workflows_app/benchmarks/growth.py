"""W5: runs that get long, in steps that pass a large value on and in passes of a loop.

Both figures, the seconds and the growth of the store, must grow as the run does and no faster.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from functools import partial

from .bench import Bench, Case, Figures, seconds_of
from .flows import PASSES, RELAYS

TEXT = "".join(random.Random(5).choices(string.ascii_letters, k=100_000))  # noqa: S311


def relay(steps: int, bench: Bench) -> Figures:
    given, wanted = {"n": 0, "text": TEXT}, {"n": steps, "text": TEXT}
    return growth(bench, lambda: seconds_of(bench, f"relay-{steps}", given, wanted))


def loop(passes: int, bench: Bench) -> Figures:
    return growth(bench, lambda: seconds_of(bench, f"loop-{passes}", {"n": 0}, {"n": passes}))


def growth(bench: Bench, work: Callable[[], float]) -> Figures:
    before = bench.store_bytes()
    seconds = work()
    return {"s": seconds, "store_bytes": bench.store_bytes() - before}


CASES = [
    *(Case(partial(relay, steps), {"steps": steps}) for steps in RELAYS),
    *(Case(partial(loop, passes), {"iters": passes}) for passes in PASSES),
]
