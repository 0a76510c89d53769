"""The alarm of a process: it rings for the earliest timer, and not once it was stopped."""

from __future__ import annotations

import asyncio

from tests.engine.short import go
from workflows_app.engine.alarm import Alarm
from workflows_app.engine.events import SECOND

FAR = 3600 * SECOND


def test_it_rings_for_the_earliest_whatever_was_set_before() -> None:
    async def scenario() -> None:
        rang = asyncio.Event()
        alarm = Alarm(lambda: 100, rang.set)
        alarm.set(FAR)
        alarm.set(2 * FAR)
        alarm.set(90)
        await rang.wait()
        alarm.stop()

    go(scenario())


def test_it_rings_no_more_once_it_was_stopped() -> None:
    async def scenario() -> None:
        rings: list[int] = []
        alarm = Alarm(lambda: 100, lambda: rings.append(1))
        alarm.set(90)
        alarm.stop()
        alarm.set(80)
        for _ in range(3):
            await asyncio.sleep(0)
        assert rings == []

    go(scenario())
