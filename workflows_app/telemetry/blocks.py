"""The blocks of a graph that a step of a run stands in: forks, loops, lists and nested workflows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workflows_app.engine.drift import place
from workflows_app.engine.nodes import Branch, Loop, Node, Parallel, When
from workflows_app.engine.paths import item_of, last_id, owner, scope_of, untried
from workflows_app.engine.workflow import Workflow

KINDS: dict[type[Node], str] = {Parallel: "parallel", Branch: "branch", When: "branch", Loop: "loop"}
Chain = tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One occurrence of a block in a run: `scope` is the prefix it stands below, `record` its path if it has one."""

    kind: str
    name: str
    scope: str = ""
    first: str = ""
    depth: int = 0
    record: str = ""


def enclosing(workflow: Workflow, path: str) -> Iterator[Block]:
    """Yield the blocks around what stands at a path, innermost first; of what the graph has lost, what is left."""
    path = owner(path)
    while True:
        scope, split = scope_of(path), item_of(path)
        if split is not None:
            path = split[0]
            yield Block("foreach", last_id(path), scope, record=path)
        for block in reversed(chains(within(workflow, scope)).get(last_id(path), ())):
            yield Block(block.kind, block.name, scope, block.first, block.depth)
        if not scope:
            return
        path = untried(scope)
        yield Block("workflow", last_id(path), scope, record=path)


def within(workflow: Workflow, scope: str) -> Workflow | None:
    """Find the nested workflow that a scope is inside of."""
    return getattr(workflow.places.get(place(scope)), "workflow", None) if scope else workflow


@lru_cache(maxsize=256)
def chains(workflow: Workflow | None) -> dict[str, Chain]:
    """Give for each step and nested workflow of a graph the blocks around it, outermost first."""
    found: dict[str, Chain] = {}
    if workflow is not None:
        walk(workflow.root, (), found)
    return found


def walk(node: Any, around: Chain, found: dict[str, Chain]) -> None:
    members = tuple(node.members())
    if members == (node,):
        found[node.id] = around
        return
    if kind := KINDS.get(type(node)):
        around = (*around, Block(kind, node.id, first=members[0].id, depth=len(around)))
    for child in node.children():
        walk(child, around, found)
