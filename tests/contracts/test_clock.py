"""The time that all machines share."""

from __future__ import annotations

import asyncio
import time

import pytest
from django.db import connections

from workflows_app.adapters import clock as clocks
from workflows_app.adapters.clock import DatabaseClock
from workflows_app.adapters.journal import OrmJournal
from workflows_app.engine.events import SECOND

HOUR = 3600 * SECOND


def there(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return int(float(cursor.fetchone()[0]) * SECOND)


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_a_machine_whose_clock_is_wrong_takes_over_that_of_the_database(postgresql_tables: str, wrong: int) -> None:
    journal = OrmJournal(postgresql_tables)
    journal.clock._offset += wrong
    asyncio.run(journal.heartbeat("me", 0))
    assert abs(journal.clock.now() - there(postgresql_tables)) < SECOND
    journal.close()


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_not_even_the_first_instant_is_of_a_wrong_clock(postgresql_tables: str, wrong: int) -> None:
    clock = DatabaseClock(postgresql_tables)
    clock._offset += wrong

    async def ask() -> int:
        return clock.now()

    assert abs(asyncio.run(ask()) - there(postgresql_tables)) < SECOND


def test_time_does_not_go_back(sqlite: str) -> None:
    clock = DatabaseClock(sqlite)
    before = clock.now()
    clock._offset -= HOUR
    assert clock.now() == before
    clock._offset += 2 * HOUR
    assert clock.now() >= before + HOUR


def test_a_machine_that_slept_wakes_to_the_time_of_day(sqlite: str) -> None:
    clock = DatabaseClock(sqlite)
    # As if the monotonic clock had missed an hour.
    clock._offset -= HOUR
    clock.measure(connections[sqlite])
    assert abs(time.time_ns() // 1000 - clock.now()) < SECOND


def test_a_machine_whose_clock_is_set_back_goes_on(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = DatabaseClock(sqlite)
    before = clock.now()
    now = clocks.own_offset()
    monkeypatch.setattr(clocks, "own_offset", lambda: now - HOUR)
    clock.measure(connections[sqlite])
    assert before < clock.now() < before + 60 * SECOND
