"""What people say about a question: read, and added to, by whoever may look at the question."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from workflows_app.approvals.policy import Who
from workflows_app.approvals.talk import LONGEST, is_sayable, plain
from workflows_app.models import Approval
from workflows_app.web.approvals.deciding import decider
from workflows_app.web.approvals.inbox import InboxFilters
from workflows_app.web.approvals.talking import remark
from workflows_app.web.http import Asked, page, show
from workflows_app.web.live.asksocket import stir
from workflows_app.web.views.approvals import find, inbox_page

REMARK = "remark"


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def talk(request: Asked, approval_id: int) -> HttpResponse:
    """Show what was said about a question, and take what somebody says."""
    who, approval = decider(request), find(approval_id)
    fault = add(request, who, approval) if request.method == "POST" else ""
    status = 422 if fault else 200
    said = {"remark": request.POST.get(REMARK, "") if fault else "", "fault": fault}
    if not request.htmx:
        done = request.method == "POST" and not fault
        return redirect(address(request, approval)) if done else inbox_page(request, approval, talk=said)
    filters, comments = InboxFilters.of(request.GET), approval.comments.order_by("pk")
    context: dict[str, Any] = {"asked": approval, "comments": comments, "filters": filters, **said}
    return show(request, "approvals/_talk.html", context, status=status)


def add(request: HttpRequest, who: Who, approval: Approval, via: str = "") -> str:
    """Keep what a form says. Gives what is wrong with it, if anything is."""
    text = plain(request.POST.get(REMARK, ""))
    if fault := fault_in(text):
        return fault
    remark(request, who, approval, text, via)
    stir(approval.pk)
    return ""


def fault_in(text: str) -> str:
    if is_sayable(text):
        return ""
    if len(text) > LONGEST:
        over = len(text) - LONGEST
        return ngettext("This is %d character too long.", "This is %d characters too long.", over) % over
    return _("This cannot be kept: it holds what is no text.") if text else _("Write something first.")


def address(request: Asked, approval: Approval) -> str:
    """Say where the comments of a question are."""
    query = InboxFilters.of(request.GET).query().rstrip("?")
    return f"{reverse('approvals:detail', args=[approval.pk])}{query}#talk"
