"""Django's connections in steps: of plain ones, which run in threads of ours, and of async ones."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections
from django.db.backends.signals import connection_created

from workflows_app.engine.current import CURRENT

P = ParamSpec("P")
T = TypeVar("T")
SIZE = 32
NAME = "step"


class StepThreads(ThreadPoolExecutor):
    """Runs steps; a step that uses the ORM finds a usable connection and leaves no stale one behind."""

    def __init__(self, size: int = SIZE) -> None:
        super().__init__(size, thread_name_prefix=NAME)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(with_connections, fn, *args, **kwargs)


class AsyncConnections:
    """Closes what async steps open: they share a thread of asgiref's, which no request ever tidies up.

    Only who has opened something pays for it, since going to that thread costs more than most turns.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._tasks: set[asyncio.Task[None]] = set()
        connection_created.connect(self._note)

    def _note(self, **_: Any) -> None:
        """Hear of a new connection, in the thread that has it: an async step's knows the step, and is not ours."""
        if CURRENT.get() is not None and not threading.current_thread().name.startswith(NAME):
            self._is_open = True

    def hear(self, *_: object) -> None:
        """Tidy up once a turn has recorded what came of a step."""
        if self._is_open:
            self._is_open = False
            task = asyncio.get_running_loop().create_task(self._tidy(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tidy(self) -> None:
        self._is_open |= await sync_to_async(left_open)()


def left_open() -> bool:
    """Close the connections of this thread that are old or broken. Tells whether one is left."""
    close_old_connections()
    return any(one.connection is not None for one in connections.all(initialized_only=True))


def with_connections(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()
