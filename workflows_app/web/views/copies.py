"""A run as text to take elsewhere: the program, the call or the test that does the same."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from workflows_app import runtime
from workflows_app.trials.judging import answers_in, outcome_of
from workflows_app.web.http import Asked, page
from workflows_app.web.views.workflows import find_offer, origin_of
from workflows_app.web.workflows.caseforms import harmless_answer
from workflows_app.web.workflows.snippets import as_curl, as_pytest, as_python
from workflows_app.web.workflows.starting import given_to, harmless


@require_safe
@page("view_payload")
def copy(request: Asked, run_id: str, form: str) -> HttpResponse:
    stored = runtime.call(runtime.get_engine().read(run_id))
    offer, workflow = find_offer(stored.head.workflow_id)
    if workflow is None:
        raise Http404
    given = {name: value for name, value in harmless(workflow, given_to(stored)).items() if value or name == "input"}
    if form == "python":
        text = as_python(workflow, given)
    elif form == "curl":
        text = as_curl(workflow, given, origin_of(request), has_accounts=settings.STUDIO_AUTH != "none")
    elif form == "pytest":
        outcome = outcome_of(stored, workflow.places)
        answers = [harmless_answer(workflow, answer) for answer in answers_in(stored.events)]
        text = as_pytest(offer.module, workflow, given, answers, outcome)
    else:
        raise Http404
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
