"""What an engine knows by name: workflows, agents and tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import DefinitionError, UnknownReference, WorkflowNotFound
from .workflow import Workflow


class Registry:
    """Workflows by key and by id, agents and tools by id."""

    def __init__(self, workflows: Any = (), agents: Any = (), tools: Any = ()) -> None:
        self.workflows: dict[str, Workflow] = {}
        self.by_id: dict[str, Workflow] = {}
        self.agents: dict[str, Any] = keyed(agents)
        self.tools: dict[str, Any] = keyed(tools)
        for key, workflow in keyed(workflows).items():
            self.add(workflow, key)

    def add(self, workflow: Workflow, key: str | None = None) -> None:
        """Register a workflow, committing it if needed. Raises: DefinitionError for an id that is taken."""
        key = key or workflow.id
        if self.by_id.get(workflow.id, workflow) is not workflow:
            raise DefinitionError(f"Two workflows have the id {workflow.id!r}. Give one of them another id.")
        if self.workflows.get(key, workflow) is not workflow:
            raise DefinitionError(f"Two workflows are registered as {key!r}. Give one of them another key.")
        workflow.commit()
        self.workflows[key] = workflow
        self.by_id[workflow.id] = workflow

    def get(self, name: str) -> Workflow:
        """Find a workflow by its key, else by its id. Raises: WorkflowNotFound"""
        found = self.workflows.get(name) or self.by_id.get(name)
        if found is None:
            known = ", ".join(sorted(self.workflows)) or "none"
            raise WorkflowNotFound(f"Workflow {name!r} not found. Known workflows: {known}.")
        return found

    def agent(self, name: str) -> Any:
        """Find an agent. Raises: UnknownReference"""
        return named(self.agents, name, "agent")

    def tool(self, name: str) -> Any:
        """Find a tool. Raises: UnknownReference"""
        return named(self.tools, name, "tool")


def checked(given: Any) -> Workflow:
    """Refuse what is no workflow. Raises: DefinitionError"""
    if not isinstance(given, Workflow):
        raise DefinitionError(f"An engine takes workflows, made by create_workflow(…), got {given!r}.")
    return given


def offered(things: Any) -> list[tuple[str | None, Any]]:
    """Read a list or a dict of keys: each thing with its key, if it has one. Raises: DefinitionError"""
    if isinstance(things, Mapping):
        return list(things.items())
    if not isinstance(things, Iterable) or isinstance(things, str):
        raise DefinitionError(f"A list, or a dict of keys, is needed, got {things!r}.")
    return [(None, thing) for thing in things]


def keyed(things: Any) -> dict[str, Any]:
    """Give things by their keys, in a list by their ids. Raises: DefinitionError"""
    found: dict[str, Any] = {}
    for key, thing in offered(things or ()):
        if key is None and not hasattr(thing, "id"):
            raise DefinitionError(f"What is registered in a list has an id, got {thing!r}.")
        name = thing.id if key is None else key
        if found.setdefault(name, thing) is not thing:
            raise DefinitionError(f"Two things have the id {name!r}. Give one of them another id.")
    return found


def look_up(things: Mapping[str, Any], name: str) -> Any:
    """Find a thing by its key, else by its id; None when there is none."""
    return things.get(name) or next((thing for thing in things.values() if getattr(thing, "id", None) == name), None)


def named(things: Mapping[str, Any], name: str, kind: str) -> Any:
    thing = look_up(things, name)
    if thing is None:
        raise UnknownReference(f"No {kind} {name!r} is registered. Known: {', '.join(sorted(things)) or 'none'}.")
    return thing
