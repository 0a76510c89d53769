"""Start a run: the form made from the input schema, and what it sends.

The form carries the id of the run it is for, so that sending it twice starts one run and shows it.
"""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from workflows_app import runtime
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import InvalidData, RunAlreadyStarted
from workflows_app.models import Run, SavedInput
from workflows_app.web.activity import note, of_run
from workflows_app.web.http import Asked, may, named, number, page, show
from workflows_app.web.views.workflows import find
from workflows_app.web.workflows.runoptions import RunOptions, earlier
from workflows_app.web.workflows.savedinputs import fault_of, save, visible
from workflows_app.web.workflows.starting import Forms, arguments_of, forms_for, given_to

OFFERED = 30
"""How many saved inputs the form offers; the page of the tests has all of them."""


@require_http_methods(["GET", "HEAD", "POST"])
@page("start_run")
def run(request: Asked, workflow_id: str) -> HttpResponse:
    workflow = find(workflow_id)
    if isinstance(workflow, runtime.Offer):
        return show(request, "workflows/broken.html", {"offer": workflow}, status=409)
    forms = forms_for(workflow, request.user.get_username())
    if request.method != "POST":
        return form_page(request, workflow, prefilled(forms, request, workflow), RunOptions.of(request.GET, workflow))
    sent, options = forms.bind(request.POST, request.FILES), RunOptions.of(request.POST, workflow)
    if sent.is_edit:
        return form_page(request, workflow, sent.calm(), options)
    # Enter in the field of the name presses neither button; who typed a name means to save.
    keeping = "keep" in request.POST or (bool(request.POST.get("title")) and "start" not in request.POST)
    fault = fault_of(request.POST.get("title", "")) if keeping else ""
    if sent.has_errors or options.faults or fault:
        return form_page(request, workflow, sent, options, status=422, fault=fault)
    return (keep if keeping else start)(request, workflow, sent, options)


def keep(request: Asked, workflow: Workflow, sent: Forms, options: RunOptions) -> HttpResponse:
    """Save what was filled in under a name, and start nothing; how it shall run stays in the form."""
    saved = save(request, workflow, sent.given, title=request.POST.get("title", ""), is_shared="shared" in request.POST)
    messages.success(request, _("“%s” is saved.") % saved.title)
    query = urlencode({"saved": saved.pk, **options.query}, doseq=True)
    return redirect(f"{reverse('workflows:run', args=[workflow.id])}?{query}")


def start(request: Asked, workflow: Workflow, sent: Forms, options: RunOptions) -> HttpResponse:
    """Start the run and show it; what the engine still refuses is told at the form."""
    user = request.user.get_username()
    create = runtime.get_engine().create_run(workflow, run_id=asked_id(request), started_by=user, **options.on_creation)
    handle, given = runtime.call(create), arguments_of(workflow, sent.given, user)
    try:
        runtime.call(handle.start_async(**given, **options.on_start, by=user))
        note(request, "start", of_run(handle.head))
    except RunAlreadyStarted:
        pass  # The form was sent twice; the first time did it.
    except InvalidData as error:
        return form_page(request, workflow, sent.refused(error), options, status=422)
    return redirect("runs:inspector", handle.id)


def asked_id(request: Asked) -> str:
    """Read the id that the form was drawn with."""
    try:
        return str(UUID(request.POST.get("run", "")))
    except ValueError:
        return str(uuid4())


def prefilled(forms: Forms, request: Asked, workflow: Workflow) -> Forms:
    """Fill in what an earlier run was started with, or what was saved, when the address names one."""
    if not may(request, "view_payload"):
        return forms
    if saved := saved_of(request, workflow):
        return forms.filled(workflow, saved.values)
    source = Run.objects.filter(pk=named(request.GET, "from"), workflow_id=workflow.id).first()
    if source is None:
        return forms
    return forms.filled(workflow, given_to(runtime.call(runtime.get_engine().read(source.id))))


def saved_of(request: Asked, workflow: Workflow) -> SavedInput | None:
    """Find the saved input that the address names."""
    return visible(request, workflow).filter(pk=number(request, "saved")).first()


def form_page(
    request: Asked, workflow: Workflow, forms: Forms, options: RunOptions, *, status: int = 200, fault: str = ""
) -> HttpResponse:
    check = reverse("workflows:check", args=[workflow.id])
    is_fresh = request.method != "POST" and not request.GET
    may_see = may(request, "view_payload")
    context = {
        "workflow": workflow,
        "forms": forms.each(lambda part: part.checked_at(check)),
        "run_id": asked_id(request),
        "is_fresh": is_fresh,
        "options": options,
        "earlier": earlier(workflow.id) if may_see else [],
        "source": request.GET.get("from", ""),
        "saved": visible(request, workflow)[:OFFERED] if may_see else (),
        "chosen": saved_of(request, workflow) if may_see else None,
        "title": request.POST.get("title", ""),
        "is_shared": "shared" in request.POST,
        "fault": fault,
    }
    return show(request, "workflows/run.html", context, status=status)
