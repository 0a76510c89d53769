"""The clock of the database: one time for all machines, whatever their own clocks say.

Asking the database for every instant would cost a round trip, so the difference to this machine's monotonic
clock is measured before the first instant is told, and again with every heartbeat. SQLite's clock is the
machine's own.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from workflows_app.engine.events import Instant

NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


class DatabaseClock:
    """Tells the database's time, and stands still rather than go back."""

    def __init__(self, alias: str = DEFAULT_DB_ALIAS) -> None:
        self._alias = alias
        self._offset = own_offset()
        self._latest: Instant = 0
        self._is_known = connections[alias].vendor != "postgresql"

    def now(self) -> Instant:
        if not self._is_known:
            self._ask_first()
        now = monotonic() + self._offset
        if now > self._latest:
            self._latest = now
        return self._latest

    def _ask_first(self) -> None:
        """Ask once, even if the caller waits for it: what a wrong clock had told could not be taken back."""

        def ask() -> None:
            with closing(connections.create_connection(self._alias)) as connection:
                self.measure(connection)

        # Django refuses to connect in a thread whose event loop runs.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(ask).result()

    def measure(self, connection: BaseDatabaseWrapper) -> None:
        """Take over the time of a database that may be on another machine."""
        if connection.vendor != "postgresql":
            # The monotonic clock stands still while a machine sleeps; timers are due by the time of day. A clock
            # that was set back is not followed, or nothing would happen until it is where it was.
            self._offset = max(self._offset, own_offset())
            return
        with connection.cursor() as cursor:
            asked = monotonic()
            cursor.execute(NOW)
            there = int(cursor.fetchone()[0])
            # The answer was given about half way between question and arrival.
            self._offset = there - (asked + monotonic()) // 2
        self._is_known = True


def own_offset() -> Instant:
    return time.time_ns() // 1000 - monotonic()


def monotonic() -> Instant:
    return time.monotonic_ns() // 1000
