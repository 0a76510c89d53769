"""The schedules that workflows declare, kept as rows like those that people make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from workflows_app.engine import Workflow
from workflows_app.engine.schedule import Schedule as Spec
from workflows_app.models import Schedule
from workflows_app.models.instants import to_datetime

from .timing import next_time

LONGEST = 150
"""A run that it starts has the id in its own, with the time behind it."""


def id_of(workflow: Workflow, spec: Spec) -> str:
    """Name the row of a declared schedule."""
    name = f"wf_{workflow.id}__{spec.id}" if spec.id else f"wf_{workflow.id}"
    return name if len(name) <= LONGEST else f"wf_{hashlib.sha256(name.encode()).hexdigest()}"


def declared(workflow: Workflow) -> dict[str, Spec]:
    """Give the schedules of a workflow by the ids of their rows."""
    return {id_of(workflow, spec): spec for spec in workflow.schedules}


def write_declared(workflows: Iterable[Workflow], now: int) -> None:
    """Bring the rows up to what the code declares.

    What a person paused stays paused. The next time is told anew only where the times themselves have changed.
    """
    for workflow in workflows:
        rows = {row.id: row for row in Schedule.objects.filter(workflow_id=workflow.id, is_declared=True)}
        specs = declared(workflow)
        for id, spec in specs.items():
            _write(workflow, id, spec, rows, now)
        Schedule.objects.filter(pk__in=rows.keys() - specs.keys()).delete()


def _write(workflow: Workflow, id: str, spec: Spec, rows: Mapping[str, Schedule], now: int) -> None:
    row = rows.get(id)
    columns: dict[str, Any] = {
        "title": spec.id[:80], "cron": spec.cron, "timezone": spec.timezone, "overlap": spec.overlap,
        "catch_up": spec.catch_up, "jitter": spec.jitter,
    }  # fmt: skip
    if row is not None and all(getattr(row, name) == value for name, value in columns.items()):
        return
    columns["changed_at"] = to_datetime(now)
    if row is None or (row.cron, row.timezone) != (spec.cron, spec.timezone):
        columns["next_at"] = next_time(spec, now)
    if row is not None:
        Schedule.objects.filter(pk=id).update(**columns)
        return
    made = Schedule(id=id, workflow_id=workflow.id, is_declared=True, created_at=to_datetime(now), **columns)
    # Another process that starts with the same code may have been first.
    Schedule.objects.bulk_create([made], ignore_conflicts=True)
