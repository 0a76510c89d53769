"""Streams: a run's public events as they are recorded, replayed from any number and then live."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import closing, suppress
from typing import Any

from .active import ActiveRun
from .current import about, log_error
from .errors import EngineStopped, RunError, RunNotFound
from .events import Event
from .ports import TERMINAL, RunHead, Stored
from .snapshot import Result, result_of
from .streams import Projector, PublicEvent
from .usage import NO_USAGE

logger = logging.getLogger("workflows")
POLL_SECONDS = 0.5
END = (*TERMINAL, "paused")
Launch = Callable[[], Awaitable[tuple[RunHead, int]]]
"""Acts, and gives the run that goes on with how many public events it had before."""


class Feed:
    """A run's events from the journal, in order and without gap, then as they are committed."""

    def __init__(self, engine: Any, head: RunHead) -> None:
        self.engine, self.head = engine, head
        self.seq = 0
        self._arrived: asyncio.Queue[tuple[int, Sequence[Event]]] = asyncio.Queue()
        self.heard_from: int | None = None
        self.begun = asyncio.Event()
        engine.turns.watchers.setdefault(head.id, []).append(self._watch)

    def _watch(self, active: ActiveRun, happened: Sequence[Event], start: int) -> None:
        if self.heard_from is None:
            self.heard_from = start
        self._arrived.put_nowait((start, happened))

    def close(self) -> None:
        watching = self.engine.turns.watchers.get(self.head.id, [])
        if self._watch in watching:
            watching.remove(self._watch)
        if not watching:
            self.engine.turns.watchers.pop(self.head.id, None)

    async def next(self) -> Sequence[Event]:
        """Give the next events. The safety poll finds what another process wrote. Raises: RunNotFound"""
        while True:
            try:
                # Not wait_for: before Python 3.12 it forgets a cancellation that comes with an event.
                async with asyncio.timeout(POLL_SECONDS):
                    start, events = await self._arrived.get()
            except TimeoutError:
                start, events = self.seq, ()
            if not events or start > self.seq:
                events = await self.read()
            else:
                events = events[self.seq - start :] if self.seq - start < len(events) else ()
                self.seq += len(events)
            if events:
                return events

    async def read(self) -> Sequence[Event]:
        """Read what the journal has beyond this feed's place. Raises: RunNotFound"""
        stored: Stored | None = await self.engine.journal.read(self.head.id, after=self.seq)
        if stored is None:
            raise RunNotFound(f"Run {self.head.id!r} was deleted.")
        self.seq += len(stored.events)
        return stored.events


async def relay(feed: Feed, callback: Callable[[PublicEvent], Any], since: int | None) -> None:
    """Tell a callback of every event after a number, until the run is deleted."""
    projector = Projector(feed.head.id, feed.head.workflow_id)
    with suppress(RunNotFound):
        try:
            events = await feed.read()
        finally:
            feed.begun.set()
        if since is None:
            since = feed.seq if feed.heard_from is None else feed.heard_from
        while True:
            for event in events:
                silent = projector.history.seq < since
                for public_event in projector.project(event):
                    if not silent:
                        await tell(feed.head, callback, public_event)
            events = await feed.next()


async def tell(head: RunHead, callback: Callable[[PublicEvent], Any], event: PublicEvent) -> None:
    try:
        answer = callback(event)
        if inspect.isawaitable(answer):
            await answer
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        log_error(logger, error, "a watcher of the run %s raised", head.id, extra=about(head))


class Stream:
    """The public events of a run, for any number of readers, each from the first event on.

    Iterate it for the events; await `result` for how the run stands when the stream ends.
    """

    def __init__(
        self, engine: Any, workflow: Any, head: RunHead, *, launch: Launch | None = None, offset: int = 0,
        close_on_suspend: bool = True, include_state: bool = False, endless: bool = False,
    ) -> None:  # fmt: skip
        self.engine, self.workflow, self.head = engine, workflow, head
        self.status = "pending"
        self.usage = dict(NO_USAGE)
        self._launch, self._offset = launch, offset
        self._close_on_suspend, self._include_state, self._endless = close_on_suspend, include_state, endless
        self._events: deque[PublicEvent] = deque()
        self._forgotten = 0
        self._ended = False
        self._error: BaseException | None = None
        self._result: Result | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._begun = self._closed = False
        self._pump_task: asyncio.Task[Any] | None = None

    @property
    def run_id(self) -> str:
        return self.head.id

    @property
    def workflow_id(self) -> str:
        return self.head.workflow_id

    @property
    def offset(self) -> int:
        """Give the number of the last public event before the first of this stream; known once it has opened."""
        return self._offset

    @property
    def was_refused(self) -> bool:
        """Whether the run did not start, so that it may be started by another stream."""
        return self._error is not None and self._launch is not None

    @property
    def full_stream(self) -> AsyncIterator[PublicEvent]:
        return self.__aiter__()

    @property
    def result(self) -> StreamResult:
        """Await it for the result. Raises: what starting the run raised."""
        return StreamResult(self)

    def begin(self) -> None:
        """Start to follow the run; done by the first reader too."""
        if not self._begun:
            self._begun = True
            self.engine.start_task(self._pump)

    async def opened(self) -> None:
        """Wait for the first event. Raises: what starting the run raised."""
        self.begin()
        await self.engine.at_home(self._has(0))

    def close(self) -> None:
        """Stop following; the run itself goes on."""
        self._closed = True
        if self._pump_task is not None:
            self._pump_task.get_loop().call_soon_threadsafe(self._pump_task.cancel)

    async def __aiter__(self) -> AsyncIterator[PublicEvent]:
        self.begin()
        index = self._forgotten
        while True:
            event = await self.engine.at_home(self._at(index))
            if event is None:
                return
            yield event
            index += 1

    async def once(self) -> AsyncIterator[PublicEvent]:
        """Give the events to the one who reads them, and keep none: a long run has very many."""
        self.begin()
        while (event := await self.engine.at_home(self._taken())) is not None:
            yield event

    async def _taken(self) -> PublicEvent | None:
        event = await self._at(self._forgotten)
        if event is not None:
            self._events.popleft()
            self._forgotten += 1
        return event

    @property
    def _shown(self) -> int:
        return self._forgotten + len(self._events)

    async def _at(self, index: int) -> PublicEvent | None:
        return self._events[index - self._forgotten] if await self._has(index) else None

    async def _has(self, index: int) -> bool:
        """Wait for an event, which somebody may have taken meanwhile; tell whether it came before the end."""
        while index >= self._shown:
            if self._error is not None:
                raise self._error
            if self._ended:
                return False
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        return True

    async def finish(self) -> Result:
        """Wait for the stream's end."""
        while not self._ended:
            await self._has(self._shown)
        if self._error is not None:
            raise self._error
        if self._result is None and self.engine.closed:
            raise EngineStopped
        if self._result is None:
            raise RunError("The stream was closed before the run came to rest. Observe the run to follow it again.")
        return self._result

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def _pump(self) -> None:
        self._pump_task = asyncio.current_task()
        try:
            if self._launch is not None:
                self.head, self._offset = await self._launch()
                self._launch = None
            with closing(Feed(self.engine, self.head)) as feed:
                await self._follow(feed)
        except Exception as error:
            self._error = error
        finally:
            self._ended = True
            self._wake()

    async def _follow(self, feed: Feed) -> None:
        projector = Projector(self.head.id, self.head.workflow_id)
        events = await feed.read()
        while not self._closed:
            last = self._show(projector, events)
            history = projector.history
            self.status, self.usage = history.status, projector.usage
            if last is not None and last["type"] == "workflow-finish" and self._ends(history.status):
                self._result = result_of(self.head.id, history, self.workflow.places, include_state=self._include_state)
                return
            events = await feed.next()

    def _show(self, projector: Projector, events: Sequence[Event]) -> PublicEvent | None:
        last = None
        for event in events:
            for public_event in projector.project(event):
                last = public_event
                if public_event["seq"] > self._offset:
                    self._events.append(public_event)
        self._wake()
        return last

    def _ends(self, status: str) -> bool:
        if self._endless:
            return False
        return status in END or (status == "suspended" and self._close_on_suspend)


class StreamResult:
    """The awaitable behind `stream.result`."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __await__(self) -> Generator[Any, None, Result]:
        self._stream.begin()
        return (yield from self._wait().__await__())

    async def _wait(self) -> Result:
        result: Result = await self._stream.engine.at_home(self._stream.finish())
        return result
