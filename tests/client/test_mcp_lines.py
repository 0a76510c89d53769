"""The lines by which an agent reaches the tools: HTTP, and a process that it starts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from mcp import Client, StdioServerParameters

from tests.process import ROOT, StudioProcess, environment_of
from workflows_app.mcp import mounted

ORDER = {"customer": "Ada", "total": 12}
HEADERS = {"accept": "application/json, text/event-stream"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


async def order(client: Client) -> None:
    """Have an order shipped by way of the tools."""
    asked = (await client.call_tool("order", ORDER)).structured_content
    run = {"workflow": asked["workflow"], "runId": asked["runId"]}
    done = await client.call_tool("answer", {**run, "data": {"decision": "approve"}})
    assert done.structured_content == {**run, "status": "success", "result": {"shipped": True}}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_studio_answers_agents_over_http(served: StudioProcess, mode: str) -> None:
    async def drive() -> None:
        async with Client(f"{served.address}/mcp", mode=mode) as client:
            await order(client)

    asyncio.run(drive())


@pytest.mark.parametrize(
    ("method", "given", "status"),
    [
        ("POST", {}, 200),
        ("POST", {"headers": {"origin": "https://elsewhere.example"}}, 403),
        ("POST", {"headers": {"sec-fetch-site": "cross-site"}}, 403),
        ("POST", {"headers": {"host": "elsewhere.example"}}, 403),
        ("POST", {"headers": {"authorization": "Bearer wfs_wrong"}}, 401),
        ("POST", {"headers": {"content-type": "text/plain"}}, 400),
        ("POST", {"json": None, "content": b"{"}, 400),
        ("POST", {"json": None, "content": b" " * 5_000_000}, 413),
        ("GET", {"json": None}, 405),
        ("DELETE", {"json": None}, 405),
    ],
)
def test_who_may_ask_and_how(served: StudioProcess, method: str, given: dict[str, Any], status: int) -> None:
    headers = {**HEADERS, "content-type": "application/json", **given.pop("headers", {})}
    asked: dict[str, Any] = {"json": LIST, **given}
    answer = httpx.request(method, f"{served.address}/mcp", headers=headers, timeout=60, **asked)
    assert answer.status_code == status, answer.text
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    async def busy(scope: Any, receive: Any, send: Any) -> None:
        """Stand for an application whose API has had enough."""
        headers = [(b"content-type", b"application/json"), (b"retry-after", b"7")]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"error": "Too many calls."}'})

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(mounted(busy))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=HEADERS) as client:
            return await client.post("/mcp", json=LIST)

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.headers["retry-after"], answer.text) == (429, "7", "Too many calls.")


def command(data_dir: Path, *words: str, **environment: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["manage.py", "mcp", *words], cwd=ROOT,
        env={**environment_of(data_dir), **environment},
    )  # fmt: skip


def test_a_command_leads_to_a_studio_elsewhere(served: StudioProcess, tmp_path: Path) -> None:
    async def drive() -> None:
        async with Client(command(tmp_path, "--url", served.address)) as client:
            await order(client)

    asyncio.run(drive())


def test_a_command_performs_the_runs_of_its_own_database(served: StudioProcess) -> None:
    async def drive() -> None:
        async with Client(command(served.data_dir, STUDIO_WORKFLOWS="tests.workflows.journeys")) as client:
            await order(client)

    asyncio.run(drive())


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.mcp.is_installed", lambda: False)
    with pytest.raises(CommandError, match="pip install"):
        call_command("mcp")


def test_without_the_extra_there_is_no_such_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.mcp.is_installed", lambda: False)
    application = object()
    assert mounted(application) is application
