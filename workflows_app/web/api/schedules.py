"""Schedules for programs: made, looked at, paused, fired and deleted. Times are milliseconds since the epoch."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Query, Router

from workflows_app import runtime
from workflows_app.engine.verbs import checked_start
from workflows_app.errors import InvalidInput, RunNotFound, WorkflowNotFound
from workflows_app.models import Firing, Schedule
from workflows_app.models.instants import to_instant
from workflows_app.models.seal import SealedElsewhere
from workflows_app.rights import reach_of
from workflows_app.web.api.access import asked, seen_by, workflow_of
from workflows_app.web.api.bodies import NewSchedule, ScheduleChange, Schedules, Triggers
from workflows_app.web.api.refusals import said
from workflows_app.web.http import Asked, not_allowed
from workflows_app.web.workflows import scheduling
from workflows_app.web.workflows.scheduling import MOST, ScheduleIn

router = Router(tags=["schedules"])
RIGHT = "manage_schedule"
Document = dict[str, Any]
OUTCOMES = {"started": "published"}
"""What the protocol calls an outcome, where it has a word of its own."""


class ScheduleNotFound(RunNotFound):
    """No schedule has this id."""


@router.get("/schedules", summary="List the schedules")
def list_schedules(request: HttpRequest, asking: Query[Schedules]) -> Document:
    person = asked(request)
    rows = visible(person)
    if asking.workflow_id:
        rows = rows.filter(workflow_id=asking.workflow_id)
    if asking.status:
        rows = rows.filter(state=asking.status)
    return {"schedules": [document_of(person, row) for row in rows.order_by("id")]}


@router.post("/schedules", summary="Make a schedule")
def make_schedule(request: HttpRequest, body: NewSchedule) -> Any:
    person = asked(request)
    workflow = next((one for key, one in seen_by(person).items() if body.workflow_id in (key, one.id)), None)
    if workflow is None:
        raise WorkflowNotFound("Workflow not found")
    demand(person, workflow.id, "start_run", RIGHT)
    if Schedule.objects.count() >= MOST:
        return said(409, {"error": f"There are {MOST} schedules. Delete one first."})
    # What does not fit is refused here, not at night.
    checked_start(workflow, body.input_data, body.initial_state, body.request_context)
    given = {"input": body.input_data, "state": body.initial_state, "context": body.request_context}
    return document_of(person, scheduling.save(person, workflow, ScheduleIn(**body.said), given))


@router.get("/schedules/{schedule_id}", summary="Get a schedule")
def get_schedule(request: HttpRequest, schedule_id: str) -> Document:
    person = asked(request)
    return document_of(person, find(person, schedule_id))


@router.patch("/schedules/{schedule_id}", summary="Change a schedule that was made here")
def change_schedule(request: HttpRequest, schedule_id: str, body: ScheduleChange) -> Any:
    person = asked(request)
    row = own(person, schedule_id)
    workflow = workflow_of(row.workflow_id)
    given = {**row.given, **body.given}
    checked_start(workflow, given.get("input"), given.get("state"), given.get("context"))
    told = ScheduleIn.of(row).model_copy(update=body.said)
    return document_of(person, scheduling.save(person, workflow, told, given, into=row))


@router.delete("/schedules/{schedule_id}", summary="Delete a schedule that the code does not declare; its runs stay")
def delete_schedule(request: HttpRequest, schedule_id: str) -> Document:
    person = asked(request)
    scheduling.remove(person, own(person, schedule_id, to_delete=True))
    return {"message": "Schedule deleted"}


@router.post("/schedules/{schedule_id}/pause", summary="Let a schedule start nothing until it is resumed")
def pause_schedule(request: HttpRequest, schedule_id: str) -> Document:
    person = asked(request)
    row = find(person, schedule_id, RIGHT)
    scheduling.pause(person, row)
    return document_of(person, row)


@router.post("/schedules/{schedule_id}/resume", summary="Let a schedule go on; its next time counts from now")
def resume_schedule(request: HttpRequest, schedule_id: str) -> Document:
    person = asked(request)
    row = find(person, schedule_id, RIGHT)
    scheduling.go_on(person, row)
    return document_of(person, row)


@router.post("/schedules/{schedule_id}/run", summary="Start a run of a schedule at once")
def run_schedule(request: HttpRequest, schedule_id: str) -> Document:
    person = asked(request)
    row = find(person, schedule_id, "start_run")
    fired = scheduling.fire(person, row)
    return {
        "scheduleId": row.id, "claimId": fired.run_id, "runId": fired.run_id,
        "scheduledFireAt": runtime.get_engine().now() // 1000,
    }  # fmt: skip


@router.get("/schedules/{schedule_id}/triggers", summary="List the times that a schedule fired, newest first")
def list_triggers(request: HttpRequest, schedule_id: str, asking: Query[Triggers]) -> Document:
    row = find(person := asked(request), schedule_id)
    may_see = reach_of(person.user).allows("view_payload", row.workflow_id)
    return {"triggers": [told(one, may_see=may_see) for one in row.firings.order_by("-id")[: asking.limit]]}


def visible(person: Asked) -> Any:
    """Find the schedules of the workflows that a person may look at."""
    return Schedule.objects.filter(reach_of(person.user).where("view_run"))


def find(person: Asked, schedule_id: str, *rights: str) -> Schedule:
    """Find a schedule of which a person has these rights. Raises: ScheduleNotFound, PermissionDenied"""
    row: Schedule | None = visible(person).filter(pk=schedule_id).first()
    if row is None:
        raise ScheduleNotFound("Schedule not found")
    demand(person, row.workflow_id, *rights)
    return row


def own(person: Asked, schedule_id: str, *, to_delete: bool = False) -> Schedule:
    """Find a schedule that may be changed. Raises: ScheduleNotFound, PermissionDenied, InvalidInput"""
    row = find(person, schedule_id, "start_run", RIGHT)
    if row.is_declared and not (to_delete and scheduling.is_removable(row)):
        raise InvalidInput("The code of the workflow says when it is. Change it there.")
    return row


def demand(person: Asked, workflow_id: str, *rights: str) -> None:
    """Stop unless a person has rights on a workflow. Raises: PermissionDenied"""
    for right in rights:
        if not reach_of(person.user).allows(right, workflow_id):
            raise PermissionDenied(not_allowed(right))


def document_of(person: Asked, row: Schedule) -> Document:
    last = row.firings.order_by("-id").first()
    return {
        "id": row.id, "workflowId": row.workflow_id, "title": row.title, "cron": row.cron, "timezone": row.timezone,
        "status": row.state, "nextFireAt": milliseconds(row.next_at),
        "lastFireAt": None if last is None else milliseconds(last.fired_at),
        "lastRunId": None if last is None else last.run_id or None, "overlap": row.overlap, "catchUp": row.catch_up,
        "jitter": row.jitter, "declared": row.is_declared, "createdAt": milliseconds(row.created_at),
        "updatedAt": milliseconds(row.changed_at), **given_of(person, row),
    }  # fmt: skip


def given_of(person: Asked, row: Schedule) -> Document:
    """Tell what the runs are started with, without secrets, to whoever may read it; nothing where the code is gone."""
    try:
        may_read = reach_of(person.user).allows("view_payload", row.workflow_id)
        given = {} if not may_read else scheduling.shown_given(workflow_of(row.workflow_id), row)
    except (WorkflowNotFound, SealedElsewhere):
        given = {}
    return {
        "inputData": given.get("input"), "initialState": given.get("state"),
        "requestContext": given.get("context") or {},
    }  # fmt: skip


def told(one: Firing, *, may_see: bool) -> Document:
    """Write a firing; its error, which may quote values, for whom may read those."""
    return {
        "scheduleId": one.schedule_id, "runId": one.run_id or None, "scheduledFireAt": milliseconds(one.due_at),
        "actualFireAt": milliseconds(one.fired_at), "outcome": OUTCOMES.get(one.outcome, one.outcome),
        "error": (one.error or None) if may_see else None, "triggerKind": "manual" if one.fired_by else "schedule",
        "by": one.fired_by or None,
    }  # fmt: skip


def milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_instant(moment) // 1000
