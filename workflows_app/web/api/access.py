"""Finding what a caller names, and whether the caller may: the same rights as on the pages."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpRequest

from workflows_app import runtime
from workflows_app.engine import Workflow
from workflows_app.engine.ports import Stored
from workflows_app.engine.run import Run
from workflows_app.errors import ApprovalNotFound, RunNotFound, WorkflowNotFound
from workflows_app.rights import reach_of
from workflows_app.web.http import INBOX, Asked, enter

T = TypeVar("T")
DOOR = ("view_run",)


def asked(request: HttpRequest, *rights: str) -> Asked:
    """Take a request whose person has these rights on the workflow it names.

    Raises: PermissionDenied, WorkflowNotFound
    """
    person: Asked = request  # type: ignore[assignment]
    names = request.resolver_match.kwargs if request.resolver_match else {}
    try:
        enter(
            person,
            {"workflow_id": names["workflow_id"]} if "workflow_id" in names else {},
            DOOR,
            ("view_payload", *rights),
        )
    except WorkflowNotFound as error:
        raise WorkflowNotFound("Workflow not found") from error
    return person


def asked_about(request: HttpRequest, approval_id: int | None = None) -> Asked:
    """Take a request about questions; who only answers them sees nothing else.

    Raises: PermissionDenied, ApprovalNotFound
    """
    person: Asked = request  # type: ignore[assignment]
    try:
        if approval_id is None:
            enter(person, {}, INBOX, ())
        else:
            enter(person, {"approval_id": approval_id}, DOOR, ())
    except RunNotFound as error:
        raise ApprovalNotFound("Approval not found") from error
    return person


def seen_by(person: Asked) -> dict[str, Workflow]:
    """Give the workflows that a person may look at, by key."""
    reach = reach_of(person.user)
    known = runtime.get_engine().list_workflows()
    return {key: workflow for key, workflow in known.items() if reach.allows("view_run", workflow.id)}


def workflow_of(name: str) -> Workflow:
    """Find a workflow by its key, else by its id. Raises: WorkflowNotFound"""
    try:
        return runtime.get_engine().get_workflow(name)
    except WorkflowNotFound as error:
        raise WorkflowNotFound("Workflow not found") from error


def run_of(workflow: Workflow, run_id: str) -> Run:
    """Find a stored run of a workflow. Raises: RunNotFound"""
    head = runtime.call(runtime.get_engine().journal.head(run_id))
    if head is None or head.workflow_id != workflow.id:
        raise RunNotFound("Workflow run not found")
    return Run(runtime.get_engine(), workflow, head)


def stored_of(workflow: Workflow, run_id: str) -> Stored:
    """Read a stored run of a workflow. Raises: RunNotFound"""
    stored = runtime.call(runtime.get_engine().journal.read(run_id))
    if stored is None or stored.head.workflow_id != workflow.id:
        raise RunNotFound("Workflow run not found")
    return stored
