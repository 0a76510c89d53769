"""Threads that own their database connections, for what must not block the engine's event loop.

Django keeps connections per thread and never closes those of threads it does not know, so this pool does.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")
SIZE = 4


class Pool:
    """Runs functions of one database in threads. They must bear to be run twice."""

    def __init__(self, alias: str, size: int = SIZE) -> None:
        self.alias = alias
        self._executor = ThreadPoolExecutor(size, thread_name_prefix="journal-reader")
        self._local = threading.local()
        self._opened: list[BaseDatabaseWrapper] = []

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Call `work(connection, …)` in a thread; once more if the connection turns out to be broken."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._call, work, args)

    def run_here(self, work: Callable[..., T], *args: Any) -> T:
        """Call `work(connection, …)` in the calling thread."""
        return self._call(work, args)

    def _call(self, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        connection = self._connection()
        try:
            return work(connection, *args)
        except (OperationalError, InterfaceError):
            connection.close()
            return work(connection, *args)

    def _connection(self) -> BaseDatabaseWrapper:
        connection: BaseDatabaseWrapper | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connections.create_connection(self.alias)
            connection.inc_thread_sharing()
            # So that the ORM uses it in this thread, and `close` can close it from another.
            connections[self.alias] = connection
            self._opened.append(connection)
        return connection

    def close(self) -> None:
        """Finish what is under way and close every connection."""
        self._executor.shutdown()
        # Django refuses to close in a thread whose event loop runs.
        with ThreadPoolExecutor(1) as thread:
            for connection in self._opened:
                thread.submit(connection.close).result()
        self._opened.clear()
