"""Events as they happen: one JSON document after another, each ended by a record separator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, closing
from typing import Final

from channels.db import database_sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from pydantic_core import to_json

from workflows_app import runtime
from workflows_app.engine.observe import Stream
from workflows_app.engine.streams import PublicEvent
from workflows_app.errors import RunNotFound
from workflows_app.models import Token
from workflows_app.rights import may_on_run
from workflows_app.roles import LOOK
from workflows_app.web.people.signin import still_signed_in

SEPARATOR = b"\x1e"
OFFSET = "X-Stream-Offset"
RUN = "X-Stream-Run"
"""Says where a verb's stream begins, so that a caller whose line broke can observe the rest."""
HEARTBEAT_SECONDS: Final = 15.0
CHECK_SECONDS: Final = 60.0
"""How long nobody asks whether the caller may still look."""


def launched(request: HttpRequest, begin: Callable[[], Stream]) -> StreamingHttpResponse:
    """Answer with the stream of a verb. Raises: what the verb raises, before any byte is sent"""

    async def opened() -> Stream:
        stream = begin()
        await stream.opened()
        return stream

    stream = runtime.call(opened())
    response = answered(request, stream)
    response.headers[OFFSET], response.headers[RUN] = str(stream.offset), stream.run_id
    return response


def followed(request: HttpRequest, begin: Callable[[], Stream]) -> StreamingHttpResponse:
    """Answer with a stream that may have nothing to say for a while."""

    async def begun() -> Stream:
        return begin()

    return answered(request, runtime.call(begun()))


def answered(request: HttpRequest, stream: Stream) -> StreamingHttpResponse:
    written = records(stream, request)
    return StreamingHttpResponse(written, content_type="text/plain", headers={"X-Accel-Buffering": "no"})


async def records(stream: Stream, request: HttpRequest) -> AsyncIterator[bytes]:
    """Write the events. A caller who hangs up ends the stream and leaves the run alone."""
    with closing(stream):
        # The server sends no headers before the first chunk, and a caller has no stream before the headers.
        yield b""
        async with aclosing(while_allowed(stream, request)) as events:
            async for event in events:
                if event is not None:
                    yield to_json(event) + SEPARATOR


async def while_allowed(stream: Stream, request: HttpRequest) -> AsyncGenerator[PublicEvent | None, None]:
    """Give the events to whom may still look, and nothing now and then while there are none."""
    events, loop = stream.once(), asyncio.get_running_loop()
    checked = loop.time()
    coming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=HEARTBEAT_SECONDS)
            # By the clock, not by the heartbeats: a run that tells much has none.
            if loop.time() - checked >= CHECK_SECONDS:
                if not await database_sync_to_async(may_still_look)(request, stream.run_id):
                    return
                checked = loop.time()
            if not done:
                yield None
                continue
            event = coming.result()
            if event is None:
                return
            yield event
            coming = asyncio.ensure_future(anext(events, None))
    except RunNotFound:
        return
    finally:
        coming.cancel()


def may_still_look(request: HttpRequest, run_id: str) -> bool:
    """Ask the database, not the request: it may have been open for days."""
    token = request.META.get("STUDIO_TOKEN")
    if token is not None and not Token.objects.valid().filter(pk=token).exists():
        return False
    known = still_signed_in(request.user, None if token else request.session)
    return known is not None and all(may_on_run(known, right, run_id) for right in LOOK)
