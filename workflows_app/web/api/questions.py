"""Questions as documents: what is asked, of whom, and how it was answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from workflows_app import runtime
from workflows_app.approvals.gather import event_of
from workflows_app.approvals.policy import Who, may_answer
from workflows_app.engine.events import Event, StepResumed, StepSuspended
from workflows_app.engine.paths import public
from workflows_app.engine.schema import Value
from workflows_app.engine.snapshot import iso
from workflows_app.models import Approval, Comment
from workflows_app.models import Event as Row
from workflows_app.rights import reach_of
from workflows_app.web.approvals.answering import harmless, schema_of
from workflows_app.web.approvals.inbox import TOLD, told_schema
from workflows_app.web.values.facts import summary_of
from workflows_app.web.values.schemas import json_schema_of

Document = dict[str, Any]
Kind = TypeVar("Kind", bound=Event)


def documents_of(approvals: Collection[Approval], who: Who) -> list[Document]:
    """Write questions, with their values for whom may read them."""
    seqs = {(one.run_id, seq) for one in approvals for seq in (one.seq, one.answer_seq) if seq}
    events = events_at(seqs)
    return [
        document_of(one, events.get((one.run_id, one.seq)), events.get((one.run_id, one.answer_seq or 0)), who)
        for one in approvals
    ]


def events_at(places: Collection[tuple[str, int]]) -> dict[tuple[str, int], Event]:
    """Read events of the journal by run and number, with their large values."""
    rows = Row.objects.filter(run__in={run for run, _ in places}, seq__in={seq for _, seq in places})
    found = {(row.run_id, row.seq): event_of(row) for row in rows if (row.run_id, row.seq) in places}
    for (run_id, _), event in found.items():
        if missing := [value for value in values_in(event) if not value.loaded]:
            runtime.call(runtime.get_engine().journal.resolve(run_id, missing))
    return found


def values_in(event: Event) -> Iterable[Value]:
    told = (getattr(event, name, None) for name in ("payload", "proposal", "data"))
    return [value for value in told if isinstance(value, Value)]


def document_of(approval: Approval, asking: Event | None, answer: Event | None, who: Who) -> Document:
    asked = asking if isinstance(asking, StepSuspended) else None
    answered = answer if isinstance(answer, StepResumed) else None
    shown = may_read(who, approval)
    payload = asked.payload.data if shown and asked is not None and asked.payload is not None else None
    schema = schema_of(approval, asked.form if asked is not None else None)
    proposed = asked.proposal if shown and asked is not None else None
    return {
        "id": approval.pk, "runId": approval.run_id, "workflowName": approval.workflow_id,
        "path": public(approval.path), "title": approval.title,
        "priority": Approval.Priority(approval.priority).word,
        "summary": summary_of(payload, TOLD, told_schema(approval)),
        "body": asked.body if shown and asked is not None else None, "payload": payload,
        "proposal": None if proposed is None else harmless(proposed, schema), "resumeSchema": json_schema_of(schema),
        "assignee": None if approval.groups else approval.assignee or None,
        "groups": approval.concerned if approval.groups else [],
        "missingGroups": approval.asked_of if approval.groups and approval.is_open else [],
        "due": iso(approval.due) if approval.due else None, "approvals": approval.needed,
        "voters": approval.decided, "state": approval.state,
        "decision": answered.data.data if shown and answered is not None else None,
        "decidedBy": approval.decided_by or None,
        "decidedAt": iso(approval.decided_at) if approval.decided_at else None,
        "createdAt": iso(approval.asked_at), "version": version_of(approval),
    }  # fmt: skip


def comment_document(comment: Comment) -> Document:
    return {"id": comment.pk, "author": comment.author, "text": comment.text, "createdAt": iso(comment.at)}


def may_read(who: Who, approval: Approval) -> bool:
    """Tell whether a person may read what is asked: by right, or because it is asked of them."""
    by_right = reach_of(who.user).allows("view_payload", approval.workflow_id)
    return by_right or (may_answer(who, approval) and who.is_meant(approval))


def version_of(approval: Approval) -> int:
    """Count what has happened to a question, so that who saw it earlier can be told."""
    return 1 + len(approval.voters) + approval.escalated + (not approval.is_open)
