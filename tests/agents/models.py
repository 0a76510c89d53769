"""Models that do as they are told, and the one way to run an agent step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from pydantic_ai import models
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall, FunctionModel

from tests.engine.conformance.fixtures import chain
from workflows_app import Engine, create_step

models.ALLOW_MODEL_REQUESTS = False

PROMPT = {"prompt": "How warm is it in Oulu?"}
Said = str | dict[int, DeltaToolCall] | dict[int, DeltaThinkingPart]
Reply = Callable[[list[ModelMessage], AgentInfo], list[Said]]


def calling(name: str, args: str, call_id: str = "call-1", index: int = 0) -> Said:
    """Say that a tool is to be called."""
    return {index: DeltaToolCall(name=name, json_args=args, tool_call_id=call_id)}


def tool_results(messages: list[ModelMessage]) -> list[Any]:
    """List what the tools gave so far."""
    parts = [part for message in messages if isinstance(message, ModelRequest) for part in message.parts]
    return [part.content for part in parts if isinstance(part, ToolReturnPart)]


def model(reply: Reply) -> FunctionModel:
    """Make a model that says what a function of the conversation gives, piece by piece."""

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        for said in reply(messages, info):
            yield said

    return FunctionModel(stream_function=stream)


def first_then(*calls: Said) -> FunctionModel:
    """Make a model that calls tools first, and then says what they gave."""
    return model(lambda messages, info: [str(results)] if (results := tool_results(messages)) else list(calls))


async def ran(agent: Any, data: Any = PROMPT, journal: Any = None, **options: Any) -> tuple[Any, Any]:
    """Run an agent step; give the run and its result."""
    workflow = chain("wf", create_step(agent, **options))
    Engine([workflow], journal=journal)
    run = await workflow.create_run()
    return run, await run.start(input_data=data)


def go(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 30))


def outcome(agent: Any, **options: Any) -> Any:
    """Run an agent step to its rest, for a test that needs nothing else."""
    found: list[Any] = []

    async def scenario() -> None:
        found.append((await ran(agent, **options))[1])

    go(scenario())
    return found[0]
