"""The alarm of a process: it rings when the earliest of the timers that the process knows of is due."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from .events import SECOND, Instant

LONGEST = 86_400.0
"""Seconds that the loop is asked to wait at the most; a later timer sets it anew."""


class Alarm:
    """One handle of the event loop, however many timers there are."""

    def __init__(self, now: Callable[[], Instant], ring: Callable[[], object]) -> None:
        self._now, self._ring = now, ring
        self._dues: list[Instant] = []
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = False

    def set(self, due: Instant) -> None:
        """Ring at this moment, too."""
        if self._stopped:
            return
        sooner = not self._dues or due < self._dues[0]
        heapq.heappush(self._dues, due)
        if self._handle is None or sooner:
            self._wind()

    def stop(self) -> None:
        """Ring no more."""
        self._stopped = True
        self._dues.clear()
        self._wind()

    def _wind(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._dues:
            delay = min(max(0.0, (self._dues[0] - self._now()) / SECOND), LONGEST)
            self._handle = asyncio.get_running_loop().call_later(delay, self._go_off)

    def _go_off(self) -> None:
        while self._dues and self._dues[0] <= self._now():
            heapq.heappop(self._dues)
        self._handle = None
        self._wind()
        self._ring()
