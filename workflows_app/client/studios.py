"""What can be asked of a studio as a whole: its workflows, its open runs, and what it asks people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import urlsplit

from workflows_app.client import workflows
from workflows_app.client.approvals import Approvals, OfApproval
from workflows_app.client.requests import Exchange, Request, given, path_of
from workflows_app.client.workflows import OfWorkflow
from workflows_app.engine.errors import InvalidInput
from workflows_app.engine.snapshot import WorkflowRuns

W = TypeVar("W", bound=OfWorkflow[Any])
A = TypeVar("A", bound=OfApproval)


class OfStudio(Generic[W, A]):
    """A studio at an address. `token` is an API token, which the studio's settings make."""

    line: Any
    workflow_kind: type[W]
    approval_kind: type[A]

    def __init__(self, address: str, token: str | None) -> None:
        self.address = checked_address(address)
        self.headers = {"authorization": f"Bearer {checked_token(token)}"} if token else {}

    def __repr__(self) -> str:
        return f"<Studio {self.address}>"


def checked_address(address: str) -> str:
    """Refuse what is no address of a studio; a name and a password in it would end up in messages."""
    wanted = f"{address!r} is no address; write it like http://127.0.0.1:8000."
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError as error:
        raise InvalidInput(wanted) from error
    if parts.username is not None:
        raise InvalidInput("The address has a name in it; give a token in its place.")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidInput(wanted)
    return address.rstrip("/")


def checked_token(token: str) -> str:
    """Refuse what could not be sent, without showing it."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput("This is no token: it has spaces, or characters that no token has.")
    return token


def list_workflows(studio: OfStudio[W, Any]) -> Exchange[dict[str, W]]:
    """List the workflows by their keys."""
    answer = yield Request("GET", "/workflows")
    return {key: studio.workflow_kind(studio.line, document) for key, document in answer.items()}


def get_workflow(studio: OfStudio[W, Any], workflow_id: str) -> Exchange[W]:
    """Get a workflow by its key, else by its id. Raises: WorkflowNotFound"""
    return studio.workflow_kind(studio.line, (yield Request("GET", path_of("workflows", workflow_id))))


def list_active_workflow_runs(studio: OfStudio[Any, Any]) -> Exchange[WorkflowRuns]:
    """List the runs that are running or waiting, of every workflow."""
    pages = []
    for workflow in (yield from list_workflows(studio)).values():
        pages.append((yield from workflows.list_active_workflow_runs(workflow)))
    return WorkflowRuns([run for page in pages for run in page.runs], sum(page.total for page in pages))


def restart_all_active_workflow_runs(studio: OfStudio[Any, Any]) -> Exchange[None]:
    """Have every active run of every workflow restarted whose worker is gone; returns at once."""
    for workflow in (yield from list_workflows(studio)).values():
        yield from workflows.restart_all_active_workflow_runs(workflow)


def send_event(
    studio: OfStudio[Any, Any], name: str, payload: Any = None, match: Mapping[str, Any] | None = None
) -> Exchange[int]:
    """Wake every run that waits for this event. Returns how many waits were woken. Raises: InvalidInput"""
    answer = yield Request("POST", path_of("events", name), body=given(payload=payload, match=match))
    return int(answer["woken"])


def list_approvals(
    studio: OfStudio[Any, A], *, state: Literal["open", "decided", "all"] = "open", workflow_id: str | None = None,
    run_id: str | None = None, priority: Literal["urgent", "high", "normal", "low"] | None = None,
    assigned_to_me: bool = False, page: int = 0, per_page: int = 50,
) -> Exchange[Approvals[A]]:  # fmt: skip
    """List what people are asked: the open questions by due date, others newest first."""
    query = given(
        state=state, workflow_id=workflow_id, run_id=run_id, priority=priority, assigned_to_me=assigned_to_me,
        page=page, per_page=per_page,
    )  # fmt: skip
    answer = yield Request("GET", "/approvals", query)
    return Approvals([studio.approval_kind(studio.line, document) for document in answer["approvals"]], answer["total"])


def get_approval(studio: OfStudio[Any, A], approval_id: int) -> Exchange[A]:
    """Get a question. Raises: ApprovalNotFound"""
    return studio.approval_kind(studio.line, (yield Request("GET", path_of("approvals", str(approval_id)))))
