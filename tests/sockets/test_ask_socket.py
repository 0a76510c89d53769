"""The socket of an open question: it tells of changes and comments, and who else looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from tests.sockets.test_run_socket import PATIENCE, Line
from tests.web.asking import GOOD, asked, closed, person, resume, signed_in
from workflows_app.approvals.talk import say
from workflows_app.models import Approval, Comment, Desk
from workflows_app.web.approvals.watching import LOOKS, looking_words, standing_of
from workflows_app.web.live import asksocket
from workflows_app.web.live.asksocket import AskConsumer
from workflows_app.web.live.consumers import FAILED, FORBIDDEN

pytestmark = pytest.mark.usefixtures("studio")


@asynccontextmanager
async def looking(shown: Any, user: Any) -> AsyncIterator[Line]:
    communicator: Any = WebsocketCommunicator(AskConsumer.as_asgi(), "/ws/approvals/")
    communicator.scope |= {"user": user}
    connected, _ = await communicator.connect(timeout=PATIENCE)
    assert connected
    await communicator.send_json_to({"shown": shown})
    try:
        yield Line(communicator)
    finally:
        await communicator.disconnect()


async def others(line: Line, words: str) -> None:
    """Read until the page is told this of who else looks."""
    async with asyncio.timeout(PATIENCE):
        while (await line.frame())["others"] != words:
            pass


def test_a_page_is_told_at_once_how_its_question_stands() -> None:
    approval, ada = asked(), person("ada")
    say(approval, "bo", "Why?")

    async def listen() -> dict[str, Any]:
        async with looking(approval.pk, ada) as line:
            return await line.frame()

    frame = asyncio.run(listen())
    standing = standing_of(Approval.objects.get(), ada, timezone.now())
    assert frame == {"shown": approval.pk, "mark": standing.mark, "said": Comment.objects.get().pk, "others": ""}


def test_the_page_shows_the_mark_that_the_socket_tells(settings: Any) -> None:
    approval, ada = asked(), person("ada")
    page = signed_in(settings, ada).get(f"/approvals/{approval.pk}/").content.decode()
    mark = standing_of(Approval.objects.get(), ada, timezone.now()).mark
    assert f'data-shown="{approval.pk}"' in page
    assert f'data-mark="{mark}" data-said="0"' in page


def test_a_question_that_cannot_be_read_ends_the_line_so_that_the_page_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    approval, ada = asked(), person("ada")

    def broken(*_: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(asksocket, "read", broken)

    async def listen() -> int:
        async with looking(approval.pk, ada) as line:
            return await line.closed()

    assert asyncio.run(listen()) == FAILED


def test_everybody_is_told_who_else_looks_until_they_leave() -> None:
    approval, ada, bo = asked(), person("ada"), person("bo")

    async def listen() -> None:
        async with looking(approval.pk, ada) as line:
            await others(line, "")
            async with looking(approval.pk, bo) as second:
                await others(line, "bo looks at this too.")
                await others(second, "ada looks at this too.")
            await others(line, "")

    asyncio.run(listen())


def test_who_turns_to_another_question_leaves_the_first() -> None:
    one, other, ada, bo = asked(), asked(), person("ada"), person("bo")

    async def listen() -> None:
        async with looking(one.pk, ada) as line, looking(one.pk, bo) as second:
            await others(line, "bo looks at this too.")
            await second.communicator.send_json_to({"shown": other.pk})
            await others(line, "")
            while (await second.frame())["shown"] != other.pk:
                pass

    asyncio.run(listen())


def test_one_of_two_pages_of_the_same_person_may_close() -> None:
    approval, ada, bo = asked(), person("ada"), person("bo")

    async def listen() -> None:
        async with looking(approval.pk, ada) as line, looking(approval.pk, bo):
            async with looking(approval.pk, bo):
                await others(line, "bo looks at this too.")
            desk = await sync_to_async(Desk.objects.get)(person=bo)
            assert desk.looks_until is not None

    asyncio.run(listen())


def test_what_a_dead_process_left_lapses() -> None:
    approval, ada, bo = asked(), person("ada"), person("bo")
    now = timezone.now()
    Desk.keep(approval, bo, looks_until=now + LOOKS)
    assert standing_of(approval, ada, now).others == "bo looks at this too."
    assert standing_of(approval, ada, now + LOOKS + timedelta(seconds=1)).others == ""


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["a", "b"], "a, b look at this too."),
        (["a", "b", "c", "d"], "a, b, c and one more look at this too."),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more look at this too."),
    ],
)
def test_many_who_look_are_named_shortly(names: list[str], words: str) -> None:
    assert looking_words(names) == words


@pytest.mark.parametrize("verb", ["claim", "hand-over", "talk"])
def test_what_others_do_is_told_without_waiting_for_the_poll(settings: Any, verb: str) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "POLL_SECONDS": 60.0}
    approval, ada = asked(), person("ada")
    client: Client = signed_in(settings, person("bo"))

    async def listen() -> tuple[dict[str, Any], dict[str, Any]]:
        async with looking(approval.pk, ada) as line:
            first = await line.frame()
            await sync_to_async(client.post)(f"/approvals/{approval.pk}/{verb}/", {"to": "ada", "remark": "Hm."})
            return first, await line.frame()

    before, after = asyncio.run(listen())
    changed = {name for name in before if before[name] != after[name]}
    assert changed == ({"said"} if verb == "talk" else {"mark"})


def test_an_answer_from_elsewhere_is_told() -> None:
    approval, ada = asked(), person("ada")

    async def listen() -> tuple[dict[str, Any], dict[str, Any]]:
        async with looking(approval.pk, ada) as line:
            first = await line.frame()
            await sync_to_async(resume)(approval, GOOD, by="bo")
            await sync_to_async(closed)(approval)
            return first, await line.frame()

    before, after = asyncio.run(listen())
    assert before["mark"] != after["mark"]


def test_of_a_question_that_is_not_theirs_nobody_is_told_anything() -> None:
    hidden, own = asked(assign_to="bo"), asked(assign_to="eve")
    eve = person("eve", rights=("decide",))

    async def listen() -> dict[str, Any]:
        async with looking(hidden.pk, eve) as line:
            assert "beat" in await line.communicator.receive_json_from(timeout=PATIENCE)
            assert await line.communicator.receive_nothing(timeout=1)
            await line.communicator.send_json_to({"shown": own.pk})
            return await line.frame()

    assert asyncio.run(listen())["shown"] == own.pk
    assert not Desk.objects.filter(approval=hidden).exists()


@pytest.mark.parametrize("who", ["nobody", "viewer"])
def test_who_may_decide_nothing_may_not_listen(who: str) -> None:
    user: Any = AnonymousUser() if who == "nobody" else person("vi", rights=("view_run",))

    async def knock() -> Any:
        communicator: Any = WebsocketCommunicator(AskConsumer.as_asgi(), "/ws/approvals/")
        communicator.scope |= {"user": user}
        await communicator.connect(timeout=PATIENCE)
        return await communicator.receive_output(PATIENCE)

    # A browser is not told why a handshake failed, so the line is opened to say it; nothing else is.
    assert asyncio.run(knock()) == {"type": "websocket.close", "code": FORBIDDEN}


def test_whose_right_ends_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.web.live.consumers.HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr("workflows_app.web.live.consumers.CHECK_SECONDS", 0.1)
    approval, ada = asked(), person("ada")

    async def listen() -> int:
        async with looking(approval.pk, ada) as line:
            await line.frame()
            await sync_to_async(ada.user_permissions.clear)()
            return await line.closed()

    assert asyncio.run(listen()) == FORBIDDEN


@pytest.mark.parametrize("said", [None, [], "x", {"shown": "1"}, {"shown": -1}, {"shown": 2**63}, {"shown": 99}])
def test_a_page_that_talks_nonsense_keeps_its_line(said: Any) -> None:
    approval, ada = asked(), person("ada")

    async def listen() -> dict[str, Any]:
        async with looking(0, ada) as line:
            await line.communicator.send_json_to(said)
            await line.communicator.send_json_to({"shown": approval.pk})
            return await line.frame()

    assert asyncio.run(listen())["shown"] == approval.pk


def test_a_closed_page_is_forgotten() -> None:
    approval, ada = asked(), person("ada")

    async def visit() -> int:
        async with looking(approval.pk, ada) as line:
            await line.frame()
            return len(AskConsumer.lines)

    assert asyncio.run(visit()) == 1
    assert not AskConsumer.lines
    assert Desk.objects.get().looks_until is None
