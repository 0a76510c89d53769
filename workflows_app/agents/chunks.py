"""What a model's run tells, as the chunks of our agents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
)
from pydantic_ai.usage import RunUsage
from pydantic_core import to_jsonable_python

from workflows_app.engine.schema import Json

Chunk = dict[str, Json]


def told(event: object) -> Iterator[Chunk]:
    """Put one event of a run in chunks; most are text, what is not known here is left out."""
    match event:
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            yield from delta("text-delta", text)
        case PartStartEvent(part=ThinkingPart(content=text)):
            yield from delta("reasoning-delta", text)
        case PartDeltaEvent(delta=ThinkingPartDelta(content_delta=text)):
            yield from delta("reasoning-delta", text)
        case FunctionToolCallEvent(part=part):
            yield {**named("tool-call", part), "args": plain(part.args)}
        case FunctionToolResultEvent(part=part):
            yield {**named("tool-result", part), "result": plain(part.content)}


def delta(kind: str, text: str | None) -> Iterator[Chunk]:
    if text:
        yield {"type": kind, "text": text}


def named(kind: str, part: Any) -> Chunk:
    return {"type": kind, "toolCallId": part.tool_call_id, "toolName": part.tool_name}


def plain(value: object) -> Json:
    """Show any value as JSON; what is not, as text."""
    return to_jsonable_python(value, inf_nan_mode="strings", fallback=repr)


def finish(usage: RunUsage, reason: str) -> Chunk:
    """Tell how a run ended, and the tokens it used."""
    tokens = {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens}
    return {"type": "finish", "reason": reason, "usage": {**tokens, "totalTokens": usage.total_tokens}}
