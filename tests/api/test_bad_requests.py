"""What bad input gets: always a 4xx with a sentence, never a change. The table is in `bad_requests.py`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from studio.asgi import guarded
from tests.api.bad_requests import JSON, Bad, There, corpus
from tests.api.conftest import MODULES, Caller
from workflows_app import runtime
from workflows_app.models import Event, Run, Token
from workflows_app.models.token import digest_of, new_text
from workflows_app.routing import websocket_urlpatterns
from workflows_app.web.people.signin import signed_in_sockets

BY_THE_WAY = {"Worker", "Ending", "Rollup", "RollupCursor"}
"""Tables that the studio itself writes to, whatever is asked."""
communicator: Any = ApplicationCommunicator
WORDS = re.compile(r"\w+ \w+")


def everything() -> dict[str, list[Any]]:
    """Read every row that somebody could change."""
    models: list[Any] = [*apps.get_app_config("workflows_app").get_models(), User]
    return {
        model.__name__: sorted(map(repr, model._base_manager.values_list()))
        for model in models
        if model.__name__ not in BY_THE_WAY
    }


def token(user: User, **columns: Any) -> str:
    text = new_text()
    made = {"name": "x", "begins": text[:12], "scopes": ["view_run", "view_payload"], "created_at": timezone.now()}
    Token.objects.create(user=user, digest=digest_of(text), **made, **columns)
    return text


@pytest.fixture
def there(caller: Caller) -> There:
    """Have a run that waits, one that has ended, a question, a webhook, and two tokens that do not work any more."""
    suspended = caller.run("wire-approval", {"requestId": "r", "amount": 1})["runId"]
    caller.run("paid", {"order": "o-1"})
    _, hook = caller.post("/webhooks", {"url": "http://10.0.0.1/", "events": ["run.finished"]})
    caller.client.patch(f"/api/webhooks/{hook['id']}", {"active": False}, JSON)
    user = User.objects.get()
    return There(
        suspended=suspended,
        done=caller.run("wire-slow", {"ms": 0})["runId"],
        approval=caller.get("/approvals", runId=suspended)[1]["approvals"][0]["id"],
        webhook=hook["id"],
        ended=token(user, expires_at=timezone.now()),
        revoked=token(user, revoked_at=timezone.now()),
    )


async def ask(bad: Bad) -> tuple[int, str]:
    """Send a request to the whole application as a server would, and give the status and the text."""
    headers = {"host": "testserver", "content-type": JSON, **bad.headers}
    if bad.method == "GET" or not (bad.content or bad.chunks):
        headers.pop("content-type")
    if bad.content and "content-length" not in headers:
        headers["content-length"] = str(len(bad.content))
    if bad.chunks:
        headers["transfer-encoding"] = "chunked"
    path, _, query = bad.path.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": bad.method, "scheme": "http", "root_path": "",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()],
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5), "asgi": {"version": "3.0"},
    }  # fmt: skip
    chunks = list(bad.chunks or [bad.content])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not chunks:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(event: Any) -> None:
        sent.append(event)

    await guarded(scope, receive, send)  # type: ignore[arg-type]
    body = b"".join(event.get("body", b"") for event in sent[1:])
    return sent[0]["status"], body.decode()


def test_bad_requests_are_refused_in_a_sentence_and_change_nothing(there: There) -> None:
    before = everything()
    table = list(corpus(there))
    assert len(table) > 300

    async def all_of_it() -> list[str]:
        return [fault async for fault in faults(table)]

    found = asyncio.run(all_of_it())
    assert not found, "\n".join(found)
    assert everything() == before


async def faults(table: list[Bad]) -> AsyncIterator[str]:
    for bad in table:
        try:
            status, text = await ask(bad)
        except Exception as error:
            yield f"{bad.method} {bad.path[:90]} ({bad.why}): {error!r:.200}"
            continue
        if not (400 <= status < 500 and WORDS.search(text)):
            yield f"{bad.method} {bad.path[:90]} ({bad.why}): {status} {text[:120]!r}"


# Sockets


SOCKETS: list[tuple[str, dict[str, str]]] = [
    ("/ws/runs/nobody/", {"origin": "https://evil.example"}),
    ("/ws/runs/", {"origin": "https://evil.example"}),
    ("/ws/approvals/", {"origin": "https://evil.example"}),
    ("/ws/approvals/", {"origin": ""}),
    ("/ws/runs/", {"origin": "null"}),
    ("/ws/runs/", {"origin": "http://localhost"}),
    ("/ws/runs/", {"origin": "http://testserver", "sec-fetch-site": "cross-site"}),
    ("/ws/runs/", {"origin": ""}),
    ("/ws/runs/", {"host": "evil.example", "origin": "http://evil.example"}),
    ("/ws/runs/", {"host": ""}),
    ("/ws/runs/", {"host": "[::1"}),
    ("/ws/nobody/", {"origin": "http://testserver"}),
    ("/", {"origin": "http://testserver"}),
    ("/api/workflows", {"origin": "http://testserver"}),
]


def test_sockets_that_may_not_be_opened_are_closed(there: There) -> None:
    async def answer(path: str, headers: dict[str, str]) -> Any:
        said = {"host": "testserver", **headers}
        scope = {
            "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in said.items()], "subprotocols": [],
            "scheme": "ws", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5), "asgi": {"version": "3.0"},
        }  # fmt: skip
        socket: Any = communicator(guarded, scope)
        await socket.send_input({"type": "websocket.connect"})
        return (await socket.receive_output(5))["type"]

    async def answers() -> list[Any]:
        return [await answer(path, headers) for path, headers in SOCKETS]

    assert asyncio.run(answers()) == ["websocket.close"] * len(SOCKETS)


FRAMES: list[str | bytes] = [
    "{", "[]", "null", "NaN", '"x"', "\ud83d", "[" * 60_000, '{"rows": 5}', '{"rows": {"a": "x"}}',
    '{"rows": {}, "query": 5}', '{"rows": {}, "query": "?older=x.y&page=-1"}', '{"rows": {}, "top": {"a": 1}}',
    '{"rows": {}, "top": "' + "9" * 400 + '"}', '{"rows": {"\\u0000": 1}}', '{"a": 1, "a": 2}', b"\x00\xff", b"{}", "",
    '{"rows": {}, "query": "?q=%00&from=9999999-01-01&tag=%ff"}', '{"shown": -1}', '{"shown": 99999999}',
    '{"shown": 9999999999999999999999}', '{"shown": 1.5}', '{"shown": {"a": 1}}', '{"shown": null}',
]  # fmt: skip


def test_frames_that_cannot_be_do_no_harm(there: There) -> None:
    before, sockets = everything(), signed_in_sockets(URLRouter(websocket_urlpatterns))

    async def spoken(address: str, frame: str | bytes) -> None:
        socket: Any = WebsocketCommunicator(sockets, address.format(run=there.suspended))
        assert (await socket.connect(5))[0]
        kind = "text" if isinstance(frame, str) else "bytes"
        await socket.send_input({"type": "websocket.receive", kind: frame})
        assert (await socket.receive_output(5))["type"] == "websocket.send"
        await socket.disconnect(5)

    async def all_of_it() -> None:
        for address in ("/ws/runs/", "/ws/approvals/", "/ws/runs/{run}/?after=x", "/ws/runs/{run}/?after=" + "9" * 50):
            for frame in FRAMES:
                await spoken(address, frame)

    asyncio.run(all_of_it())
    assert everything() == before


# The command line


COMMANDS: list[tuple[str, list[str]]] = [
    ("runworkflow", []), ("runworkflow", ["nobody"]), ("runworkflow", ["wire-slow", "--input", "{"]),
    ("runworkflow", ["wire-slow", "--input", "NaN}"]), ("runworkflow", ["wire-slow", "--input", "5"]),
    ("runworkflow", ["wire-slow", "--input", '{"ms": "x"}']), ("runworkflow", ["wire-slow", "--input", "@/nobody"]),
    ("runworkflow", ["wire-slow", "--input", "@/"]), ("runworkflow", ["wire-slow", "--input", "[" * 50_000]),
    ("runworkflow", ["wire-slow", "--input", '"\udcff"']), ("runworkflow", ["wire-slow", "--input", '"\\ud800"']),
    ("runworkflow", ["wire-slow", "--input", '{"ms": 0}', "--context", "5"]),
    ("runworkflow", ["wire-slow", "--input", '{"ms": 0}', "--context", "{"]),
    ("runworkflow", ["wire-slow", "--input", '{"ms": 0}', "--state", "{"]),
    ("runworkflow", ["wire-slow", "--input", '{"ms": 0}', "--run-id", "x" * 201]),
    ("runworkflow", ["wire-slow", "--input", '{"ms": 0}', "--run-id", "a\0"]),
    ("runworkflow", ["wire-slow", "--resume", "nobody"]), ("runworkflow", ["wire-slow", "--resume", "a\0"]),
    ("runworkflow", ["wire-slow", "--nobody"]), ("runs", ["--status", "bogus"]), ("runs", ["--limit", "x"]),
    ("runs", ["--limit"]), ("runs", ["--nobody"]), ("prune_runs", ["--nobody"]), ("nobody", []),
]  # fmt: skip


@pytest.fixture
def nothing_runs(transactional_db: None, settings: Any) -> Iterator[None]:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": MODULES}
    runtime.process.catalogue = None
    yield
    runtime.process.catalogue = None


def test_commands_that_cannot_be_are_refused_in_a_sentence_and_change_nothing(nothing_runs: None) -> None:
    before = everything()
    for name, options in COMMANDS:
        with pytest.raises(CommandError) as refused:
            call_command(name, *options)
        assert WORDS.search(str(refused.value)), (name, options)
    assert everything() == before


# Rows that somebody else wrote


@pytest.mark.parametrize(
    "row",
    [
        {"data": "{"}, {"data": "[]"}, {"data": "null"}, {"data": ""}, {"data": '{"nobody": 1}'}, {"data": "NaN"},
        {"data": "[" * 9_000}, {"kind": "Nobody"}, {"kind": ""}, {"version": 99}, {"data": '{"output_ref": ["00", 5]}'},
        {"data": '{"output_ref": 5}'}, {"data": "{}"},
    ],
)  # fmt: skip
def test_a_run_whose_rows_cannot_be_read_says_so(there: There, caller: Caller, row: dict[str, Any]) -> None:
    Event.objects.filter(run=there.done, kind="StepSucceeded").update(**row)
    before = everything()
    run = f"/workflows/wire-slow/runs/{there.done}"
    answers = [
        caller.get(run),
        caller.get(f"{run}/events"),
        caller.post("/workflows/wire-slow/preview", {"verb": "cancel"}, runId=there.done),
    ]
    for status, refused in answers:
        assert (status, WORDS.search(refused["error"]) is not None) == (409, True), refused
    assert caller.get("/workflows/wire-slow/runs")[0] == 200
    pages = [caller.client.get(address).status_code for address in (f"/runs/{there.done}/", "/runs/", "/")]
    assert pages == [409, 200, 200]
    assert everything() == before
    Run.objects.filter(pk=there.done).delete()
