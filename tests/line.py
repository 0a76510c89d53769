"""A browser's end of a websocket, as far as tests need one: it may be slow, absent-minded, or not read at all."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SECONDS = 20


class Line:
    """An open websocket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, address: str, path: str, *, room: int | None = None) -> Line:
        """Open a line to a studio; `room` bounds what the system takes in before anybody reads it.

        Raises: OSError, EOFError when nobody answers, PermissionError when the line is refused
        """
        where = urlsplit(address)
        end = socket.socket()
        if room is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        end.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(end, (where.hostname, where.port))
        except BaseException:
            end.close()
            raise
        reader, writer = await asyncio.open_connection(sock=end, limit=room or 2**16)
        key = base64.b64encode(os.urandom(16)).decode()
        said = (
            f"GET {path} HTTP/1.1", f"Host: {where.netloc}", f"Origin: {address}", "Upgrade: websocket",
            "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", "",
        )  # fmt: skip
        writer.write("\r\n".join(said).encode())
        line = cls(reader, writer)
        try:
            async with asyncio.timeout(SECONDS):
                answer = await reader.readuntil(b"\r\n\r\n")
            if b" 101 " not in answer.split(b"\r\n")[0]:
                raise PermissionError(answer.decode())
        except BaseException:
            line.hang_up()
            raise
        return line

    async def frames(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what is sent, without the heartbeats, until the line ends."""
        try:
            while True:
                kind, text = await self._frame()
                if kind == PING:
                    self._send(PONG, text)
                elif kind == CLOSE:
                    return
                elif kind == TEXT and "beat" not in (frame := json.loads(text)):
                    yield frame
        except (EOFError, OSError):
            return

    async def _frame(self) -> tuple[int, bytes]:
        first, second = await self._reader.readexactly(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", await self._reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
        return first & 15, await self._reader.readexactly(length)

    def _send(self, kind: int, text: bytes) -> None:
        # A mask of zeros changes nothing, and clients must send one.
        self._writer.write(bytes((128 | kind, 128 | len(text), 0, 0, 0, 0)) + text)

    def hang_up(self) -> None:
        """Go without a word."""
        self._writer.transport.abort()
