"""Events as they happen: one JSON document after another, each ended by a record separator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from django.http import StreamingHttpResponse
from pydantic_core import to_json

from workflows_app import runtime
from workflows_app.engine.observe import Stream

SEPARATOR = b"\x1e"
OFFSET = "X-Stream-Offset"
RUN = "X-Stream-Run"
"""Says where a verb's stream begins, so that a caller whose line broke can observe the rest."""


def launched(begin: Callable[[], Stream]) -> StreamingHttpResponse:
    """Answer with the stream of a verb. Raises: what the verb raises, before any byte is sent"""

    async def opened() -> Stream:
        stream = begin()
        await stream.opened()
        return stream

    stream = runtime.call(opened())
    response = answered(stream)
    response.headers[OFFSET], response.headers[RUN] = str(stream.offset), stream.run_id
    return response


def followed(begin: Callable[[], Stream]) -> StreamingHttpResponse:
    """Answer with a stream that may have nothing to say for a while."""

    async def begun() -> Stream:
        return begin()

    return answered(runtime.call(begun()))


def answered(stream: Stream) -> StreamingHttpResponse:
    return StreamingHttpResponse(records(stream), content_type="text/plain", headers={"X-Accel-Buffering": "no"})


async def records(stream: Stream) -> AsyncIterator[bytes]:
    """Write the events. A caller who hangs up ends the stream and leaves the run alone."""
    try:
        # The server sends no headers before the first chunk, and a caller has no stream before the headers.
        yield b""
        async for event in stream.once():
            yield to_json(event) + SEPARATOR
    finally:
        stream.close()
