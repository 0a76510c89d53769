"""Retention: runs that ended long enough ago are deleted, a few at a time.

Only workflows that are registered here are looked at: how long another one keeps its runs is not known. A
run is deleted only if it is still ended at that moment; one that was set back meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .events import SECOND, Instant
from .workflow import Workflow

AT_ONCE = 100


def cutoffs(engine: Any, now: Instant) -> Mapping[str, Instant]:
    """Say for each workflow when a run must have ended to be deleted; without those that keep everything."""
    kept = {name: kept_seconds(workflow, engine.retention) for name, workflow in engine.registry.by_id.items()}
    return {name: now - int(seconds * SECOND) for name, seconds in kept.items() if seconds is not None}


def kept_seconds(workflow: Workflow, default: float | None) -> float | None:
    """Say for how long a workflow's ended runs are kept; None when for ever."""
    return default if workflow.retention is None else workflow.retention


async def expired(engine: Any, now: Instant, limit: int | None = None) -> dict[str, Sequence[str]]:
    """List the runs that are past their retention by workflow, of each at most so many."""
    found = {name: await engine.journal.ended(name, before, limit) for name, before in cutoffs(engine, now).items()}
    return {name: run_ids for name, run_ids in found.items() if run_ids}


async def prune(engine: Any, now: Instant, limit: int = AT_ONCE) -> int:
    """Delete some runs that are past their retention. Returns how many."""
    before = cutoffs(engine, now)
    deleted = 0
    for name, run_ids in (await expired(engine, now, limit)).items():
        for run_id in run_ids:
            deleted += await engine.journal.delete(run_id, ended_before=before[name])
    return deleted
