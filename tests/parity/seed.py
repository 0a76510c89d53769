"""What the seed document's examples share: the message that is shouted, then emphasised."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from pydantic import BaseModel

from workflows_app import StepContext, create_step, create_workflow

T = TypeVar("T")


class Message(BaseModel):
    message: str


class Formatted(BaseModel):
    formatted: str


class Emphasized(BaseModel):
    emphasized: str


async def shout(ctx: StepContext) -> Formatted:
    return Formatted(formatted=ctx.input_data.message.upper())


async def emphasize(ctx: StepContext) -> Emphasized:
    return Emphasized(emphasized=f"{ctx.input_data.formatted}!!!")


def shouting() -> Any:
    return create_step(id="step-1", input_schema=Message, output_schema=Formatted, execute=shout)


def emphasizing() -> Any:
    return create_step(id="step-2", input_schema=Formatted, output_schema=Emphasized, execute=emphasize)


def two_steps(id: str = "test-workflow") -> Any:
    return (
        create_workflow(id=id, input_schema=Message, output_schema=Emphasized)
        .then(shouting())
        .then(emphasizing())
        .commit()
    )


def finished(workflow: Any, input_data: Any, **options: Any) -> Any:
    """Run a workflow to its rest, on an event loop of its own."""

    async def scenario() -> Any:
        return await (await workflow.create_run()).start(input_data=input_data, **options)

    return run(scenario())


def run(scenario: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(scenario, 30))
