"""Schedules: when runs start by themselves, what came of it, and changing it."""

from __future__ import annotations

import contextlib
from itertools import islice

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from workflows_app import runtime
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import InvalidData, RunError
from workflows_app.models import Schedule
from workflows_app.models.seal import SealedElsewhere
from workflows_app.rights import told_error
from workflows_app.web.checking import without_errors
from workflows_app.web.figures.stuck import fault_of, in_one_line
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import DIALOG, Asked, ask_first, leave, may, offers, page, show
from workflows_app.web.people.forms import said
from workflows_app.web.values.jsontree import branch_of
from workflows_app.web.views.trials import committed
from workflows_app.web.workflows import scheduling
from workflows_app.web.workflows.scheduling import CATCH_UP_WORDS, MOST, OVERLAP_WORDS, ScheduleIn, visible
from workflows_app.web.workflows.starting import Forms, forms_for
from workflows_app.web.workflows.timetable import UPCOMING, fires, listed, upcoming

FORM = ["GET", "HEAD", "POST"]
SHOWN = 50


@require_safe
@page()
def listing(request: Asked) -> HttpResponse:
    wanted = request.GET.get("workflow", "").replace("\0", "")[:200]
    rows = visible().filter(workflow_id=wanted) if wanted else visible()
    pages = Paginator(rows.order_by("state", "next_at", "id"), SHOWN)
    shown = pages.get_page(request.GET.get("page"))
    context = {
        "rows": listed(shown),
        "shown": shown,
        "workflow": wanted,
        "workflows": sorted(offer.workflow.id for offer in offers() if offer.workflow is not None),
        "may_manage": may(request, "manage_schedule") and may(request, "start_run"),
    }
    return show(request, "schedules/_rows.html" if request.htmx else "schedules/list.html", context)


@require_safe
@page("start_run", "manage_schedule")
def choose(request: Asked) -> HttpResponse:
    """Go to the form for the workflow that was chosen."""
    return redirect("workflows:new-schedule", committed(request.GET.get("workflow", "")).id)


@require_http_methods(FORM)
@page("view_payload", "start_run", "manage_schedule")
def new(request: Asked, workflow_id: str) -> HttpResponse:
    workflow = committed(workflow_id)
    forms, about = forms_for(workflow, request.user.get_username()), scheduling.schedule_form()
    if request.method == "POST":
        return taken(request, workflow, forms, about)
    return form_page(request, workflow, forms, about)


@require_http_methods(FORM)
@page("view_payload", "start_run", "manage_schedule")
def edit(request: Asked, schedule_id: str) -> HttpResponse:
    row = found(schedule_id)
    if row.is_declared:
        messages.warning(request, _("The code of the workflow says when it is. Change it there."))
        return redirect("schedules:detail", row.id)
    workflow = committed(row.workflow_id)
    forms, about = forms_for(workflow, request.user.get_username()), scheduling.form_of(row)
    if request.method == "POST":
        return taken(request, workflow, forms, about, row)
    try:
        forms = forms.filled(workflow, scheduling.shown_given(workflow, row))
    except SealedElsewhere as error:
        messages.error(request, str(error))
    return form_page(request, workflow, forms, about, row)


def taken(
    request: Asked, workflow: Workflow, forms: Forms, about: SchemaForm, row: Schedule | None = None
) -> HttpResponse:
    """Keep what was sent, or show it again with what is wrong with it."""
    sent, told = forms.bind(request.POST, request.FILES), about.bind(request.POST)
    if sent.is_edit or told.is_edit:
        return form_page(request, workflow, sent.calm(), without_errors(told), row)
    if sent.has_errors or told.errors:
        return form_page(request, workflow, sent, told, row, status=422)
    if row is None and Schedule.objects.count() >= MOST:
        messages.error(request, _("There are %s schedules. Delete one first.") % MOST)
        return form_page(request, workflow, sent, told, row, status=409)
    kept = scheduling.save(request, workflow, said(told, ScheduleIn), sent.given, into=row)
    messages.success(request, _("The schedule is saved."))
    return redirect("schedules:detail", kept.id)


def form_page(
    request: Asked, workflow: Workflow, forms: Forms, about: SchemaForm, row: Schedule | None = None, *,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    check = reverse("workflows:check", args=[workflow.id])
    context = {
        "workflow": workflow, "forms": forms.each(lambda part: part.checked_at(check)), "about": about, "row": row,
    }  # fmt: skip
    return show(request, "schedules/form.html", context, status=status)


@require_safe
@page()
def detail(request: Asked, schedule_id: str) -> HttpResponse:
    row = found(schedule_id)
    (shown,) = listed([row])
    context = {
        "row": row,
        "shown": shown,
        "words": shown.words,
        "upcoming": [] if row.is_paused else list(islice(upcoming(row, timezone.now()), UPCOMING)),
        "overlap": OVERLAP_WORDS[row.overlap],
        "catch_up": CATCH_UP_WORDS[row.catch_up],
        "fires": fires(row.firings.order_by("-id")[:SHOWN]),
        "may_manage": may(request, "manage_schedule"),
        "may_start": may(request, "start_run"),
        "removable": scheduling.is_removable(row),
        **given_of(request, row),
    }
    return show(request, "schedules/_detail.html" if request.htmx else "schedules/detail.html", context)


def given_of(request: Asked, row: Schedule) -> dict[str, object]:
    """Say what the runs are started with, to whoever may read it."""
    workflow = runtime.get_engine().registry.by_id.get(row.workflow_id)
    if workflow is None:
        return {}
    fault = fault_of(row)
    told = in_one_line(told_error(row.workflow_id, fault)) or _("The workflow does not take what this gives its runs.")
    about: dict[str, object] = {"fault": told if fault else ""}
    with contextlib.suppress(SealedElsewhere):
        if may(request, "view_payload"):
            about["given"] = branch_of(dict(scheduling.shown_given(workflow, row)))
    return about


@require_POST
@page("manage_schedule")
def pause(request: Asked, schedule_id: str) -> HttpResponse:
    scheduling.pause(request, row := found(schedule_id))
    messages.success(request, _("“%s” is paused.") % row)
    return back(request, row)


@require_POST
@page("manage_schedule")
def resume(request: Asked, schedule_id: str) -> HttpResponse:
    row = found(schedule_id)
    try:
        scheduling.go_on(request, row)
        messages.success(request, _("“%s” goes on.") % row)
    except InvalidData as error:
        messages.error(request, error.message)
    return back(request, row)


@require_POST
@page("start_run")
def fire(request: Asked, schedule_id: str) -> HttpResponse:
    """Start a run at once, and show it."""
    row = found(schedule_id)
    try:
        return redirect("runs:inspector", scheduling.fire(request, row).run_id)
    except (InvalidData, RunError, SealedElsewhere) as error:
        messages.error(request, str(error))
        return redirect("schedules:detail", row.id)


@require_http_methods(DIALOG)
@page("start_run", "manage_schedule")
def delete(request: Asked, schedule_id: str) -> HttpResponse:
    row = found(schedule_id)
    if not scheduling.is_removable(row):
        messages.warning(request, _("The code of the workflow says when it is. Change it there."))
        return leave(request, reverse("schedules:detail", args=[row.id]))
    if request.method != "POST":
        name = f"{row.workflow_id} · {row.title}" if row.title else row.workflow_id
        title, back = _("Delete the schedule of %s?") % name, reverse("schedules:detail", args=[row.id])
        return ask_first(request, title, scheduling.lost_with(row), _("Delete this schedule"), back)
    scheduling.remove(request, row)
    messages.success(request, _("The schedule is deleted. Its runs stay."))
    return leave(request, reverse("schedules:list"))


def back(request: Asked, row: Schedule) -> HttpResponse:
    """Go back to the list, where somebody pressed a button in it."""
    return redirect("schedules:list") if "list" in request.POST else redirect("schedules:detail", row.id)


def found(schedule_id: str) -> Schedule:
    """Find a schedule. Raises: Http404"""
    row: Schedule | None = visible().filter(pk=schedule_id).first()
    if row is None:
        raise Http404
    return row
