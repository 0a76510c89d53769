"""Many questions of one kind, decided with one answer."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from workflows_app.approvals.queues import Inbox
from workflows_app.engine.schema import Schema
from workflows_app.errors import RunError
from workflows_app.models import Approval
from workflows_app.rights import reach_of
from workflows_app.web.activity import note
from workflows_app.web.approvals.answering import Answering, answer_form, answering
from workflows_app.web.approvals.deciding import decider
from workflows_app.web.approvals.together import COUNTED, chosen, decide_all, items_of, obstacle
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import INBOX, Asked, may, not_allowed, page, show
from workflows_app.web.inspector.look import looking_at
from workflows_app.web.views.approvals import thing


@require_http_methods(["GET", "HEAD", "POST"])
@page("decide_bulk", door=INBOX)
def bulk(request: Asked) -> HttpResponse:
    who = decider(request)
    # What somebody else decided since the page was drawn is told with the results.
    sent = request.method == "POST"
    visible = Inbox.of(who).among(Approval.objects.all(), "")
    approvals = chosen(request.POST, visible) if sent else chosen(request.GET, visible.open())
    if problem := obstacle(approvals):
        return show(request, "approvals/bulk.html", {"problem": problem}, status=422)
    if not reach_of(request.user).allows("decide_bulk", approvals[0].workflow_id):
        raise PermissionDenied(not_allowed("decide_bulk"))
    form, schema = form_for(approvals[0])
    if not sent:
        return form_page(request, approvals, answering(form, schema))
    bound = form.bind(request.POST, request.FILES)
    miscounted = len(approvals) > COUNTED and request.POST.get("count", "").strip() != str(len(approvals))
    if miscounted or not bound.is_valid():
        status = 200 if bound.is_edit else 422
        return form_page(request, approvals, answering(bound, schema), miscounted=miscounted, status=status)
    results = decide_all(who, approvals, bound.value)
    for result in results:
        if result.status in ("success", "suspended"):
            note(request, "decide", thing(result.approval), via="bulk")
    taken = sum(result.status in ("success", "suspended") for result in results)
    return show(request, "approvals/results.html", {"results": results, "taken": taken})


def form_for(approval: Approval) -> tuple[SchemaForm, Schema]:
    """Make the form of the answer that all of them take. Raises: RunError"""
    with looking_at(approval.run_id) as look:
        form, schema = answer_form(look, approval.path), look.answer_schema(approval.path)
    if form is None:
        raise RunError(_("The code of this workflow is not there, so nothing can take the answer."))
    return form, schema


def form_page(
    request: Asked, approvals: Sequence[Approval], shown: Answering, *, miscounted: bool = False, status: int = 200
) -> HttpResponse:
    context = {
        "items": items_of(approvals, may_see=may(request, "view_payload")),
        "answering": shown,
        "first": approvals[0],
        "total": len(approvals),
        "counts": len(approvals) > COUNTED,
        "count": request.POST.get("count", ""),
        "miscounted": miscounted and status != 200,
    }
    return show(request, "approvals/bulk.html", context, status=status)
