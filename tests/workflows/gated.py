"""A workflow that rests until a file is there, however slow the machine is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from workflows_app import create_step, create_workflow


class Gate(BaseModel):
    gate: str


async def begin(ctx: Any) -> Any:
    return ctx.input_data


async def rest(ctx: Any) -> Any:
    while not Path(ctx.input_data.gate).exists():
        await asyncio.sleep(0.05)
    return {"rested": True}


async def end(ctx: Any) -> Any:
    return {"done": True}


gated = (
    create_workflow(id="gated", input_schema=Gate)
    .then(create_step(id="begin", execute=begin))
    .then(create_step(id="rest", execute=rest, input_schema=Gate))
    .then(create_step(id="end", execute=end))
    .commit()
)

workflows = [gated]
