"""How user code is stopped: once, and with the signal up before it notices."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tests.engine.short import go
from workflows_app.engine.abort import AbortSignal, stopping, within


def test_a_signal_that_is_up_is_not_waited_for() -> None:
    async def scenario() -> None:
        signal = AbortSignal()
        signal.abort()
        await signal.wait()
        assert signal.aborted

    go(scenario())


def test_a_signal_from_another_thread_is_heard() -> None:
    async def scenario() -> None:
        signal = AbortSignal()
        waiting = asyncio.create_task(signal.wait())
        await asyncio.sleep(0)
        threading.Thread(target=signal.abort).start()
        await waiting

    go(scenario())


def test_a_signal_that_another_thread_gives_while_somebody_begins_to_wait_is_heard() -> None:
    class Waiters(list[Any]):
        """Lets the signal come at the very moment at which a waiter is noted."""

        def append(self, waiter: Any) -> None:
            signal.abort()
            super().append(waiter)

    async def scenario() -> None:
        signal._waiters = Waiters()
        await signal.wait()

    signal = AbortSignal()
    go(scenario())


def test_a_waiter_that_gave_up_is_left_alone() -> None:
    async def scenario() -> None:
        signal = AbortSignal()
        waiting = asyncio.create_task(signal.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        signal.abort()
        await asyncio.sleep(0)

    go(scenario())


async def hang(signal: AbortSignal, seen: list[str]) -> None:
    async with stopping(signal):
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(f"signal {'up' if signal.aborted else 'down'}")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seen.append("cleaned up")


@pytest.mark.parametrize("also_cancelled", [False, True])
def test_the_signal_cancels_what_is_inside_once(also_cancelled: bool) -> None:
    async def scenario() -> None:
        signal, seen = AbortSignal(), list[str]()
        task = asyncio.create_task(hang(signal, seen))
        await asyncio.sleep(0)
        signal.abort()
        if also_cancelled:
            task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        assert seen == ["signal up", "cleaned up"]

    go(scenario())


def test_the_signal_leaves_alone_what_has_ended() -> None:
    async def scenario() -> None:
        signal = AbortSignal()
        async with stopping(signal):
            pass
        signal.abort()
        await asyncio.sleep(0.01)

    go(scenario())


def test_the_signal_is_up_when_the_time_is_over() -> None:
    async def scenario() -> None:
        signal, seen = AbortSignal(), list[str]()
        assert await within(0.01, signal, hang(signal, seen)) is None
        assert seen == ["signal up", "cleaned up"]

    go(scenario())


def test_what_ends_in_time_leaves_the_signal_down() -> None:
    async def quick() -> str:
        return "done"

    async def scenario() -> None:
        signal = AbortSignal()
        ended = await within(5, signal, quick())
        assert ended is not None
        assert (ended.result(), signal.aborted) == ("done", False)

    go(scenario())


def test_a_cancellation_from_outside_reaches_what_is_inside() -> None:
    async def scenario() -> None:
        signal, seen = AbortSignal(), list[str]()
        task = asyncio.create_task(within(5, signal, hang(signal, seen)))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
        assert (task.cancelled(), seen) == (True, ["signal up", "cleaned up"])

    go(scenario())


def test_a_waiter_whose_loop_is_gone_is_left_alone() -> None:
    signal = AbortSignal()

    async def scenario() -> None:
        asyncio.run_coroutine_threadsafe(signal.wait(), asyncio.get_running_loop())
        await asyncio.sleep(0)

    asyncio.run(scenario())
    signal.abort()
    assert signal.aborted
