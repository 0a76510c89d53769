"""The test bench of a workflow: its saved inputs, what is expected of their runs, and how they went."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from pydantic import BaseModel

from workflows_app import runtime
from workflows_app.engine.schema import encode
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import WorkflowNotFound
from workflows_app.models import Run, SavedInput
from workflows_app.web.checking import without_errors
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import DIALOG, Asked, ask_first, leave, may, named, page, show
from workflows_app.web.people.forms import said
from workflows_app.web.views.workflows import find
from workflows_app.web.workflows import trying
from workflows_app.web.workflows.caseforms import CaseIn, case_form, harmless_answer, of_run, of_test
from workflows_app.web.workflows.savedinputs import log, may_change, save, visible
from workflows_app.web.workflows.starting import Forms, forms_for, given_to

FORM = ["GET", "HEAD", "POST"]


@require_safe
@page("view_payload")
def listing(request: Asked, workflow_id: str) -> HttpResponse:
    workflow = committed(workflow_id)
    kept = visible(request, workflow)
    rows = trying.tested(kept.tests())
    context = {
        "workflow": workflow,
        "rows": rows,
        "inputs": [(saved, may_change(request, saved)) for saved in kept if not saved.is_test],
        "passed": sum(row.status == "success" for row in rows),
        "failed": sum(row.status == "failed" for row in rows),
        "open": sum(row.is_open for row in rows),
        "may_start": may(request, "start_run"),
        "latest": Run.objects.filter(workflow_id=workflow.id).newest().first(),
    }
    return show(request, "tests/_rows.html" if request.htmx else "tests/list.html", context)


@require_http_methods(FORM)
@page("view_payload", "start_run")
def new(request: Asked, workflow_id: str) -> HttpResponse:
    """Write a test, from nothing or from what `run` names."""
    workflow = committed(workflow_id)
    forms, about = forms_for(workflow, request.user.get_username()), case_form(workflow)
    if request.method == "POST":
        return taken(request, workflow, forms, about)
    source = Run.objects.filter(pk=named(request.GET, "run"), workflow_id=workflow.id).first()
    if source is not None:
        stored = runtime.call(runtime.get_engine().read(source.id))
        forms, about = forms.filled(workflow, given_to(stored)), of_run(workflow, stored)
    return form_page(request, workflow, forms, about)


@require_http_methods(FORM)
@page("view_payload", "start_run")
def edit(request: Asked, workflow_id: str, test_id: int) -> HttpResponse:
    workflow = committed(workflow_id)
    test = found(request, workflow, test_id)
    forms, about = forms_for(workflow, request.user.get_username()), of_test(workflow, test)
    if request.method == "POST":
        own(request, test)
        return taken(request, workflow, forms, about, test)
    return form_page(request, workflow, forms.filled(workflow, test.values), about, test)


@require_http_methods(DIALOG)
@page("view_payload", "start_run")
def delete(request: Asked, workflow_id: str, test_id: int) -> HttpResponse:
    workflow = committed(workflow_id)
    test = own(request, found(request, workflow, test_id))
    if request.method != "POST":
        return ask_first(
            request, _("Delete “%s”?") % test.title, lost_with(test), _("Delete it"),
            reverse("workflows:test", args=[workflow.id, test.pk]),
        )  # fmt: skip
    log(request, "delete_input", test)
    trying.delete(test, request.user.get_username())
    messages.success(request, _("“%s” is deleted.") % test.title)
    return leave(request, reverse("workflows:tests", args=[workflow.id]))


def lost_with(test: SavedInput) -> str:
    """Say what goes with an input or a test."""
    runs, others = test.trials.count(), _("Nobody else finds it any more either.") if test.is_shared else ""
    went = ngettext(
        "How it went %d time is forgotten; the run stays.", "How it went %d times is forgotten; the runs stay.", runs
    )
    known = _("The input that it keeps is lost.")
    return " ".join(filter(None, [known, went % runs if runs else "", others]))


@require_POST
@page("view_payload", "start_run")
def run(request: Asked, workflow_id: str) -> HttpResponse:
    """Run the tests that `test` names, or all of them; one that is being run is left alone."""
    workflow = committed(workflow_id)
    tests = visible(request, workflow).tests()
    if asked := request.POST.getlist("test"):
        tests = tests.filter(pk__in=[int(name) for name in asked if name.isdecimal() and len(name) < 19])
    if started := trying.begin_all(request, workflow, tests):
        said = ngettext("%d test is started.", "%d tests are started.", len(started))
        messages.success(request, said % len(started))
    return redirect("workflows:tests", workflow.id)


def taken(
    request: Asked, workflow: Workflow, forms: Forms, about: SchemaForm, test: SavedInput | None = None
) -> HttpResponse:
    """Keep what was sent, or show it again with what is wrong with it."""
    sent, told = forms.bind(request.POST, request.FILES), about.bind(request.POST)
    if sent.is_edit or told.is_edit:
        return form_page(request, workflow, sent.calm(), without_errors(told), test)
    if sent.has_errors or told.errors:
        return form_page(request, workflow, sent, told, test, status=422)
    value = said(told, CaseIn)
    saved = save(
        request, workflow, sent.given, title=value.title, is_shared=value.shared, into=test,
        expectations=listed(value.expectations),
        answers=listed(harmless_answer(workflow, answer) for answer in value.answers),
    )  # fmt: skip
    messages.success(request, _("“%s” is saved.") % saved.title)
    return redirect("workflows:tests", workflow.id)


def listed(models: Iterable[BaseModel]) -> str:
    return encode([model.model_dump(mode="json") for model in models])


def form_page(
    request: Asked, workflow: Workflow, forms: Forms, about: SchemaForm, test: SavedInput | None = None, *,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    check = reverse("workflows:check", args=[workflow.id])
    context = {
        "workflow": workflow,
        "forms": forms.each(lambda part: part.checked_at(check)),
        "about": about,
        "test": test,
        "mine": test is None or may_change(request, test),
        "trials": trying.tested([test])[0].trials if test is not None else (),
    }
    return show(request, "tests/form.html", context, status=status)


def committed(workflow_id: str) -> Workflow:
    """Find a workflow whose code is there. Raises: WorkflowNotFound"""
    workflow = find(workflow_id)
    if isinstance(workflow, Workflow):
        return workflow
    raise WorkflowNotFound(_("The workflow %r could not be loaded, so it has no tests.") % workflow_id)


def found(request: Asked, workflow: Workflow, test_id: int) -> SavedInput:
    """Find a saved input that the person may see. Raises: Http404"""
    test = visible(request, workflow).filter(pk=test_id).first()
    if test is None:
        raise Http404
    return test


def own(request: Asked, test: SavedInput) -> SavedInput:
    """Give it back if the person may change it. Raises: PermissionDenied"""
    if not may_change(request, test):
        raise PermissionDenied(_("Only %(owner)s can change this.") % {"owner": test.owner})
    return test
