"""Stopping user code: the signal that its run was canceled, and the cancellation of what does not look at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

T = TypeVar("T")
CLEAN_UP_SECONDS = 1.0


class AbortSignal:
    """Tells a step that its run was canceled or its time is over: look at `aborted`, or wait for it."""

    def __init__(self) -> None:
        self.aborted = False
        self._waiters: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Return when the run is canceled."""
        await self.waiter()

    def waiter(self) -> asyncio.Future[None]:
        """Give a future that is done once the signal is up."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.aborted:
            self._waiters.append(waiter)
        # Looked at again, since the signal may have come from another thread in between.
        if self.aborted:
            _wake(waiter)
        return waiter

    def abort(self) -> None:
        """Put the signal up. It may come from any thread."""
        self.aborted = True
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            # A step in a thread may have waited on a loop of its own that is closed by now.
            with suppress(RuntimeError):
                waiter.get_loop().call_soon_threadsafe(_wake, waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


@asynccontextmanager
async def stopping(signal: AbortSignal) -> AsyncIterator[None]:
    """Cancel what is inside once the signal is up."""
    task = cast("asyncio.Task[Any]", asyncio.current_task())

    def stop(waiter: asyncio.Future[None]) -> None:
        # A second cancellation would disturb what is already cleaning up after the first.
        if not task.cancelling():
            task.cancel()

    waiter = signal.waiter()
    waiter.add_done_callback(stop)
    try:
        yield
    finally:
        waiter.remove_done_callback(stop)


async def within(limit: float, signal: AbortSignal, work: Coroutine[Any, Any, T]) -> asyncio.Task[T] | None:
    """Give the task of some work once it has ended; None when it takes longer than the limit.

    Then the signal is up and the task cancelled. One that goes on all the same is left to itself.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=limit)
        return task if task.done() else None
    finally:
        if not task.done():
            signal.abort()
            task.cancel()
            task.add_done_callback(ignore)
            # What cleans up has the moment to do so.
            await asyncio.wait({task}, timeout=CLEAN_UP_SECONDS)


def ignore(task: asyncio.Task[Any]) -> None:
    """Take notice of how a task ended that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
