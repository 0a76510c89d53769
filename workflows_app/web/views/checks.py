"""Checking what is being typed: the start of a run, an answer to a question. None of these acts."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from workflows_app import runtime
from workflows_app.errors import RunError
from workflows_app.web.approvals.answering import answer_form, answering
from workflows_app.web.checking import checked
from workflows_app.web.http import Asked, page
from workflows_app.web.inspector.look import looking_at
from workflows_app.web.views.approvals import find as find_approval
from workflows_app.web.views.workflows import find
from workflows_app.web.workflows.starting import forms_for

NO_CODE = gettext_lazy("The code of this workflow is not there, so nothing can be checked.")


@require_POST
@page("start_run")
def start(request: Asked, workflow_id: str) -> HttpResponse:
    workflow = find(workflow_id)
    if isinstance(workflow, runtime.Offer):
        raise RunError(str(NO_CODE))
    return checked(request, forms_for(workflow, request.user.get_username()).parts())


@require_POST
@page("resume_run")
def answer(request: Asked, run_id: str) -> HttpResponse:
    return checked_answer(request, run_id, request.GET.get("step", ""))


@require_POST
@page()
def decision(request: Asked, approval_id: int) -> HttpResponse:
    approval = find_approval(approval_id)
    return checked_answer(request, approval.run_id, approval.path)


def checked_answer(request: Asked, run_id: str, path: str) -> HttpResponse:
    with looking_at(run_id) as look:
        record = look.history.find(path) or look.history.record(path)
        form = answer_form(look, record.path) if record is not None else None
        if form is None or record is None:
            raise RunError(str(NO_CODE))
        # As the page has it: what goes with a decision is on it before one is made.
        return checked(request, [answering(form, look.answer_schema(record.path)).form])
