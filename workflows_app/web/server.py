"""Daphne, as the studio starts it: on a socket that is bound already, with bounded bodies and frames.

Importing this module installs Twisted's reactor, so only the command that serves does it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server, twisted_loop
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor

from workflows_app import runtime
from workflows_app.conf import get_conf

RECEIVE_SECONDS = 60.0
"""For how long a whole request may take to arrive."""
TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
    b"The request did not arrive in time; send it faster, or less of it.\n"
)
MAX_FRAME_BYTES = 65_536
"""Browsers only ever send acknowledgements; what is larger is not ours."""


class BoundedRequest(WebRequest):
    """Keep no more of a body than shows that it is too long, and wait no longer for it than is decent.

    Daphne takes a whole body onto the disk before the application sees the request; `ConnectionGuard`
    then refuses what is longer than the limit. Twisted bounds the headers, and hangs up on who is silent, but not
    on who sends a byte now and then.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        clock: Any = reactor
        self.deadline = clock.callLater(RECEIVE_SECONDS, self.hang_up)

    def hang_up(self) -> None:
        self.channel.transport.write(TOO_SLOW)
        self.channel.loseConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self.stop_waiting()
        super().requestReceived(command, path, version)

    def connectionLost(self, reason: Any) -> None:
        self.stop_waiting()
        super().connectionLost(reason)

    def stop_waiting(self) -> None:
        if self.deadline.active():
            self.deadline.cancel()

    def handleContentChunk(self, data: bytes) -> None:
        room = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + 1 - self.content.tell()
        super().handleContentChunk(data[: max(room, 0)])


class BoundedSocket(WebSocketProtocol):
    """Hang up on a page that does not read what it is sent; it comes again and says how far it is."""

    is_full = False
    unread = 0

    def onOpen(self) -> None:
        super().onOpen()
        # In place of the HTTP channel that the socket began as, so that it is us who hear of a full buffer.
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        self.is_full = True

    def resumeProducing(self) -> None:
        self.is_full, self.unread = False, 0

    def stopProducing(self) -> None:
        """Nothing to do: what is sent comes from the journal."""

    def serverSend(self, content: Any, binary: bool = False) -> None:
        super().serverSend(content, binary)
        if self.is_full:
            self.unread += len(content)
        if self.unread > get_conf().unread_bytes:
            self.dropConnection(abort=True)


class BoundedFactory(HTTPFactory):
    """Make the protocol of a connection, with requests of the kind above."""

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol


def serve(application: Any, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; `announce` is called when the first request can be answered."""

    def adopt() -> None:
        server.ws_factory.protocol = BoundedSocket
        listener.setblocking(False)
        reactor.adoptStreamPort(listener.fileno(), listener.family, BoundedFactory(server))
        listener.close()
        # Not before signals are the reactor's: one that comes while it starts is lost, and so the wish to stop.
        events.callWhenRunning(announce)

    events: Any = reactor
    server = Server(
        application=application,
        endpoints=["adopted"],
        ready_callable=adopt,
        websocket_max_message_size=MAX_FRAME_BYTES,
        websocket_max_frame_size=MAX_FRAME_BYTES,
    )
    events.addSystemEventTrigger("before", "shutdown", runtime.end_in_time)
    # Daphne's own endpoint for a bound socket takes every one for IPv4, so ours is adopted above.
    server.endpoints.clear()
    server.run()
    runtime.stop_background()
    finish(twisted_loop)


def finish(loop: asyncio.AbstractEventLoop) -> None:
    """Let requests end that are under way: the threads that answer them wait for what only their loop can tell."""
    if left := asyncio.all_tasks(loop):
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left))
