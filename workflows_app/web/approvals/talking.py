"""Saying something about a question: the one way in which a remark is kept, whatever door it came by."""

from __future__ import annotations

from django.http import HttpRequest

from workflows_app.approvals.policy import Who
from workflows_app.approvals.talk import say
from workflows_app.models import Approval, Comment
from workflows_app.web.activity import REASON, Thing, note


def remark(request: HttpRequest, who: Who, approval: Approval, text: str, via: str = "") -> Comment:
    """Keep a text that is sayable, and note it in the log."""
    comment = say(approval, who.name, text)
    about = Thing("approval", str(approval.pk), approval.workflow_id)
    note(request, "comment", about, after={"comment": text[:REASON]}, actor=who.name, via=via)
    return comment
