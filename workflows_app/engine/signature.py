"""Reading a user's function: what it takes, what it returns, and how to call it with a context."""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from .errors import DefinitionError
from .schema import ANY, Schema

Function = Callable[..., Any]
CONTEXTS = ("StepContext", "ToolContext")
"""The names by which an annotation says that a parameter is the context."""


class Signature(NamedTuple):
    """A function as a step: its schemas, and a callable of the context alone."""

    input_schema: Schema
    output_schema: Schema
    execute: Function


def read(function: Function) -> Signature:
    """Read (data), (data, ctx), (ctx) or () off a function.

    Raises: DefinitionError for more parameters than that.
    """
    hints = resolved_annotations(function)
    names = list(inspect.signature(function).parameters)
    context = next((n for n in names if n == "ctx" or _type_name(hints.get(n)) in CONTEXTS), None)
    data = [n for n in names if n != context]
    if len(data) > 1:
        raise DefinitionError(
            f"{function.__qualname__} takes {names}; a step takes its input, the context, both or neither."
        )
    declared = hints.get(data[0]) if data else None
    returned = hints.get("return")
    return Signature(
        ANY if declared is None else Schema(declared),
        ANY if returned is None or returned is type(None) else Schema(returned),
        calling(function, data[0] if data else None, context, names),
    )


def calling(function: Function, data: str | None, context: str | None, names: list[str]) -> Function:
    """Wrap a function so that it takes just the context."""

    def arguments(ctx: Any) -> list[Any]:
        return [ctx if name == context else ctx.input_data for name in names]

    if is_async(function):

        @functools.wraps(function)
        async def run_async(ctx: Any) -> Any:
            return await function(*arguments(ctx))

        return run_async

    @functools.wraps(function)
    def run(ctx: Any) -> Any:
        return function(*arguments(ctx))

    return run


def is_async(function: Function) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def resolved_annotations(function: Function) -> dict[str, Any]:
    """Resolve a function's annotations, also those that name classes of an enclosing function."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError:
        pass
    try:
        return typing.get_type_hints(function, localns=_callers_names(), include_extras=True)
    except NameError as error:
        raise DefinitionError(f"{function.__qualname__}: {error}. Define the class before the step.") from error


def _callers_names() -> dict[str, Any]:
    names: dict[str, Any] = {}
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        names = {**frame.f_locals, **names}
        frame = frame.f_back
    return names


def _type_name(hint: Any) -> str:
    return getattr(hint, "__name__", "")
