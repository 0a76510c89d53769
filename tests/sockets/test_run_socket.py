"""The socket of a run: what it sends, where it begins, and who may listen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings as live_settings
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.contrib.sessions.models import Session
from django.test import Client

from tests.web.studio import order, orders
from workflows_app import runtime
from workflows_app.models import Run
from workflows_app.routing import websocket_urlpatterns
from workflows_app.web.live import consumers
from workflows_app.web.live.consumers import RunConsumer
from workflows_app.web.people.signin import local_person

pytestmark = pytest.mark.usefixtures("studio")
PATIENCE = 20


class Line:
    """An open socket, and what it has said."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    async def frame(self) -> dict[str, Any]:
        """Give the next frame that is no heartbeat."""
        while True:
            found: dict[str, Any] = await self.communicator.receive_json_from(timeout=PATIENCE)
            if "beat" not in found:
                return found

    async def closed(self) -> int:
        """Wait until the other side ends the line, and give its code."""
        while (said := await self.communicator.receive_output(timeout=PATIENCE))["type"] != "websocket.close":
            pass
        return int(said["code"])

    async def until(self, seq: int) -> tuple[dict[str, list[Any]], set[str]]:
        """Read until the run has reached a seq: the latest delta of each path, and the shapes."""
        deltas: dict[str, list[Any]] = {}
        shapes: set[str] = set()
        reached = 0
        while reached < seq or "panel" not in shapes:
            frame = await self.frame()
            reached = frame["seq"]
            deltas |= {delta[1]: delta for delta in frame.get("e", ())}
            shapes |= {frame["shape"]} if "shape" in frame else set()
        return deltas, shapes


@asynccontextmanager
async def listening(run_id: str, query: str = "", user: Any = None) -> AsyncIterator[Line]:
    communicator: Any = WebsocketCommunicator(RunConsumer.as_asgi(), f"/ws/runs/{run_id}/{query}")
    person = user or await sync_to_async(local_person)()
    communicator.scope |= {"user": person, "url_route": {"kwargs": {"run_id": run_id}}}
    connected, _ = await communicator.connect(timeout=PATIENCE)
    assert connected
    try:
        yield Line(communicator)
    finally:
        await communicator.disconnect()


async def answered(run_id: str) -> None:
    engine = runtime.get_engine()
    run = await engine.get_run(run_id)
    await run.resume_async(step="review", resume_data={"decision": "approve"}, by="ada")


def test_a_page_without_a_past_gets_everything() -> None:
    run_id = orders()

    async def listen() -> tuple[dict[str, list[Any]], set[str]]:
        async with listening(run_id) as line:
            return await line.until(seq)

    seq = order(run_id).head.seq
    deltas, shapes = asyncio.run(listen())
    assert {path: delta[2] for path, delta in deltas.items()} == {
        "check": "success",
        "stock": "success",
        "fraud": "success",
        "review": "suspended",
    }
    assert shapes == {"head", "flow", "timeline", "panel"}


def test_a_page_gets_only_what_it_lacks_and_then_what_happens() -> None:
    run_id = orders()
    seq = order(run_id).head.seq

    async def listen() -> list[dict[str, Any]]:
        async with listening(run_id, f"?after={seq}") as line:
            await answered(run_id)
            return [await line.frame()]

    (first,) = asyncio.run(listen())
    assert first["seq"] > seq
    assert {delta[1] for delta in first["e"]} <= {"review", "ship"}


def test_an_unrung_bell_costs_time_but_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = orders()
    seq = order(run_id).head.seq
    monkeypatch.setattr(RunConsumer, "run_changed", silent)
    monkeypatch.setattr(consumers, "ring", lambda *_: None)

    async def listen() -> dict[str, Any]:
        async with listening(run_id, f"?after={seq}") as line:
            await answered(run_id)
            return await line.frame()

    assert asyncio.run(listen())["seq"] > seq


async def silent(self: RunConsumer, message: dict[str, Any]) -> None:
    """Hear nothing."""


def test_a_page_far_behind_is_told_to_fetch_itself_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.web.live.frames.BEHIND", 3)
    run_id = orders()

    async def listen() -> dict[str, Any]:
        async with listening(run_id) as line:
            return await line.frame()

    assert asyncio.run(listen()) == {"seq": order(run_id).head.seq, "catchup": True}


def test_several_pages_share_one_reader() -> None:
    run_id = orders()

    async def listen() -> int:
        async with listening(run_id) as one, listening(run_id) as two:
            await one.frame()
            await two.frame()
            return len(consumers.Reader.readers)

    assert asyncio.run(listen()) == 1
    assert not consumers.Reader.readers


def test_a_deleted_run_closes_the_line() -> None:
    run_id = orders()

    async def listen() -> int:
        async with listening(run_id, "?after=99999") as line:
            await sync_to_async(Run.objects.filter(pk=run_id).delete)()
            return await line.closed()

    assert asyncio.run(listen()) == consumers.GONE


def test_who_comes_while_the_lines_of_a_deleted_run_are_closed_hears_of_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = orders()
    Run.objects.filter(pk=run_id).delete()
    close = RunConsumer.close
    second: list[Any] = []

    async def slowly(self: RunConsumer, code: int | None = None, reason: str | None = None) -> None:
        if not second:
            second.append(listening(run_id))
            second.append(await second[0].__aenter__())
        await close(self, code, reason)

    monkeypatch.setattr(RunConsumer, "close", slowly)

    async def listen() -> tuple[int, int]:
        async with listening(run_id) as line:
            codes = await line.closed(), await second[1].closed()
            await second[0].__aexit__(None, None, None)
            return codes

    assert asyncio.run(listen()) == (consumers.GONE, consumers.GONE)


@pytest.mark.parametrize("right", [None, "start_run"])
def test_who_may_not_look_at_runs_may_not_listen(right: str | None, django_user_model: type[User]) -> None:
    run_id = orders()
    user: Any = AnonymousUser()
    if right is not None:
        user = django_user_model.objects.create_user(username="grace")
        user.user_permissions.set(Permission.objects.filter(codename=right))

    async def knock() -> Any:
        communicator: Any = WebsocketCommunicator(RunConsumer.as_asgi(), f"/ws/runs/{run_id}/")
        communicator.scope |= {"user": user, "url_route": {"kwargs": {"run_id": run_id}}}
        await communicator.connect(timeout=PATIENCE)
        return await communicator.receive_output(PATIENCE)

    # A browser is not told why a handshake failed, so the line is opened to say it; nothing else is.
    assert asyncio.run(knock()) == {"type": "websocket.close", "code": consumers.FORBIDDEN}


def test_a_right_that_is_taken_away_closes_the_line(
    monkeypatch: pytest.MonkeyPatch, django_user_model: type[User]
) -> None:
    monkeypatch.setattr(consumers, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)
    run_id = orders()
    user = django_user_model.objects.create_user(username="grace")
    user.user_permissions.set(Permission.objects.filter(codename="view_run"))

    async def listen() -> int:
        async with listening(run_id, user=user) as line:
            await line.frame()
            await sync_to_async(user.user_permissions.clear)()
            return await line.closed()

    assert asyncio.run(listen()) == consumers.FORBIDDEN


@pytest.mark.parametrize("end", ["the session", "the password", "the account", "nothing"])
def test_a_line_ends_with_the_session_it_was_opened_in(client: Client, end: str) -> None:
    run_id = orders()
    user = User.objects.create_user("grace")
    user.user_permissions.set(Permission.objects.filter(codename="view_run"))
    client.force_login(user)
    cookie = client.cookies[live_settings.SESSION_COOKIE_NAME].value
    if end == "the session":
        Session.objects.all().delete()
    elif end == "the password":
        user.set_password("another one")
    elif end == "the account":
        user.is_active = False
    user.save()

    async def knock() -> str:
        application: Any = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        headers = [(b"cookie", f"{live_settings.SESSION_COOKIE_NAME}={cookie}".encode())]
        communicator = WebsocketCommunicator(application, f"/ws/runs/{run_id}/", headers=headers)
        await communicator.connect(timeout=PATIENCE)
        first = await communicator.receive_output(PATIENCE)
        await communicator.disconnect()
        return str(first["type"])

    assert asyncio.run(knock()) == ("websocket.send" if end == "nothing" else "websocket.close")


def test_what_a_page_sends_changes_nothing() -> None:
    run_id = orders()

    async def talk() -> dict[str, Any]:
        async with listening(run_id) as line:
            await line.communicator.send_json_to({"cancel": run_id})
            return await line.frame()

    assert "e" in asyncio.run(talk())
    assert order(run_id).head.status == "suspended"


def test_another_site_cannot_listen() -> None:
    from studio.asgi import guarded

    run_id = orders()

    async def knock(origin: bytes) -> bool:
        headers = [(b"origin", origin), (b"host", b"localhost")]
        communicator = WebsocketCommunicator(guarded, f"/ws/runs/{run_id}/", headers=headers)
        communicator.scope["server"] = ("127.0.0.1", 8000)
        connected, _ = await communicator.connect(timeout=PATIENCE)
        await communicator.disconnect()
        return connected

    assert live_settings.STUDIO_AUTH == "none"
    assert not asyncio.run(knock(b"https://evil.example"))
    assert asyncio.run(knock(b"http://localhost"))


def test_a_group_has_a_name_that_every_layer_takes() -> None:
    name = runtime.group_of("any id / at all ü" * 10)
    assert len(name) < 100
    assert name.isascii()
