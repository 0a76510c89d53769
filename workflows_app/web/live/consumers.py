"""The live lane: a socket per open page, one reader per run and process.

A page names the seq it shows. The reader looks into the journal when the bell rings, and every
`POLL_SECONDS` in case it did not; each page gets what it lacks. Nothing but the journal is believed.

The engine of this process rings by itself, since the channel layer that stays inside one process does not
wake the event loop of another thread; the layer brings the bells of other processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from pydantic_core import from_json, to_json

from workflows_app import runtime
from workflows_app.conf import get_conf
from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import Event
from workflows_app.engine.loading import needed
from workflows_app.rights import may_on_run, reach_of
from workflows_app.web.live.frames import Picture
from workflows_app.web.metrics import SOCKETS
from workflows_app.web.people.signin import still_signed_in

BATCH_SECONDS = 0.05
HEARTBEAT_SECONDS = 15.0
CHECK_SECONDS = 60.0
GONE = 4404
FORBIDDEN = 4403
FAILED = 1011
logger = logging.getLogger("workflows")


class Reader:
    """Reads one run for every page of this process that shows it."""

    readers: ClassVar[dict[str, Reader]] = {}

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.picture = Picture()
        self.pages: set[RunConsumer] = set()
        self.loop = asyncio.get_running_loop()
        self.bell = asyncio.Event()
        self.reading: asyncio.Task[None] | None = None

    @classmethod
    def join(cls, run_id: str, consumer: RunConsumer) -> Reader:
        bells = runtime.get_engine().turns.bells
        if ring not in bells:
            bells.append(ring)
        reader = cls.readers.setdefault(run_id, cls(run_id))
        reader.pages.add(consumer)
        reader.bell.set()
        if reader.reading is None:
            reader.reading = reader.loop.create_task(reader.read_on())
        return reader

    def leave(self, consumer: RunConsumer) -> None:
        self.pages.discard(consumer)
        if not self.pages and self.reading is not None:
            self.reading.cancel()
            self.forget()

    def forget(self) -> None:
        """Make room for a new reader, unless there is one already."""
        if self.readers.get(self.run_id) is self:
            del self.readers[self.run_id]

    async def read_on(self) -> None:
        """Read; should that fail, let the pages go, which come again, rather than leave them without news."""
        try:
            await self.read()
        except Exception:
            logger.exception("the live lane of run %s is interrupted", self.run_id)
            self.forget()
            await asyncio.gather(*(page.close(code=FAILED) for page in list(self.pages)), return_exceptions=True)

    async def read(self) -> None:
        """Read whenever the bell rings, and now and then without, until nobody looks."""
        engine = runtime.get_engine()
        while True:
            self.bell.clear()
            stored = await engine.at_home(engine.journal.read(self.run_id, after=self.picture.seq, resolve=False))
            if stored is None:
                # Before the pages are let go: who comes meanwhile needs a reader of their own.
                self.forget()
                await asyncio.gather(*(page.close(code=GONE) for page in list(self.pages)))
                return
            await engine.at_home(engine.journal.resolve(self.run_id, needed(stored.events)))
            for event in stored.events:
                self.picture.apply(event)
            for page in list(self.pages):
                await page.catch_up(self.picture)
            await asyncio.sleep(BATCH_SECONDS)
            # Not wait_for: before Python 3.12 it forgets a cancellation that comes with the bell.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(get_conf().poll_seconds):
                    await self.bell.wait()


def ring(active: ActiveRun, happened: Sequence[Event], start: int) -> None:
    """Hear that the engine committed something; called in its thread."""
    reader = Reader.readers.get(active.head.id)
    if reader is not None and not reader.loop.is_closed():
        reader.loop.call_soon_threadsafe(reader.bell.set)


class Line(AsyncJsonWebsocketConsumer):
    """The socket of an open page. Commands come by HTTP; what a page sends is at most what it shows."""

    caring: asyncio.Task[None] | None = None
    cursor = 0

    def begin_care(self) -> None:
        SOCKETS.inc()
        self.caring = self.keep_on(self.care)

    def keep_on(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Begin what goes on while the line is open."""
        return asyncio.get_running_loop().create_task(self.hold(work))

    async def hold(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work; should it fail, let the page go, which comes again, rather than leave it without news."""
        try:
            await work()
        except Exception:
            logger.exception("the line of a page is interrupted")
            await self.close(code=FAILED)

    async def disconnect(self, code: int) -> None:
        if self.caring is not None:
            SOCKETS.dec()
            self.caring.cancel()

    async def refuse(self) -> None:
        """Open the line only to say that there is nothing to hear: a page is not told why a handshake failed."""
        await self.accept()
        await self.close(code=FORBIDDEN)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Hear what a page sends. Pages send no bytes, and something."""
        if text_data:
            await super().receive(text_data, **kwargs)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Ignore what a page sends."""

    async def care(self) -> None:
        """Show that the line is alive, and look whether the person may still look."""
        beats = 0
        while True:
            await self.send_json({"beat": self.cursor})
            await asyncio.sleep(HEARTBEAT_SECONDS)
            beats += 1
            if beats % round(CHECK_SECONDS / HEARTBEAT_SECONDS) == 0 and not await self.may_look():
                await self.close(code=FORBIDDEN)
                return

    async def may_look(self) -> bool:
        """Ask whether the person may still look at the run that the address names; without one, at any."""
        names = self.scope["url_route"]["kwargs"] if "url_route" in self.scope else {}
        person, session = self.scope.get("user"), self.scope.get("session")
        return await database_sync_to_async(may_look)(person, session, names.get("run_id", ""))

    @classmethod
    async def encode_json(cls, content: Any) -> str:
        return to_json(content).decode()

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        """Read what a page sends; what is no JSON is nothing."""
        try:
            return from_json(text_data)
        except (ValueError, TypeError):
            return None


class RunConsumer(Line):
    """One open page of one run."""

    reader: Reader | None = None

    async def connect(self) -> None:
        run_id = self.scope["url_route"]["kwargs"]["run_id"]
        if not await self.may_look():
            await self.refuse()
            return
        after = parse_qs(self.scope["query_string"].decode("latin-1")).get("after", ["0"])[0]
        self.cursor = int(after) if after.isdecimal() and len(after) < 19 else 0
        await self.channel_layer.group_add(runtime.group_of(run_id), self.channel_name)
        await self.accept()
        self.reader = Reader.join(run_id, self)
        self.begin_care()

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.reader is not None:
            self.reader.leave(self)
            await self.channel_layer.group_discard(runtime.group_of(self.reader.run_id), self.channel_name)

    async def run_changed(self, message: dict[str, Any]) -> None:
        """Hear the bell."""
        if self.reader is not None and message["seq"] > self.reader.picture.seq:
            self.reader.bell.set()

    async def catch_up(self, picture: Picture) -> None:
        """Send what this page lacks."""
        for frame in picture.since(self.cursor):
            await self.send_json(frame)
        self.cursor = max(self.cursor, picture.seq)


def may_look(user: Any, session: Any, run_id: str) -> bool:
    """Ask the database, not the connection: rights and sessions may have ended since it was opened."""
    known = still_signed_in(user, session)
    if known is None:
        return False
    return may_on_run(known, "view_run", run_id) if run_id else reach_of(known).somewhere("view_run")
