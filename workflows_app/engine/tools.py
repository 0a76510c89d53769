"""Tools: typed functions that agents call and that stand as steps in workflows."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, overload

from . import signature
from .context import StepContext
from .errors import InvalidInput
from .options import schema_of
from .paths import checked_id
from .schema import ANY, Json, Schema, Value, to_plain

ToolContext = StepContext


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tool:
    """A function with an id, a description and schemas; it takes its input and a ToolContext."""

    id: str
    execute: Callable[..., Any]
    description: str | None = None
    input_schema: Schema = ANY
    output_schema: Schema = ANY
    suspend_schema: Schema = ANY
    resume_schema: Schema = ANY


def create_tool(
    *, id: str, execute: Callable[..., Any], description: str | None = None, input_schema: Any = None,
    output_schema: Any = None, suspend_schema: Any = None, resume_schema: Any = None,
) -> Tool:  # fmt: skip
    """Make a tool out of a function of its input and the context. Raises: DefinitionError"""
    return Tool(
        id=checked_id(id, "tool"), execute=execute, description=description,
        input_schema=schema_of("input_schema", input_schema), output_schema=schema_of("output_schema", output_schema),
        suspend_schema=schema_of("suspend_schema", suspend_schema),
        resume_schema=schema_of("resume_schema", resume_schema),
    )  # fmt: skip


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(**options: Any) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a tool out of a function; its schemas come from the annotations. Raises: DefinitionError"""

    def decorate(target: Callable[..., Any]) -> Tool:
        found = signature.read(target)
        read = {
            "id": target.__name__.replace("_", "-"), "description": inspect.getdoc(target),
            "input_schema": found.input_schema.declared, "output_schema": found.output_schema.declared,
        }  # fmt: skip
        return create_tool(execute=taking_input(found.execute), **{**read, **options})

    return decorate if function is None else decorate(function)


def taking_input(function: Callable[[Any], Any]) -> Callable[..., Any]:
    """Make a function of the context one of the input and the context."""

    def execute(input_data: Any, ctx: Any) -> Any:
        ctx.input_data = input_data
        return function(ctx)

    async def execute_async(input_data: Any, ctx: Any) -> Any:
        return await execute(input_data, ctx)

    return functools.wraps(function)(execute_async if signature.is_async(function) else execute)


def taking_context(tool: Tool) -> Callable[[Any], Any]:
    """Make a function of the context that calls the tool with the context's input; like the tool's, it is
    a coroutine function, or a plain one that may block."""

    def call(ctx: Any) -> Any:
        return tool.execute(ctx.input_data, ctx)

    async def call_async(ctx: Any) -> Any:
        return await call(ctx)

    # So that whoever asks for the code is shown the author's; its name would make a plain one run at once.
    made = call_async if signature.is_async(tool.execute) else call
    return functools.update_wrapper(made, tool.execute, assigned=(), updated=())


async def call_tool(tool: Tool, data: Any, ctx: StepContext) -> Json:
    """Call a tool on behalf of an agent, in a context of its own (see `StepContext.inside`).

    Gives what it returned as JSON; whether it asked something is in `ctx.asked`.
    Raises: InvalidInput, what the tool raises
    """
    ctx.input_data = tool.input_schema.parse(Value.of(data), InvalidInput)
    call = taking_context(tool)
    answer = call(ctx) if signature.is_async(call) else await asyncio.to_thread(call, ctx)
    return to_plain(await answer if inspect.isawaitable(answer) else answer)
