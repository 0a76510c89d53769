"""The protocol server: it lists the tools, and drives runs through the client of a studio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from pydantic_core import to_json

from workflows_app.client import AsyncRun, AsyncStudio, AsyncWorkflow
from workflows_app.client.answers import REST
from workflows_app.engine.errors import InvalidData, InvalidInput, WorkflowsError
from workflows_app.engine.paths import to_text
from workflows_app.engine.snapshot import Result
from workflows_app.mcp.tools import RUN_TOOLS, Json, input_of, named, tool_of

WAIT_SECONDS = 40.0
"""How long a call waits for a run to rest: clients commonly give a call up after a minute."""
LOOK_SECONDS = 1.0
INSTRUCTIONS = (
    "Each tool named after a workflow starts a run of it. Runs are durable: they outlive this conversation. When a "
    "run is 'suspended' it asks the questions in the result; answer with the tool 'answer', after asking the user "
    "where the decision is theirs. When it is 'running' or 'waiting', look again with 'get_run'."
)
Context = ServerRequestContext[Any, Any]
Report = Callable[[AsyncRun], Awaitable[None]]


def make_server(studio: AsyncStudio, *, wait: float = WAIT_SECONDS) -> Server[Any]:
    """Make a server that offers the workflows of a studio as tools."""
    desk = Desk(studio, wait)
    return Server(
        "workflow-studio", title="Workflow Studio", instructions=INSTRUCTIONS, on_list_tools=desk.list_tools,
        on_call_tool=desk.call_tool,
    )  # fmt: skip


class Desk:
    """Takes the calls of an agent."""

    def __init__(self, studio: AsyncStudio, wait: float) -> None:
        self.studio, self.wait = studio, wait

    async def list_tools(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[*(tool_of(name, workflow) for name, workflow in (await self.workflows()).items()), *RUN_TOOLS]
        )

    async def workflows(self) -> dict[str, AsyncWorkflow]:
        """Read what this caller may run. Raises: MCPError when the studio does not let them in"""
        try:
            return named((await self.studio.list_workflows()).values())
        except WorkflowsError as error:
            raise MCPError(types.INTERNAL_ERROR, error.message) from error

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """Do what a tool is for. A refusal is told to the agent, who may then do better. Raises: MCPError"""
        arguments = params.arguments or {}
        try:
            workflow, run = await self.begin(params.name, arguments)
            return said(standing_of(workflow, await self.settled(run, context)))
        except InvalidData as error:
            return said({"status": "refused", "error": {"message": error.message}, "problems": error.errors})
        except WorkflowsError as error:
            return said({"status": "refused", "error": {"message": error.message, "code": error.code}})

    async def begin(self, name: str, arguments: Json) -> tuple[AsyncWorkflow, AsyncRun]:
        """Start a run, or do something to one. Raises: MCPError for an unknown tool, and what the verb raises"""
        if name in (tool.name for tool in RUN_TOOLS):
            workflow = await self.studio.get_workflow(text_of(arguments, "workflow"))
            run = await workflow.get_run(text_of(arguments, "runId"))
            if name == "answer":
                await run.resume_async(step=arguments.get("path"), resume_data=arguments.get("data"))
            elif name == "cancel_run":
                await run.cancel(arguments.get("reason"))
            return workflow, run
        found = (await self.workflows()).get(name)
        if found is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name}")
        run = await found.create_run()
        try:
            await run.start_async(input_data=input_of(found.input_schema, arguments))
        except InvalidData:
            await self.withdraw(found, run)
            raise
        return found, run

    async def withdraw(self, workflow: AsyncWorkflow, run: AsyncRun) -> None:
        """Leave no run behind of what did not fit, if this caller may delete."""
        try:
            await workflow.delete_workflow_run_by_id(run.run_id)
        except WorkflowsError:
            return

    async def settled(self, run: AsyncRun, context: Context) -> Result:
        """Wait until a run rests, or as long as a client bears, and report its steps meanwhile."""
        progress = Progress(context) if "progress_token" in (context.meta or {}) else None
        loop = asyncio.get_running_loop()
        until = loop.time() + self.wait
        while True:
            left = max(until - loop.time(), 0)
            result = await run.standing(wait=min(left, LOOK_SECONDS) if progress else left)
            if progress is not None:
                await progress.report(run)
            if result.status in REST or left == 0:
                return result


class Progress:
    """Tells a client that gave a token of each step as it begins and ends."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.seq = self.steps = 0

    async def report(self, run: AsyncRun) -> None:
        for event in await run.list_events(self.seq):
            self.seq = event["seq"]
            payload = event.get("payload") or {}
            if event["type"].startswith("workflow-step") and "status" in payload:
                self.steps += 1
                await self.context.session.report_progress(self.steps, message=f"{payload['id']}: {payload['status']}")


def text_of(arguments: Json, name: str) -> str:
    """Read an argument that must be a text. Raises: InvalidInput"""
    value = arguments.get(name)
    if not isinstance(value, str):
        raise InvalidInput(errors=[{"path": name, "message": "A text is needed."}])
    return value


def standing_of(workflow: AsyncWorkflow, result: Result) -> Json:
    """Write how a run stands, with the questions it waits for."""
    document: Json = {"workflow": workflow.id, "runId": result.run_id, "status": result.status}
    if result.status == "success":
        document["result"] = result.result
    if result.error is not None:
        document["error"] = result.error
    if result.suspended:
        document["questions"] = [question_of(workflow, result, path) for path in result.suspended]
    return document


def question_of(workflow: AsyncWorkflow, result: Result, path: list[str | int]) -> Json:
    place = workflow.places.get(".".join(part for part in path if isinstance(part, str)))
    text = to_text(path)
    asked: Json = {"path": text, "payload": result.suspend_payload.get(text)}
    if place is not None and place.resume_schema is not None:
        asked["resumeSchema"] = place.resume_schema
    return asked


def said(document: Json) -> types.CallToolResult:
    """Answer a call: as data, and as text for clients that read no data."""
    failed = document["status"] in ("failed", "tripwire", "refused")
    text = types.TextContent(text=to_json(document, indent=2).decode())
    return types.CallToolResult(content=[text], structured_content=document, is_error=failed)
