"""The socket of a list of runs: patches of the rows that are shown, and news of runs that are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db import OperationalError

from tests.sockets.test_run_socket import PATIENCE, Line, answered
from tests.web.studio import orders, started, wait_for
from workflows_app.models import Run
from workflows_app.web.live import listsocket
from workflows_app.web.live.consumers import FAILED, FORBIDDEN
from workflows_app.web.live.listsocket import RunListConsumer, Shown
from workflows_app.web.people.signin import local_person
from workflows_app.web.runs.pages import cursor_of

pytestmark = pytest.mark.usefixtures("studio")


@asynccontextmanager
async def listening(said: Any, user: Any = None) -> AsyncIterator[Line]:
    communicator: Any = WebsocketCommunicator(RunListConsumer.as_asgi(), "/ws/runs/")
    communicator.scope |= {"user": user or await sync_to_async(local_person)()}
    connected, _ = await communicator.connect(timeout=PATIENCE)
    assert connected
    await communicator.send_json_to(said)
    try:
        yield Line(communicator)
    finally:
        await communicator.disconnect()


def shown(*runs: str, query: str = "", top: str = "") -> dict[str, Any]:
    return {"rows": dict(Run.objects.filter(id__in=runs).values_list("id", "seq")), "query": query, "top": top}


def top_of(run_id: str) -> str:
    return cursor_of(Run.objects.get(pk=run_id), "created_at")


def test_a_row_that_is_shown_is_patched() -> None:
    run_id = orders()
    said = shown(run_id)

    async def listen() -> dict[str, Any]:
        async with listening(said) as line:
            await answered(run_id)
            while True:
                news = await line.frame()
                if 'data-s="success"' in news["rows"].get(run_id, ""):
                    return news

    news = asyncio.run(listen())
    assert news["rows"][run_id].lstrip().startswith("<tr data-row")
    assert news["fresh"] == 0


def test_what_changed_before_the_line_was_open_is_sent_at_once() -> None:
    run_id = orders()
    said = shown(run_id)
    said["rows"][run_id] -= 1

    async def listen() -> dict[str, Any]:
        async with listening(said) as line:
            return await line.frame()

    assert run_id in asyncio.run(listen())["rows"]


def test_new_runs_are_counted_and_never_sent() -> None:
    run_id = orders()
    said = shown(run_id, top=top_of(run_id))

    async def listen() -> dict[str, Any]:
        async with listening(said) as line:
            for _ in range(2):
                await sync_to_async(started)("echo", 1)
            while True:
                news = await line.frame()
                if news["fresh"] == 2:
                    return news

    news = asyncio.run(listen())
    assert set(news["rows"]) <= {run_id}
    assert news["words"] == "2 new runs, show them"


@pytest.mark.parametrize(
    ("query", "fresh"), [("?workflow=echo", 1), ("?workflow=order", 0), ("?longer=0s", 1), ("?q=zz", 0)]
)
def test_only_runs_that_the_list_is_of_are_new(query: str, fresh: int) -> None:
    run_id = orders()
    said = shown(run_id, query=query, top=top_of(run_id))
    said["rows"][run_id] -= 1
    wait_for(started("echo", 1), "success")

    async def listen() -> dict[str, Any]:
        async with listening(said) as line:
            return await line.frame()

    assert asyncio.run(listen())["fresh"] == fresh


def test_a_deleted_row_is_told() -> None:
    run_id = orders()
    said = shown(run_id)

    async def listen() -> dict[str, Any]:
        async with listening(said) as line:
            await sync_to_async(Run.objects.filter(pk=run_id).delete)()
            return await line.frame()

    assert asyncio.run(listen())["gone"] == [run_id]


@pytest.mark.parametrize("said", [None, [], 5, "x", {}, {"rows": []}, {"rows": {"a": "b"}, "query": 7, "top": {}}])
def test_what_is_no_list_is_nothing(said: Any) -> None:
    found = Shown.of(said)
    assert found is None or found.seqs == {}


def test_a_page_that_talks_nonsense_keeps_its_line() -> None:
    async def talk() -> dict[str, Any]:
        async with listening("nonsense") as line:
            await line.communicator.send_to(text_data="{no json")
            said: dict[str, Any] = await line.communicator.receive_json_from(timeout=PATIENCE)
            return said

    assert "beat" in asyncio.run(talk())


@pytest.mark.parametrize("right", [None, "start_run"])
def test_who_may_not_look_at_runs_may_not_listen(right: str | None, django_user_model: type[User]) -> None:
    user: Any = AnonymousUser()
    if right is not None:
        user = django_user_model.objects.create_user(username="grace")
        user.user_permissions.set(Permission.objects.filter(codename=right))

    async def knock() -> Any:
        communicator: Any = WebsocketCommunicator(RunListConsumer.as_asgi(), "/ws/runs/")
        communicator.scope |= {"user": user}
        await communicator.connect(timeout=PATIENCE)
        return await communicator.receive_output(PATIENCE)

    # A browser is not told why a handshake failed, so the line is opened to say it; nothing else is.
    assert asyncio.run(knock()) == {"type": "websocket.close", "code": FORBIDDEN}


def test_a_list_that_cannot_be_read_ends_the_line_so_that_the_page_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(listsocket, "read_news", broken)

    async def listen() -> int:
        async with listening({"rows": {}}) as line:
            return await line.closed()

    assert asyncio.run(listen()) == FAILED


def test_a_closed_page_is_forgotten() -> None:
    async def visit() -> int:
        async with listening({"rows": {}}):
            return len(RunListConsumer.lists)

    assert asyncio.run(visit()) == 1
    assert not RunListConsumer.lists
