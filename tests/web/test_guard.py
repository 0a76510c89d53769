"""Who may talk to the studio: hosts, other sites, other machines, and how much they may send."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from workflows_app.web.guard import ConnectionGuard

pytestmark = pytest.mark.django_db

PATHS = ["/", "/no-such-page", "/static/css/tokens.css", "/api/no-such-route"]
OWN = {"host": "testserver", "origin": "http://testserver"}


def scope(kind: str, server: str = "127.0.0.1", **headers: str) -> dict[str, Any]:
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "path": "/", "server": (server, 8000), "headers": encoded}


def connect(connection: dict[str, Any], *chunks: bytes) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return what the guard sent back, and what reached the application."""
    sent: list[dict[str, Any]] = []
    reached: list[Any] = []
    events = iter(chunks)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        reached.append("connected")
        for _ in chunks:
            event = await receive()
            reached.append(event.get("body", event["type"]))
        await send({"type": "done"})

    async def receive() -> Any:
        return {"type": "http.request", "body": next(events), "more_body": True}

    async def send(event: Any) -> None:
        sent.append(event)

    guard: Any = ConnectionGuard(application)
    asyncio.run(guard(connection, receive, send))
    return sent, reached


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254", ""])
def test_it_refuses_a_host_that_is_not_ours(client: Client, path: str, host: str) -> None:
    assert client.get(path, headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_it_answers_to_the_names_of_this_machine(client: Client, host: str) -> None:
    assert client.get("/no-such-page", headers={"host": host}).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:3000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_it_refuses_what_another_site_sends(client: Client, method: str, headers: dict[str, str]) -> None:
    page = client.generic(method, "/no-such-page", headers=headers)
    api = client.generic(method, "/api/no-such-route", headers=headers)
    assert (page.status_code, api.status_code) == (403, 403)
    assert "another site" in api.json()["error"]


@pytest.mark.parametrize("headers", [{}, {"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}])
def test_it_takes_what_our_own_pages_and_other_programs_send(client: Client, headers: dict[str, str]) -> None:
    assert client.post("/no-such-page", headers=headers).status_code == 404


def test_another_site_may_link_to_a_page(client: Client) -> None:
    assert client.get("/no-such-page", headers={"sec-fetch-site": "cross-site"}).status_code == 404


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_the_api_refuses_a_body_that_a_plain_form_could_send(client: Client, kind: str) -> None:
    answer = client.generic("POST", "/api/no-such-route", b'{"a": 1}', content_type=kind)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]


def test_the_api_takes_json_and_calls_without_a_body(client: Client) -> None:
    assert client.post("/api/no-such-route", {}, content_type="application/json").status_code == 404
    assert client.generic("POST", "/api/no-such-route", content_type="").status_code == 404


@pytest.mark.parametrize("path", ["/no-such-page", "/static/css/tokens.css"])
def test_every_answer_tells_the_browser_what_it_may_do(client: Client, path: str) -> None:
    answer = client.get(path)
    answer.close()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_body_that_says_it_is_too_long_is_refused_unread(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    sent, reached = connect(scope("http", content_length="11"), b"x" * 11)
    assert sent[0]["status"] == 413
    assert reached == []


def test_a_body_that_does_not_say_its_length_is_counted(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    sent, reached = connect(scope("http"), b"123456", b"78901")
    assert reached == ["connected", b"123456", "http.disconnect"]
    assert [event.get("status") for event in sent] == [413, None]
    assert b"larger than 10 bytes" in sent[1]["body"]


def test_a_program_whose_body_is_too_long_is_told_so_in_json(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    sent, _ = connect({**scope("http", content_length="11"), "path": "/api/workflows/x/start"}, b"x" * 11)
    assert (sent[0]["status"], dict(sent[0]["headers"])[b"content-type"]) == (413, b"application/json")
    assert json.loads(sent[1]["body"]) == {"error": "The body is larger than 10 bytes; send less."}


def test_a_body_as_long_as_the_limit_is_taken(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    sent, reached = connect(scope("http", content_length="10"), b"12345", b"67890")
    assert reached == ["connected", b"12345", b"67890"]
    assert sent == [{"type": "done"}]


@pytest.mark.parametrize("server", ["192.168.1.5", "0.0.0.0", "2001:db8::1"])  # noqa: S104
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_without_accounts_other_machines_get_nothing(settings: Settings, kind: str, server: str) -> None:
    settings.STUDIO_AUTH = "none"
    sent, reached = connect(scope(kind, server, **OWN))
    assert reached == []
    assert sent[0].get("status") == 403 or sent[0]["type"] == "websocket.close"


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_with_accounts_other_machines_may_come(settings: Settings, kind: str) -> None:
    settings.STUDIO_AUTH = "django"
    assert connect(scope(kind, "192.168.1.5", **OWN))[1] == ["connected"]


@pytest.mark.parametrize("server", ["127.0.0.1", "127.8.8.8", "::1"])
def test_a_socket_of_our_own_page_is_let_through(server: str) -> None:
    assert connect(scope("websocket", server, **OWN))[1] == ["connected"]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "testserver", "origin": "http://evil.example"},
        {"host": "testserver", "origin": "http://testserver:3000"},
        {"host": "testserver", "origin": "http://testserver", "sec_fetch_site": "cross-site"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"origin": "http://testserver"},
    ],
)
def test_a_socket_of_another_site_is_refused(headers: dict[str, str]) -> None:
    sent, reached = connect(scope("websocket", **headers))
    assert reached == []
    assert sent[0]["type"] == "websocket.close"


def test_a_static_file_that_is_replaced_under_a_running_studio_is_sent_whole(
    settings: Settings, tmp_path: Path
) -> None:
    settings.STATICFILES_DIRS = [tmp_path]
    client, file = Client(), tmp_path / "some.js"
    for text in ("let a;", "let a, longer;", "short"):
        file.write_text(text)
        response = client.get("/static/some.js")
        assert (b"".join(response), response["content-length"]) == (text.encode(), str(len(text)))
