"""A workflow's tree as JSON: what the diagram, the API and the stored definition show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .nodes import Branch, Deadline, ForEach, Loop, Nested, Node, Parallel, Sequence, Sleep, Step, WaitForEvent, When
from .schema import Json, Schema
from .streams import millis
from .workflow import Workflow

Graph = list[dict[str, Json]]


def graph(workflow: Workflow) -> Graph:
    """Write the entries of a workflow. Shape: the `stepGraph` of the HTTP API."""
    return [entry(node) for node in workflow.entries]


def entry(node: Node) -> dict[str, Json]:
    """Write one entry."""
    written = _entry(node)
    if written["type"] == "step":
        return written
    for name in ("description", "metadata"):
        value = getattr(node, name)
        if value:
            written[name] = value
    return written


def _entry(node: Node) -> dict[str, Json]:
    match node:
        case Step():
            return _step(node)
        case Nested():
            return _nested(node)
        case Sequence():
            return {"type": "sequence", "id": node.id, "steps": [entry(one) for one in node.nodes]}
        case Deadline():
            return {**entry(node.node), "timeout": int(node.seconds * 1000)}
        case Parallel():
            return {
                "type": "parallel",
                "id": node.id,
                "onError": node.on_error,
                "steps": [entry(o) for o in node.nodes],
            }
        case Branch():
            return _branch(node)
        case When():
            return _when(node)
        case Loop():
            kind = "dountil" if node.until else "dowhile"
            condition = {"id": f"{node.body.id}-condition", "fn": node.condition.source}
            return {
                "type": "loop",
                "loopType": kind,
                "step": entry(node.body),
                "serializedCondition": condition,
            }
        case ForEach():
            limit = node.concurrency if isinstance(node.concurrency, int) else {"fn": node.concurrency.source}
            return {"type": "foreach", "step": entry(node.body), "opts": {"concurrency": limit}}
        case Sleep():
            return _sleep(node)
        case WaitForEvent():
            return {"type": "waitForEvent", "id": node.id, "event": node.name, "timeout": node.timeout}
    return {"type": node.kind, "id": node.id}


def _step(node: Step) -> dict[str, Json]:
    if node.role == "map":
        return {"type": "mapping", "id": node.id, "mapConfig": node.source}
    if node.role in ("tool", "agent"):
        return {
            "type": node.role, "id": node.id, f"{node.role}Id": node.definition.id, "description": node.description,
        }  # fmt: skip
    step: dict[str, Json] = {"id": node.id, "canSuspend": node.can_suspend}
    if node.description:
        step["description"] = node.description
    if node.metadata:
        step["metadata"] = node.metadata
    return {"type": "step", "step": step}


def _nested(node: Nested) -> dict[str, Json]:
    inner: Any = node.workflow
    return {
        "type": "workflow", "id": node.id, "workflowId": inner.id, "description": inner.description,
        "serializedStepFlow": graph(inner),
    }  # fmt: skip


def _branch(node: Branch) -> dict[str, Json]:
    conditions = [{"id": f"{arm.node.output_id}-condition", "fn": arm.condition.source} for arm in node.arms]
    written: dict[str, Json] = {
        "type": "conditional", "id": node.id, "mode": node.mode, "steps": [entry(arm.node) for arm in node.arms],
        "serializedConditions": conditions,
    }  # fmt: skip
    if node.otherwise is not None:
        written["otherwise"] = entry(node.otherwise)
    return written


def _when(node: When) -> dict[str, Json]:
    condition = {"id": f"{node.node.output_id}-condition", "fn": node.condition.source}
    written = {
        "type": "conditional",
        "id": node.id,
        "steps": [entry(node.node)],
        "serializedConditions": [condition],
    }
    return written if node.otherwise is None else {**written, "otherwise": entry(node.otherwise)}


def _sleep(node: Sleep) -> dict[str, Json]:
    if node.duration is not None:
        kind = "sleepUntil" if node.duration.role == "until" else "sleep"
        return {"type": kind, "id": node.id, "fn": node.duration.source}
    if node.until is not None:
        return {"type": "sleepUntil", "id": node.id, "date": millis(node.until)}
    return {"type": "sleep", "id": node.id, "duration": int(node.seconds * 1000)}


def schemas(node: Step | Nested | Workflow) -> dict[str, Json]:
    """Write the schemas of a step or workflow, those that are declared."""
    source: Any = node.workflow if isinstance(node, Nested) else node
    names = ("input", "output", "state", "resume", "suspend", "request_context")
    found: dict[str, Json] = {}
    for name in names:
        declared = getattr(source, f"{name}_schema", None)
        if isinstance(declared, Schema) and declared:
            found[name] = declared.json_schema()
    return found


def parts(workflow: Workflow) -> list[dict[str, Json]]:
    """List the steps in the order of the graph, each with what two versions are compared by.

    Shape: `path`; `kind`; `inside`, the blocks it stands in; `when`, the condition of its lane; `schemas`.
    """
    return list(_parts(workflow.root, "", (), None))


def _parts(node: Node, prefix: str, inside: tuple[str, ...], when: str | None) -> Iterator[dict[str, Json]]:
    if isinstance(node, ForEach):
        yield from _parts(node.body, prefix, (*inside, node.kind), when)
    elif node in node.members():
        path, inner = node.place(prefix), getattr(node, "workflow", None)
        found: Any = node
        kind = getattr(node, "role", node.kind)
        yield {"path": path, "kind": kind, "inside": list(inside), "when": when, "schemas": schemas(found)}
        if inner is not None:
            yield from _parts(inner.root, f"{path}.", (), None)
    else:
        within = inside if isinstance(node, Sequence) else (*inside, node.kind)
        for edge in node.edges():
            yield from _parts(edge.node, prefix, within, edge.label or when)
