"""The smallest workflow: two steps, and the output of the first is the input of the second."""

from __future__ import annotations

from pydantic import BaseModel, Field

from workflows_app import create_workflow, step


class Message(BaseModel):
    message: str = Field(default="Hello world", min_length=1, max_length=200, description="What is to be shouted.")


class Formatted(BaseModel):
    formatted: str


class Emphasized(BaseModel):
    emphasized: str


@step(id="step-1")
async def format_message(data: Message) -> Formatted:
    """Put the message in capitals."""
    return Formatted(formatted=data.message.upper())


@step(id="step-2")
async def emphasize(data: Formatted) -> Emphasized:
    """Add exclamation marks."""
    return Emphasized(emphasized=f"{data.formatted}!!!")


test_workflow = (
    create_workflow(
        id="test-workflow",
        description="Turns a message into a loud one, in two steps.",
        input_schema=Message,
        output_schema=Emphasized,
    )
    .then(format_message)
    .then(emphasize)
    .commit()
)
