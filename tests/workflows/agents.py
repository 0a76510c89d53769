"""An agent that talks until it is stopped, and a tool whose workflow asks a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from pydantic import BaseModel

from workflows_app import StepContext, create_step, create_workflow


class Prompt(BaseModel):
    prompt: str = "Talk."


class Verdict(BaseModel):
    sure: bool
    note: str = ""


class Talker:
    id = "talker"
    description: str | None = "Begins to talk, and goes on until somebody stops it."

    async def stream(self, prompt: str, **options: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"type": "tool-call", "toolName": "listen", "args": {"to": prompt}}
        for word in ("Once ", "upon ", "a time"):
            yield {"type": "text-delta", "text": word}
        yield {"type": "finish", "usage": {"inputTokens": 3, "outputTokens": 4}}
        await asyncio.Event().wait()


async def ask(ctx: StepContext) -> Any:
    if ctx.resume_data is None:
        return await ctx.suspend({"prompt": ctx.input_data}, title="Are you sure?")
    return ctx.resume_data


sure = create_workflow(id="sure").then(create_step(id="ask", execute=ask, resume_schema=Verdict)).commit()
talk = create_workflow(id="talk", input_schema=Prompt).agent(Talker(), id="speak").commit()
calls = create_workflow(id="calls").tool(sure.as_tool()).commit()

workflows = [talk, sure, calls]
