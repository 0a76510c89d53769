"""What the tools look like: one for each workflow, and three for runs under way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import mcp_types as types

from workflows_app.client import AsyncWorkflow

Json = dict[str, Any]
UNNAMED = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
WRAPPED = "input"
"""The name under which a tool takes what is no object: the protocol knows arguments by name only."""

RUN = {
    "workflow": {"type": "string", "description": "The id of the workflow, as the run was told with."},
    "runId": {"type": "string", "description": "The id of the run."},
}  # fmt: skip
QUESTION = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "Where in the run; give it to `answer`."},
        "payload": {"description": "What is asked."},
        "resumeSchema": {"type": "object", "description": "What `data` of an answer must look like."},
    },
    "required": ["path"],
}
ANSWER = types.Tool(
    name="answer",
    description="Answer a question that a run waits for, and wait for what comes of it.",
    input_schema={
        "type": "object",
        "properties": {
            **RUN,
            "path": {"type": "string", "description": "Which question; may be left out when there is only one."},
            "data": {"description": "The answer. It must fit the question's resumeSchema."},
        },
        "required": ["workflow", "runId", "data"],
    },
)
GET_RUN = types.Tool(
    name="get_run",
    description="Look how a run stands. It waits a while for one that is under way.",
    input_schema={"type": "object", "properties": RUN, "required": ["workflow", "runId"]},
    annotations=types.ToolAnnotations(read_only_hint=True),
)
CANCEL_RUN = types.Tool(
    name="cancel_run",
    description="Cancel a run. What it has done stays done.",
    input_schema={
        "type": "object",
        "properties": {**RUN, "reason": {"type": "string", "description": "Why, for people who look later."}},
        "required": ["workflow", "runId"],
    },
)


def told(result: Json | None = None) -> Json:
    """Describe what every tool gives: how a run stands."""
    return {
        "type": "object",
        "properties": {
            "workflow": {"type": "string"},
            "runId": {"type": "string"},
            "status": {"type": "string"},
            "result": result or {},
            "error": {"type": "object"},
            "questions": {"type": "array", "items": QUESTION},
            "problems": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["status"],
    }


RUN_TOOLS = [tool.model_copy(update={"output_schema": told()}) for tool in (ANSWER, GET_RUN, CANCEL_RUN)]


def tool_of(name: str, workflow: AsyncWorkflow) -> types.Tool:
    """Describe the tool that runs a workflow."""
    return types.Tool(
        name=name,
        title=workflow.id,
        description=workflow.description or f"Runs the workflow {workflow.id}.",
        input_schema=arguments_schema(workflow.input_schema),
        output_schema=told(),
    )


def arguments_schema(schema: Json | None) -> Json:
    """Describe the arguments: the fields of the workflow's input, or the input as the only one."""
    if takes_fields(schema):
        return {name: part for name, part in (schema or {}).items() if name != "$schema"}
    whole = dict(schema or {})
    whole.pop("$schema", None)
    definitions = whole.pop("$defs", None)
    wrapped: Json = {"type": "object", "properties": {WRAPPED: whole}, "required": [WRAPPED]}
    return {**wrapped, "$defs": definitions} if definitions else wrapped


def takes_fields(schema: Json | None) -> bool:
    return (schema or {}).get("type") == "object"


def input_of(schema: Json | None, arguments: Mapping[str, Any]) -> Any:
    """Make the workflow's input out of the arguments of a call."""
    return dict(arguments) if takes_fields(schema) else arguments.get(WRAPPED)


def named(workflows: Iterable[AsyncWorkflow]) -> dict[str, AsyncWorkflow]:
    """Give each workflow a name that clients take: its id as far as they take it, and no name twice."""
    found: dict[str, AsyncWorkflow] = {}
    taken = {tool.name for tool in RUN_TOOLS}
    for workflow in workflows:
        plain = UNNAMED.sub("_", workflow.id)[:LONGEST_NAME] or "workflow"
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain[: LONGEST_NAME - 4]}-{number}"
        taken.add(name)
        found[name] = workflow
    return found
