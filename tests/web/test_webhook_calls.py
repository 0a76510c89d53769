"""Where webhooks may go, and what of an answer is taken."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from tests.web.receiver import Receiver
from workflows_app.models.seal import seal
from workflows_app.webhooks import calls
from workflows_app.webhooks.addresses import Refused, checked_url, may_be_called
from workflows_app.webhooks.calls import Answer, Message, send

HERE = ("127.0.0.0/8",)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://127.1/", "http://0x7f000001/", "http://2130706433/",
        "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://10.0.0.1/",
        "http://192.168.1.1/", "http://172.16.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/",
        "http://[fd00:ec2::254]/", "http://100.64.0.1/", "http://168.63.129.16/", "http://[64:ff9b::a00:1]/",
        "http://[2002:a00:1::]/", "http://224.0.0.1/", "http://255.255.255.255/", "http://nobody.invalid/",
    ],
)  # fmt: skip
def test_what_is_not_of_the_public_network_is_never_called(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any, **__: Any) -> None:
        raise AssertionError("it was called")

    monkeypatch.setattr(httpx.AsyncClient, "send", connect)
    answer = asyncio.run(send(Message(url, seal("s"), b"{}", "finished", 1), 1, ()))
    assert answer.code is None
    assert "not of the public network" in answer.text or "not known here" in answer.text


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "//x", "x", "", "http://", "http://a:b@x/", "http://x:0/"]
)
def test_an_address_that_cannot_be_is_none(url: str) -> None:
    with pytest.raises(Refused):
        checked_url(url)


def test_a_public_address_may_be_called_and_a_private_one_that_is_allowed() -> None:
    assert may_be_called(ip_address("93.184.215.14"), ())
    assert may_be_called(ip_address("2606:2800:21f:cb07:6820:80da:af6b:8b2c"), ())
    assert may_be_called(ip_address("10.1.2.3"), ("10.1.0.0/16",))
    assert not may_be_called(ip_address("10.2.2.3"), ("10.1.0.0/16",))


def test_a_name_is_resolved_once_and_that_address_is_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means another address the second time, as in DNS rebinding, leads nowhere."""
    asked: list[str] = []

    async def resolve(loop: Any, host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "10.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
    url = receiver.url.replace("127.0.0.1", "hooks.example.org")
    answer = asyncio.run(send(Message(url, seal("s"), b"{}", "finished", 1), 1, HERE))
    assert (answer.code, asked[0]) == (200, "hooks.example.org")
    assert receiver.came[0][0]["host"] == f"hooks.example.org:{receiver.server_port}"


def test_what_nobody_thought_of_is_an_answer_too(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that raised would be tried again each minute, without end."""

    async def odd(*_: Any, **__: Any) -> Any:
        raise httpx.InvalidURL("odd")

    monkeypatch.setattr(httpx.AsyncClient, "send", odd)
    answer = asyncio.run(send(Message(receiver.url, seal("s"), b"{}", "finished", 1), 1, HERE))
    assert answer == Answer(None, "InvalidURL: odd")


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.code, receiver.location = 302, "http://169.254.169.254/"
    answer = asyncio.run(send(Message(receiver.url, seal("s"), b"{}", "finished", 1), 1, HERE))
    assert (answer.code, answer.is_taken, len(receiver.came)) == (302, False, 1)


def test_of_a_long_answer_only_the_beginning_is_kept(receiver: Receiver) -> None:
    receiver.answer = b"x" * 3_000_000
    answer = asyncio.run(send(Message(receiver.url, seal("s"), b"{}", "finished", 1), 1, HERE))
    assert (answer.code, len(answer.text)) == (200, calls.KEPT)


def test_who_does_not_answer_in_time_has_not_taken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "SECONDS", 0.2)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        answer = asyncio.run(send(Message(url, seal("s"), b"{}", "finished", 1), 1, HERE))
    assert answer == Answer(None, "There was no answer within 0.2 s.")


def test_proxies_of_the_environment_are_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert asyncio.run(send(Message(receiver.url, seal("s"), b"{}", "finished", 1), 1, HERE)).code == 200
