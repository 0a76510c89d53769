"""What `workflows_app.web.server` adds to Daphne, in a process of its own, since it installs Twisted's reactor."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.process import ROOT

SENDS_WITHOUT_BEING_READ = """
import django
django.setup()
from workflows_app.web.server import BoundedSocket

class Socket(BoundedSocket):
    client_addr = None
    state = BoundedSocket.STATE_OPEN

    def sendMessage(self, payload, isBinary):
        print("sent", len(payload))

    def dropConnection(self, abort):
        print("hung up")

socket = Socket()
socket.serverSend("x" * 5_000_000)
socket.pauseProducing()
socket.serverSend("x" * 3_000_000)
socket.resumeProducing()
socket.pauseProducing()
socket.serverSend("x" * 3_000_000)
socket.serverSend("x" * 2_000_000)
"""

SENDS_A_BYTE_NOW_AND_THEN = """
import django
django.setup()
from daphne.server import Server
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from workflows_app.web import server

server.reactor = clock = Clock()
serving = Server(None, endpoints=["none"])
serving.connections = {}
connection = server.BoundedFactory(serving).buildProtocol(None)
line = StringTransport()
connection.makeConnection(line)
connection.dataReceived(b"POST / HTTP/1.1\\r\\nhost: localhost\\r\\ncontent-length: 90\\r\\n\\r\\n")
for second in range(60):
    clock.advance(0.99)
    connection.dataReceived(b"x")
print(line.value(), line.disconnecting)
clock.advance(1)
print(line.value().partition(b"\\r\\n")[0].decode(), line.disconnecting)
"""


def said_by(script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )  # fmt: skip
    return done.stdout.splitlines()


def test_a_page_that_lets_too_much_wait_is_hung_up_on() -> None:
    # Only what was sent since it was last read counts.
    sent = ["sent 5000000", "sent 3000000", "sent 3000000", "sent 2000000", "hung up"]
    assert said_by(SENDS_WITHOUT_BEING_READ) == sent


def test_a_request_that_takes_for_ever_to_arrive_is_refused() -> None:
    assert said_by(SENDS_A_BYTE_NOW_AND_THEN) == ["b'' False", "HTTP/1.1 408 Request Timeout True"]
