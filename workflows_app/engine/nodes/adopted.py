"""Tools and agents as steps: what a step takes over from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workflows_app.engine.errors import DefinitionError, InvalidInput, SchemaMismatch
from workflows_app.engine.schema import Value
from workflows_app.engine.tools import Tool, taking_context

from .agent import Prompt, Text, ask_agent


@dataclass(frozen=True, slots=True)
class Reference:
    """A tool or agent named by the id it is registered under."""

    id: str
    kind: Literal["tool", "agent"]

    def find(self, ctx: Any) -> Any:
        """Look it up in the engine's registry. Raises: UnknownReference"""
        return ctx.engine.get_tool(self.id) if self.kind == "tool" else ctx.engine.get_agent(self.id)


def adopt(definition: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Read id, schemas and execute off a tool or an agent; nothing off None.

    Raises: DefinitionError, SchemaMismatch
    """
    if definition is None:
        return {}
    if isinstance(definition, Reference):
        return _from_reference(definition, options)
    if isinstance(definition, Tool):
        return _from_tool(definition)
    if hasattr(definition, "stream") and hasattr(definition, "id"):
        return _from_agent(definition, options)
    if callable(definition):
        return {"execute": definition}
    raise DefinitionError(f"A step is made of a function, a tool or an agent, got {definition!r}.")


def _from_tool(tool: Tool) -> dict[str, Any]:
    if not tool.input_schema or not tool.output_schema:
        raise SchemaMismatch(f"The tool {tool.id!r} needs an input schema and an output schema to be a step.")
    return {
        "id": tool.id, "description": tool.description, "role": "tool", "execute": taking_context(tool),
        "input_schema": tool.input_schema, "output_schema": tool.output_schema,
        "suspend_schema": tool.suspend_schema, "resume_schema": tool.resume_schema, "definition": tool,
    }  # fmt: skip


def _from_reference(reference: Reference, options: Mapping[str, Any]) -> dict[str, Any]:
    made = {"id": reference.id, "role": reference.kind, "definition": reference}
    if reference.kind == "tool":
        return {**made, "execute": find_and_call(reference.find)}
    return {**made, "execute": ask_agent(reference.find, options), "input_schema": Prompt, "output_schema": Text}


def find_and_call(find: Callable[[Any], Tool]) -> Callable[[Any], Any]:
    """Make a function of the context that looks a tool up and calls it, in a thread in case it blocks."""

    def run_tool(ctx: Any) -> Any:
        tool = find(ctx)
        ctx.serve(tool)
        ctx.input_data = tool.input_schema.parse(Value.of(ctx.input_data), InvalidInput)
        return taking_context(tool)(ctx)

    return run_tool


def _from_agent(agent: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": agent.id, "description": getattr(agent, "description", None), "role": "agent", "definition": agent,
        "execute": ask_agent(lambda ctx: agent, options), "input_schema": Prompt,
        "output_schema": getattr(agent, "output_schema", None) or Text,
    }  # fmt: skip
