"""What people are asked, for programs: the list, one question, and the answer."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from workflows_app.approvals.gather import catch_up, open_new
from workflows_app.approvals.policy import Who
from workflows_app.approvals.queues import Inbox
from workflows_app.errors import AnswerRefused, ApprovalNotFound, NotSuspended, ResumeAlreadyClaimed
from workflows_app.models import Approval
from workflows_app.models.approval import ApprovalQuerySet
from workflows_app.web.activity import Thing, note
from workflows_app.web.api.access import asked_about
from workflows_app.web.api.bodies import Deciding, Questions, Saying
from workflows_app.web.api.questions import comment_document, documents_of, version_of
from workflows_app.web.api.refusals import said
from workflows_app.web.approvals.deciding import decide, decider
from workflows_app.web.approvals.talking import remark
from workflows_app.web.live.asksocket import stir

router = Router(tags=["approvals"])
LATE = "Your answer was not taken: this had been answered before."
MOVED = "Your answer was not taken: the question has changed since you read it. Read it again."


@router.get("/approvals", summary="List what people are asked")
def list_approvals(request: HttpRequest, asking: Query[Questions]) -> dict[str, Any]:
    """Give the open questions by due date, and those without one by priority; or the decided ones, newest first."""
    who = Who.of(asked_about(request).user)
    if asking.state != "decided":
        open_new(DEFAULT_DB_ALIAS, None)
    found = wanted(Inbox.of(who), asking)
    rows = page_of(found, asking)
    if any(one.is_open for one in rows) and catch_up(runs={one.run_id for one in rows}):
        rows = page_of(found, asking)
    return {"approvals": documents_of(rows, who), "total": found.count()}


def wanted(inbox: Inbox, asking: Questions) -> ApprovalQuerySet:
    found = inbox.among(Approval.objects.all(), "")
    if asking.state != "all":
        found = found.filter(state=asking.state)
    if asking.workflow_id is not None:
        found = found.filter(workflow_id=asking.workflow_id)
    if asking.run_id is not None:
        found = found.filter(run=asking.run_id)
    if asking.priority is not None:
        found = found.filter(priority=Approval.Priority.of(asking.priority))
    return found.filter(inbox.conditions["mine"] | inbox.conditions["groups"]) if asking.assigned_to_me else found


def page_of(found: ApprovalQuerySet, asking: Questions) -> list[Approval]:
    ordered = found.soonest() if asking.state == "open" else found.order_by("-id")
    start = asking.page * asking.per_page
    return list(ordered[start : start + asking.per_page])


@router.get("/approvals/{int:approval_id}", summary="Get a question")
def get_approval(request: HttpRequest, approval_id: int) -> dict[str, Any]:
    person = asked_about(request, approval_id)
    return written(find(approval_id, fresh=True), Who.of(person.user))


@router.post("/approvals/{int:approval_id}/decide", summary="Answer a question")
def decide_approval(request: HttpRequest, approval_id: int, body: Deciding) -> Any:
    """Hand the answer to the run; of two answers exactly one is taken. With `version`, only what was read so far."""
    who = decider(asked_about(request, approval_id))
    approval = find(approval_id, fresh=True)
    if not approval.is_open:
        return lost(approval, who, LATE)
    if body.version is not None and body.version != version_of(approval):
        return lost(approval, who, MOVED)
    try:
        done = decide(who, approval, body.resume_data, "api")
    except (NotSuspended, ResumeAlreadyClaimed):
        return lost(find(approval_id, fresh=True), who, LATE)
    except AnswerRefused as error:
        return said(403, {"error": error.message, "code": error.code})
    note(request, "decide", Thing("approval", str(approval.pk), approval.workflow_id), reason=body.reason or "")
    return written(done, who)


@router.get("/approvals/{int:approval_id}/comments", summary="Read what was said about a question")
def list_comments(request: HttpRequest, approval_id: int) -> dict[str, Any]:
    """Give what people said to one another, oldest first, to whoever may decide something."""
    decider(asked_about(request, approval_id))
    return {"comments": [comment_document(one) for one in find(approval_id).comments.order_by("pk")]}


@router.post("/approvals/{int:approval_id}/comments", summary="Comment on a question")
def add_comment(request: HttpRequest, approval_id: int, body: Saying) -> dict[str, Any]:
    """Say something about a question, in the caller's name. It decides nothing."""
    who = decider(asked_about(request, approval_id))
    comment = remark(request, who, find(approval_id), body.text)
    stir(approval_id)
    return comment_document(comment)


def find(approval_id: int, *, fresh: bool = False) -> Approval:
    """Find a question, as the journal has it now. Raises: ApprovalNotFound"""
    found = Approval.objects.filter(pk=approval_id).first()
    if found is None:
        raise ApprovalNotFound("Approval not found")
    if fresh and found.is_open:
        # Somebody else may have gathered it meanwhile, so it is read again in any case.
        catch_up(runs=[found.run_id])
        return find(approval_id)
    return found


def written(approval: Approval, who: Who) -> dict[str, Any]:
    return documents_of([approval], who)[0]


def lost(approval: Approval, who: Who, sentence: str) -> HttpResponse:
    """Say of a lost race who was faster, and when."""
    document = written(approval, who)
    told = {name: document[name] for name in ("decidedBy", "decidedAt", "state", "version")}
    return said(409, {"error": sentence, "code": "resume_already_claimed", **told, "approval": document})
