"""What a person does to a run: answer, cancel, restart, delete, step. Each comes back to the run.

What cannot be taken back is asked first: a GET shows what would happen, as a dialog or as a page.
"""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from workflows_app import runtime
from workflows_app.approvals.policy import Who
from workflows_app.conf import get_conf
from workflows_app.engine.drift import check_definition
from workflows_app.engine.paths import public
from workflows_app.engine.records import Record
from workflows_app.errors import (
    InvalidResumeData,
    NotActive,
    NotSuspended,
    ResumeAlreadyClaimed,
    RunError,
    StillRunning,
)
from workflows_app.models import Approval, Run, Wait
from workflows_app.rights import reach_of, seen
from workflows_app.web.activity import note, of_run, reason_of
from workflows_app.web.approvals.answering import answer_form
from workflows_app.web.approvals.deciding import approval_at, decide, decider
from workflows_app.web.forms import BoundForm
from workflows_app.web.http import DIALOG, Asked, all_named, leave, may, page, show, show_dialog
from workflows_app.web.inspector.acts import act_of
from workflows_app.web.inspector.foresight import Foresight, foresee, names
from workflows_app.web.inspector.look import Look, look_at, looking_at
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.runs.deletions import take_back, undo_words, wish
from workflows_app.web.values.jsontree import tree_of
from workflows_app.web.views.inspector import facts_of, inspector_page
from workflows_app.words import short_id

AT_ONCE = 500


@require_POST
@page()
def resume(request: Asked, run_id: str) -> HttpResponse:
    who = decider(request)
    look = look_at(run_id)
    step = request.GET.get("step", "")
    record = look.history.find(step)
    if record is None or record.status != "suspended" or was_asked_before(request, record):
        return answered_before(request, look, step)
    if look.workflow is not None:
        check_definition(look.workflow, look.history)
    form = answer_form(look, record.path)
    if form is None:
        raise RunError(_("The code of this workflow is not there, so nothing can take the answer."))
    bound = form.bind(request.POST, request.FILES)
    if not bound.is_valid():
        return inspector_page(request, look, form=bound, status=200 if bound.is_edit else 422)
    approval = approval_at(run_id, record)
    if approval is None:
        return answered_before(request, look_at(run_id), step)
    return answer(request, look, who, approval, bound)


def was_asked_before(request: Asked, record: Record) -> bool:
    """Tell whether the form is for an earlier question of the same step, as in a loop."""
    asked = request.POST.get("asked")
    return bool(asked) and asked != str(record.suspended_at)


def answer(request: Asked, look: Look, who: Who, approval: Approval, form: BoundForm) -> HttpResponse:
    """Hand the answer to the run; of two answers exactly one is taken."""
    step = public(approval.path)
    try:
        decide(who, approval, form.value, "page")
    except (NotSuspended, ResumeAlreadyClaimed):
        return answered_before(request, look_at(look.head.id), step)
    except InvalidResumeData as error:
        again = replace(form, errors={form.root_name: error.message})
        return inspector_page(request, look, form=again, status=422)
    note(request, "resume", of_run(look.head), after={"step": step})
    shown = Selection.of(request.GET).query(step="", tab="")
    return redirect(reverse("runs:inspector", args=[look.head.id]) + shown.rstrip("?"))


def answered_before(request: Asked, look: Look, step: str) -> HttpResponse:
    """Say who was faster, when, and with what."""
    record = look.history.find(step)
    context = {
        "title": _("Somebody was faster"),
        "message": _("This question has been answered already, so your answer was not taken."),
        "run_id": look.head.id,
    }
    if record is None or record.resumed_at is None:
        context |= {
            "title": _("Nothing waits here"),
            "message": _("The step %r does not wait for an answer.") % step,
        }
        return show(request, "409.html", context, status=409)
    value = record.resume_payload if may(request, "view_payload") else None
    given = {
        "step": public(record.path),
        "by": record.by,
        "at": record.resumed_at,
        "value": tree_of(value) if value is not None else None,
    }
    return show(request, "409.html", {**context, "answer": given}, status=409)


@require_http_methods(DIALOG)
@page("cancel_run")
def cancel(request: Asked, run_id: str) -> HttpResponse:
    if request.method != "POST":
        return ask(request, run_id, "cancel", foresee(run_id, "cancel"))
    run = runtime.call(runtime.get_engine().get_run(run_id))
    if run.head.finished_at is not None:
        messages.warning(request, _("The run had finished before; nothing was canceled."))
    else:
        reason = reason_of(request)
        runtime.call(run.cancel(reason or None, by=request.user.get_username()))
        before, after = {"status": run.head.status}, {"status": "canceled"}
        note(request, "cancel", of_run(run.head), reason=reason, before=before, after=after)
    return leave(request, reverse("runs:inspector", args=[run_id]))


@require_http_methods(DIALOG)
@page("restart_run")
def restart(request: Asked, run_id: str) -> HttpResponse:
    if request.method != "POST":
        return ask(request, run_id, "restart", foresee(run_id, "restart"))
    run = runtime.call(runtime.get_engine().get_run(run_id))
    runtime.call(run.restart_async(by=request.user.get_username()))
    note(request, "restart", of_run(run.head), reason=reason_of(request))
    return leave(request, reverse("runs:inspector", args=[run_id]))


@require_http_methods(DIALOG)
@page("delete_run")
def delete(request: Asked, run_id: str) -> HttpResponse:
    """Delete a run with everything that was recorded of it, in a while: until then it can be brought back."""
    if request.method != "POST":
        waits = Wait.objects.filter(run=run_id, kind="suspension").order_by("path")
        withdrawn = names(public(path) for path in waits.values_list("path", flat=True))
        forks = Run.objects.filter(forked_from=run_id).count()
        return ask(request, run_id, "delete", Foresight(withdrawn=withdrawn), forks=forks, undo=undo_words())
    engine = runtime.get_engine()
    head = runtime.call(engine.head(run_id))
    wish(run_id)
    before = {"status": head.status, "events": head.seq, "started by": head.started_by}
    note(request, "delete", of_run(head), reason=reason_of(request), before=before)
    if not get_conf().undo_seconds:
        deleted = {"run": short_id(run_id), "workflow": head.workflow_id}
        messages.success(request, _("The run %(run)s of %(workflow)s is deleted.") % deleted)
    return leave(request, reverse("runs:list"))


@require_POST
@page("delete_run")
def keep(request: Asked) -> HttpResponse:
    """Bring back runs that were to be deleted."""
    asked = seen(Run.objects.filter(pk__in=all_named(request.POST, "run")[:AT_ONCE]))
    runs = list(asked.filter(reach_of(request.user).where("delete_run")))
    kept = take_back(runs)
    for run in kept:
        note(request, "keep", of_run(run))
    if not kept:
        messages.warning(request, _("It was too late: the run is deleted."))
        return redirect("runs:list")
    words = ngettext("The run is kept.", "%s runs are kept.", len(kept))
    messages.success(request, words % len(kept) if "%s" in words else words)
    return redirect("runs:inspector", kept[0].id) if len(kept) == 1 else redirect("runs:list")


def ask(request: Asked, run_id: str, verb: str, ahead: Foresight, **more: object) -> HttpResponse:
    """Show the dialog of a verb: what it would do, and the form that has it done."""
    with looking_at(run_id) as look:
        run = facts_of(look)
    act = act_of(verb, run, request)
    context = {"run": run, "act": act, "ahead": replace(ahead, obstacle=act.obstacle or ahead.obstacle), **more}
    return show_dialog(request, f"verbs/_{verb}.html", context)


@require_POST
@page("start_run")
def step(request: Asked, run_id: str) -> HttpResponse:
    """Have the next step of a paused run performed."""
    run = runtime.call(runtime.get_engine().get_run(run_id))
    runtime.call(run.step_async(by=request.user.get_username()))
    note(request, "step", of_run(run.head))
    return leave(request, reverse("runs:inspector", args=[run_id]))


@require_POST
@page("start_run")
def unpause(request: Asked, run_id: str) -> HttpResponse:
    """Let a paused run go on to its end."""
    run = runtime.call(runtime.get_engine().get_run(run_id))
    runtime.call(run.resume_all_steps_async(by=request.user.get_username()))
    note(request, "unpause", of_run(run.head))
    return leave(request, reverse("runs:inspector", args=[run_id]))


@require_POST
@page("start_run")
def breakpoints(request: Asked, run_id: str) -> HttpResponse:
    """Have a run pause before a step from now on, or not any more; one that has ended meanwhile is shown."""
    run = runtime.call(runtime.get_engine().get_run(run_id))
    change = run.break_before if request.POST.get("pause") else run.clear_breakpoints
    try:
        left = runtime.call(change([request.POST.get("step", "")], by=request.user.get_username()))
        note(request, "breakpoints", of_run(run.head), after={"pauses before": ", ".join(left)})
    except NotActive as error:
        messages.warning(request, error.message)
    return redirect(reverse("runs:inspector", args=[run_id]) + Selection.of(request.GET).query().rstrip("?"))


@require_POST
@page("restart_run")
def adopt(request: Asked, run_id: str) -> HttpResponse:
    """Let a blocked run go on with the graph that its workflow has now."""
    run = runtime.call(runtime.get_engine().get_run(run_id))
    runtime.call(run.adopt_definition(by=request.user.get_username()))
    note(request, "adopt", of_run(run.head), reason=reason_of(request))
    return redirect("runs:inspector", run_id)


@require_POST
@page("restart_run")
def restart_active(request: Asked) -> HttpResponse:
    """Take over every active run that nobody performs any more, of one workflow or of all."""
    active = Run.objects.active().filter(reach_of(request.user).where("restart_run"))
    if workflow := request.POST.get("workflow"):
        active = active.filter(workflow_id=workflow)
    outcomes = [restarted(request, run_id) for run_id in active.values_list("id", flat=True)[:AT_ONCE]]
    taken, alive, refused = (outcomes.count(word) for word in ("taken", "alive", "refused"))
    words = [_("%s restarted") % taken, _("%s still performed") % alive]
    words += [_("%s could not be restarted") % refused] if refused else []
    messages.info(request, _("Active runs: %s.") % ", ".join(words))
    return redirect("runs:list")


def restarted(request: Asked, run_id: str) -> str:
    try:
        run = runtime.call(runtime.get_engine().get_run(run_id))
        runtime.call(run.restart_async(by=request.user.get_username()))
        note(request, "restart", of_run(run.head), reason=reason_of(request))
    except StillRunning:
        return "alive"
    except RunError:
        return "refused"
    return "taken"
