"""An agent as a step: its answer is streamed, and becomes a text or the value that was asked for."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pydantic import BaseModel

from workflows_app.engine.abort import stopping
from workflows_app.engine.errors import InvalidInput, InvalidOutput, StepError, Tripwire
from workflows_app.engine.schema import Json, Schema

DELTA = ("text", "delta", "textDelta")
QUESTION = (
    "payload", "title", "resume_label", "due", "assign_to", "approvals", "allow_requester", "on_due", "body",
    "priority", "proposal",
)  # fmt: skip
MISSING = object()


class Prompt(BaseModel):
    prompt: str


class Text(BaseModel):
    text: str


class Answer:
    """What an agent has said so far."""

    def __init__(self) -> None:
        self.text = ""
        self.value: object = MISSING
        self.question: Mapping[str, Any] | None = None

    def take(self, said: Mapping[str, Any]) -> None:
        """Take in one chunk. Raises: Tripwire, StepError"""
        match said["type"]:
            case "text-delta":
                self.text += str(next((said[key] for key in DELTA if said.get(key) is not None), ""))
            case "object":
                self.value = said.get("object")
            case "finish" if isinstance(said.get("text"), str):
                self.text = said["text"]
            case "suspend":
                self.question = said
            case "tripwire":
                raise tripwire(said)
            case "error":
                raise StepError(message_in(said.get("error")))


def tripwire(said: Mapping[str, Any]) -> Tripwire:
    return Tripwire(
        str(said.get("reason") or ""), retry=bool(said.get("retry")), metadata=said.get("metadata"),
        processor_id=said.get("processorId"),
    )  # fmt: skip


def message_in(error: object) -> str:
    """Read the message of an error chunk, which is a text, an object with a message, or an exception."""
    told = error.get("message") if isinstance(error, Mapping) else error
    return str(told or "The agent failed.")


def ask_agent(find: Callable[[Any], Any], options: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Make a function of the context that streams the agent's answer.

    Every chunk is written to the run's stream. When the run is canceled the agent hears of it by its abort
    signal, and its stream is closed.
    """

    async def run_agent(ctx: Any) -> Json:
        answer, agent = Answer(), find(ctx)
        wanted = wanted_schema(ctx, agent)
        async with stopping(ctx.abort_signal), opened(agent, ctx, wanted, options) as chunks:
            async for chunk in chunks:
                said = unwrapped(chunk)
                ctx.writer.write({key: value for key, value in chunk.items() if key != "memory"})
                answer.take(said)
                if answer.question is not None:
                    return ask(ctx, answer.question)
                # A stream that never waits must not keep the other runs from their turns.
                await asyncio.sleep(0)
        return concluded(answer, wanted)

    return run_agent


@asynccontextmanager
async def opened(agent: Any, ctx: Any, wanted: Schema, options: Mapping[str, Any]) -> AsyncIterator[Any]:
    """Begin the agent's stream, and see to it that it is closed however the step ends."""
    bound = agent.within(ctx) if hasattr(agent, "within") else agent
    resumed = {"resume_data": ctx.resume_data, "memory": ctx.suspend_output} if ctx.is_resumed else {}
    given = {**options, **resumed, "output_schema": wanted.declared, "abort_signal": ctx.abort_signal}
    stream = bound.stream(prompt_of(ctx.input_data), **given)
    chunks = await stream if inspect.isawaitable(stream) else stream
    try:
        yield chunks
    finally:
        if hasattr(chunks, "aclose"):
            await chunks.aclose()


def wanted_schema(ctx: Any, agent: Any) -> Schema:
    """Say what the step wants, else what the agent gives; nothing is declared when a text will do."""
    wanted: Schema = ctx.output_schema
    return wanted if wanted.declared is not Text else Schema(getattr(agent, "output_schema", None))


def prompt_of(data: Any) -> str:
    """Read the prompt off the step's input. Raises: InvalidInput"""
    prompt = data.get("prompt") if isinstance(data, Mapping) else getattr(data, "prompt", None)
    if not isinstance(prompt, str):
        raise InvalidInput('An agent step takes {"prompt": text}. Put a .map before it that makes one.')
    return prompt


def unwrapped(chunk: object) -> Mapping[str, Any]:
    """Read a chunk, whose fields may lie in a payload. Raises: StepError"""
    if not isinstance(chunk, Mapping) or not isinstance(chunk.get("type"), str):
        raise StepError(f"An agent's chunk is a dict with a type, got {chunk!r:.80}.")
    payload = chunk.get("payload")
    if isinstance(payload, Mapping) and chunk["type"] != "suspend":
        return {**payload, **chunk}
    return chunk


def ask(ctx: Any, question: Mapping[str, Any]) -> Json:
    """Suspend the step with the agent's question, unless the agent has put it to the context itself.

    What the agent must remember is kept beside it.
    """
    if ctx.asked is None:
        ctx.suspend(**{key: question[key] for key in QUESTION if question.get(key) is not None})
    return question.get("memory")


def concluded(answer: Answer, wanted: Schema) -> Json:
    """Give the text, or the value that was asked for. Raises: StepError, InvalidOutput"""
    if not wanted:
        return {"text": answer.text}
    if answer.value is MISSING:
        raise StepError("The agent finished without the object that its output schema asks for.")
    return wanted.normalise(answer.value, InvalidOutput).data
