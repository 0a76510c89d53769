"""Browsers on one run: one real one where there is one, and sockets that are told what an open page is told.

What is heard is kept as it came and judged afterwards, so that a thousand sockets hardly cost the machine more
than they cost the server.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic_core import from_json

AT_ONCE = 20
TRIES = 10
PAUSE_SECONDS = 1.0
SETTLE_SECONDS = 2.0
HANDSHAKE = (
    "GET /ws/runs/{run_id}/?after=0 HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Origin: http://{host}\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)
TEXT, PING, PONG, MASKED = 0x81, 0x89, 0x8A, 0x80
NO_MASK = bytes(4)
LENGTHS = {126: 2, 127: 8}
"""How many bytes hold the length of a message that is longer than a small number can say."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
# Notes each fact when the graph or the timeline has changed after the message that brought it.
WATCH = """
(() => {
  let fresh = [];
  window.drawn = [];
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const frame = JSON.parse(data);
        for (const [, path, , , { bars }] of frame.e ?? frame.part ?? [])
          for (const [op, kind, at] of bars) if (kind && path.endsWith("]")) fresh.push([path, op, at]);
      });
    }
  };
  const shows = ({ target }) => (target.closest ? target : target.parentElement)?.closest("#flow, #timeline");
  new MutationObserver((changes) => {
    if (!changes.some(shows)) return;
    for (const [path, op, at] of fresh) window.drawn.push([path, op, Date.now() - at]);
    fresh = [];
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
})();
"""


class News(NamedTuple):
    """That an item of a foreach began or ended, and how many milliseconds after it was recorded."""

    path: str
    op: str
    late: float


class Listener:
    """The reading half of a WebSocket, which is all that an open page uses of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.heard: list[tuple[float, bytes]] = []
        self.listening = asyncio.create_task(self.listen())

    async def listen(self) -> None:
        """Keep every message with the moment of its arrival, and answer pings."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, length = await self.reader.readexactly(2)
                if length in LENGTHS:
                    length = int.from_bytes(await self.reader.readexactly(LENGTHS[length]))
                payload = await self.reader.readexactly(length)
                if kind == TEXT:
                    self.heard.append((time.time() * 1000, payload))
                elif kind == PING:
                    self.writer.write(bytes((PONG, MASKED | length, *NO_MASK)) + payload)

    def news(self) -> list[News]:
        return [News(path, op, now - at) for now, text in self.heard for path, op, at in facts_of(text)]

    def close(self) -> None:
        self.listening.cancel()
        self.writer.close()


async def listen(address: str, run_id: str) -> Listener:
    """Open a socket on a run; as a page does, try again when a busy server lets the connection go."""
    for _ in range(TRIES):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            return await opened(address, run_id)
        await asyncio.sleep(PAUSE_SECONDS)
    raise RuntimeError(f"The server at {address} takes no more sockets.")


async def opened(address: str, run_id: str) -> Listener:
    """Open a socket once. Raises: RuntimeError when the server refuses it"""
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(HANDSHAKE.format(run_id=run_id, host=place.netloc).encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in answer.partition(b"\r\n")[0]:
        raise RuntimeError(f"The server opened no socket: {answer[:80]!r}")
    return Listener(reader, writer)


@lru_cache(maxsize=4096)
def facts_of(text: bytes) -> tuple[tuple[str, str, int], ...]:
    """Read which items a frame says began or ended, and when that was recorded."""
    return tuple(_facts(from_json(text)))


def _facts(frame: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    for _, path, _, _, extra in frame.get("e") or frame.get("part") or ():
        yield from ((path, op, at) for op, kind, at in extra["bars"] if kind and path.endswith("]"))


@asynccontextmanager
async def watching(address: str, run_id: str, count: int) -> AsyncIterator[list[list[News]]]:
    """Let so many browsers watch a run; the list is filled with the news of each in the end."""
    news: list[list[News]] = []
    async with AsyncExitStack() as stack:
        page = await stack.enter_async_context(chromium())
        if page is not None:
            await page.goto(f"{address}/runs/{run_id}/")
            await page.wait_for_selector("#live[data-state='live']")
        crowd = count - (page is not None)
        sockets: list[Listener] = []
        while len(sockets) < crowd:
            some = min(AT_ONCE, crowd - len(sockets))
            sockets += await asyncio.gather(*(listen(address, run_id) for _ in range(some)))
        yield news
        await asyncio.sleep(SETTLE_SECONDS)
        news += [socket.news() for socket in sockets]
        if page is not None:
            news.append([News(*one) for one in await page.evaluate("drawn")])
        for socket in sockets:
            socket.close()


@asynccontextmanager
async def chromium() -> AsyncIterator[Any]:
    """Give a page of a real browser; None, and a word about it, where there is none."""
    try:
        # Only who develops the studio has it.
        from playwright.async_api import Error, async_playwright
    except ImportError:
        print("W9: Playwright is not installed; the figures are of sockets alone, without drawing.", file=sys.stderr)
        yield None
        return
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=found, args=OPTIONS)
        except Error as error:
            print(
                f"W9: no browser starts ({str(error).splitlines()[0]}); the figures are of sockets alone.",
                file=sys.stderr,
            )
            yield None
            return
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await page.add_init_script(WATCH)
        yield page
        await browser.close()
