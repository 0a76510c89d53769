"""The supervisor: keeps the worker's heartbeat, fires due timers and brings lost calls back.

The heart beats in a thread of its own, so that a step which blocks the engine's loop does not cost the
worker its lease. Everything else are chores on the loop, of which `tick` is the one that runs depend on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Awaitable, Callable

from workflows_app.engine import Engine

logger = logging.getLogger("workflows")
PULSE_SECONDS = 1.0


async def tick(engine: Engine) -> None:
    """Look once for what time or a crash has brought about."""
    await engine.fire_due_timers()
    await engine.recover()


async def repeat(
    chore: Callable[[], Awaitable[object]], seconds: float, rest: float = 0.0, bell: asyncio.Event | None = None
) -> None:
    """Do something over and over, `seconds` apart or when the bell rings, until cancelled.

    It rests at least `rest` times as long as it took. A time that fails is logged, and the next one tries again.
    """
    while True:
        began = time.monotonic()
        try:
            await chore()
        except Exception:
            logger.exception("a tick of the supervisor failed")
        least = rest * (time.monotonic() - began)
        if bell is None:
            await asyncio.sleep(max(seconds, least))
            continue
        await asyncio.sleep(least)
        # Not wait_for: before Python 3.12 it forgets a cancellation that comes with the bell.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await bell.wait()
        bell.clear()


async def review(engine: Engine) -> None:
    """Look once at the open runs whose workflow's graph has changed since they started."""
    try:
        await engine.review()
    except Exception:
        logger.exception("the open runs could not be compared with the workflows' graphs")


class Pulse:
    """Feels whether the engine's loop turns, and how late it comes to what is due."""

    def __init__(self) -> None:
        self.lag = 0.0
        self._felt = time.monotonic()

    async def feel(self) -> None:
        """Come back every second, until cancelled."""
        while True:
            asked = time.monotonic()
            await asyncio.sleep(PULSE_SECONDS)
            self._felt = time.monotonic()
            self.lag = max(0.0, self._felt - asked - PULSE_SECONDS)

    @property
    def silence(self) -> float:
        """Seconds since the loop last came by."""
        return time.monotonic() - self._felt


class Heart(threading.Thread):
    """Beats in its own thread until stopped."""

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        super().__init__(name="workflows-heart", daemon=True)
        self._beat, self._seconds = beat, seconds
        self._beaten = time.monotonic()
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._beat()
                self._beaten = time.monotonic()
            except Exception:
                logger.exception("the worker's heartbeat could not be written")

    @property
    def silence(self) -> float:
        """Seconds since the last beat that was written."""
        return time.monotonic() - self._beaten

    def stop(self) -> None:
        self._stopped.set()
        self.join()
