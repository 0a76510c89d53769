"""Our tools in the hands of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from pydantic_ai import CallDeferred, FunctionToolset, ModelRetry, RunContext
from pydantic_ai import Tool as ModelTool

from workflows_app.engine import DefinitionError, InvalidInput, SchemaMismatch, StepContext, Tool
from workflows_app.engine.context import Exchange
from workflows_app.engine.questions import Question
from workflows_app.engine.schema import Json, Value
from workflows_app.engine.tools import call_tool

REFUSED = re.compile(r"[^a-zA-Z0-9_-]")
LONGEST_NAME = 64
VALUED = ("payload", "proposal")
"""The fields of a question that hold values."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Tools by the names that models know them under, and the step in which they are called."""

    tools: Mapping[str, Tool]
    step: StepContext | None = None

    def offered(self) -> list[FunctionToolset[Any]]:
        """Give the tools as the model's run takes them."""
        listed = [self._model_tool(name, tool) for name, tool in self.tools.items()]
        return [FunctionToolset(listed)] if listed else []

    def _model_tool(self, name: str, tool: Tool) -> ModelTool[Any]:
        async def call(run: RunContext[Any], **args: Any) -> Json:
            try:
                answer, question = await self.call(name, args, run.tool_call_id or name)
            except InvalidInput as problem:
                raise ModelRetry(str(problem)) from None
            if question is not None:
                raise CallDeferred(metadata={"question": spelled(question), "kept": answer})
            return answer

        return ModelTool.from_schema(call, name, tool.description, parameters_of(tool), takes_ctx=True)

    async def call(
        self, name: str, args: Json, call_id: str, earlier: Exchange | None = None
    ) -> tuple[Json, Question | None]:
        """Call a tool; gives what it returned, and its question if it asked one. Raises: what the tool raises"""
        if self.step is None:
            raise DefinitionError("Tools need a step: call the agent as agent.within(ctx).stream(…).")
        ctx = self.step.inside(self.tools[name], call_id, earlier)
        return await call_tool(self.tools[name], args, ctx), ctx.asked


def spelled(question: Question) -> dict[str, Json]:
    """Write a question as JSON, to be kept with the conversation."""
    kept = {field.name: getattr(question, field.name) for field in fields(question)}
    return {name: value.data if isinstance(value, Value) else value for name, value in kept.items()}


def read(kept: Mapping[str, Json]) -> Question:
    """Read a question that was kept."""
    values = {key: Value.of(kept[key]) for key in VALUED if kept.get(key) is not None}
    listed = {key: tuple(value) for key, value in kept.items() if isinstance(value, list)}
    return Question(**{**kept, **listed, **values})


def named(tools: Sequence[Tool]) -> dict[str, Tool]:
    """Give each tool a name that models take. Raises: DefinitionError, SchemaMismatch"""
    found: dict[str, Tool] = {}
    for tool in tools:
        parameters_of(tool)
        name = REFUSED.sub("_", tool.id)[:LONGEST_NAME]
        if name in found:
            raise DefinitionError(f"To a model the tools {found[name].id!r} and {tool.id!r} have one name: {name}.")
        found[name] = tool
    return found


def parameters_of(tool: Tool) -> dict[str, Any]:
    """Describe what a model must give. Raises: SchemaMismatch when that is no object"""
    described: dict[str, Any] = tool.input_schema.json_schema()
    if described.get("type") != "object":
        raise SchemaMismatch(f"For a model the tool {tool.id!r} needs a model or a dict as its input schema.")
    return described
