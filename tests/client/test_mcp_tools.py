"""Workflows as tools, called by the protocol's own client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from tests.process import StudioProcess
from workflows_app.client import AsyncStudio, Studio
from workflows_app.mcp.server import make_server
from workflows_app.mcp.tools import arguments_schema, input_of, named

ORDER = {"customer": "Ada", "total": 12}
Drive = Callable[[Client], Awaitable[None]]


def driven(served: StudioProcess, drive: Drive, wait: float = 20.0, mode: str = "auto") -> None:
    """Drive an agent's client that speaks to a studio; as "legacy" it says every word, as over a line."""

    async def run() -> None:
        async with connected(served.address, wait, mode) as client:
            await drive(client)

    asyncio.run(run())


@asynccontextmanager
async def connected(address: str, wait: float, mode: str = "auto") -> AsyncIterator[Client]:
    async with AsyncStudio(address) as studio, Client(make_server(studio, wait=wait), mode=mode) as client:
        yield client


async def called(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    document: dict[str, Any] = result.structured_content
    assert result.is_error is (document["status"] in ("failed", "refused"))
    assert isinstance(result.content[0], types.TextContent)
    return document


def test_every_workflow_is_a_tool_with_its_input(served: StudioProcess) -> None:
    async def drive(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"answer", "get_run", "cancel_run", "order", "wire-approval"} <= set(tools)
        assert tools["order"].description == "Checks an order and asks a person."
        assert tools["order"].input_schema["required"] == ["customer", "total"]
        assert tools["each"].input_schema["properties"] == {"input": {"type": "integer"}}

    driven(served, drive)


def test_a_run_asks_its_question_and_goes_on_with_the_answer(served: StudioProcess) -> None:
    async def drive(client: Client) -> None:
        asked = await called(client, "order", **ORDER)
        [question] = asked["questions"]
        assert (asked["status"], question["path"], question["payload"]) == ("suspended", "review", {"score": 12})
        assert "decision" in question["resumeSchema"]["properties"]
        run = {"workflow": asked["workflow"], "runId": asked["runId"]}
        refused = await called(client, "answer", **run, data={"decision": "perhaps"})
        assert refused["problems"][0]["path"] == "decision"
        assert await called(client, "get_run", **run) == asked
        done = await called(client, "answer", **run, path="review", data={"decision": "approve"})
        assert (done["status"], done["result"]) == ("success", {"shipped": True})
        late = await called(client, "answer", **run, data={"decision": "approve"})
        assert late["error"]["code"] == "not_suspended"

    driven(served, drive)


def test_a_client_that_gave_a_token_is_told_of_every_step(served: StudioProcess) -> None:
    async def drive(client: Client) -> None:
        told: list[tuple[float, str | None]] = []

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            told.append((progress, message))

        await client.call_tool("order", ORDER, progress_callback=tell)
        assert [number for number, _ in told] == list(range(1, len(told) + 1))
        assert [message for _, message in told][:2] == ["check: running", "check: success"]

    driven(served, drive, mode="legacy")


def test_a_long_run_is_not_waited_for_to_its_end(served: StudioProcess) -> None:
    async def drive(client: Client) -> None:
        started = await called(client, "patient", seconds=30)
        assert started["status"] == "running"
        run = {"workflow": "patient", "runId": started["runId"]}
        assert (await called(client, "get_run", **run))["status"] == "running"
        assert (await called(client, "cancel_run", **run, reason="enough"))["status"] == "canceled"

    driven(served, drive, wait=0.2)


def test_what_is_refused_is_told_to_the_agent(served: StudioProcess, studio: Studio) -> None:
    before = studio.get_workflow("order").list_workflow_runs(page=0, per_page=1).total

    async def drive(client: Client) -> None:
        refused = await called(client, "order", customer="A", total=1)
        assert refused["problems"][0]["path"] == "customer"
        assert (await called(client, "failing", input=None))["error"]["message"] == "The cupboard is bare"
        assert (await called(client, "get_run", workflow="order", runId="nobody"))["error"]["code"] == "run_not_found"
        assert (await called(client, "get_run", workflow="order", runId=5))["problems"][0]["path"] == "runId"
        with pytest.raises(MCPError, match="Unknown tool: nobody"):
            await client.call_tool("nobody", {})

    driven(served, drive)
    assert studio.get_workflow("order").list_workflow_runs(page=0, per_page=1).total == before


def test_an_answer_to_nobody_is_said(served: StudioProcess) -> None:
    async def drive() -> None:
        async with connected("http://127.0.0.1:9", 1) as client:
            with pytest.raises(MCPError, match="does not answer"):
                await client.list_tools()

    asyncio.run(drive())


@pytest.mark.parametrize(
    ("schema", "arguments", "given"),
    [
        ({"type": "object", "properties": {"a": {}}}, {"a": 1}, {"a": 1}),
        ({"type": "integer"}, {"input": 3}, 3),
        (None, {"input": [1]}, [1]),
        (None, {}, None),
    ],
)
def test_arguments_become_the_input(schema: Any, arguments: dict[str, Any], given: Any) -> None:
    assert input_of(schema, arguments) == given
    assert arguments_schema(schema)["type"] == "object"


def test_definitions_stay_where_references_find_them() -> None:
    schema = {"$defs": {"Node": {"type": "object"}}, "$ref": "#/$defs/Node"}
    wrapped = arguments_schema(schema)
    assert (wrapped["$defs"], wrapped["properties"]["input"]) == (schema["$defs"], {"$ref": "#/$defs/Node"})


def test_names_are_what_clients_take_and_stand_once() -> None:
    class Named:
        def __init__(self, id: str) -> None:
            self.id = id

    workflows: Any = [Named("a b"), Named("a_b"), Named("answer"), Named("ä" * 200), Named("ö" * 200)]
    assert list(named(workflows)) == ["a_b", "a_b-2", "answer-2", "_" * 64, "_" * 60 + "-2"]
