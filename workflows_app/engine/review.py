"""Looks at runs whose workflow's graph has changed since they started: which of them cannot go on, and why."""

from __future__ import annotations

from typing import Any

from .drift import blocked_reason
from .errors import DefinitionChanged, RunNotFound, UnreadableEvent, WorkflowNotFound
from .history import History
from .ports import OPEN, Query

LEFT_ALONE = (RunNotFound, WorkflowNotFound, DefinitionChanged, UnreadableEvent)
"""What keeps a process from a run for good: other runs do not wait for that."""


async def review(engine: Any) -> None:
    """Note of every open run whether the graph that its workflow has now lets it go on."""
    for workflow in list(engine.registry.by_id.values()):
        query = Query(workflow.id, OPEN, changed_from=workflow.fingerprint)
        for head in (await engine.journal.list_runs(query)).heads:
            await review_run(engine, head.id)


async def review_run(engine: Any, run_id: str) -> None:
    """Note what keeps a run from going on; one that cannot be read says so itself."""
    try:
        stored = await engine.journal.read(run_id, resolve=False)
    except UnreadableEvent:
        return
    workflow = stored and engine.registry.by_id.get(stored.head.workflow_id)
    if stored and workflow:
        history = History(stored.events)
        reason = None if history.finished else blocked_reason(workflow, history)
        if reason != stored.head.blocked_reason:
            await engine.journal.block(run_id, reason)
