"""One run: the page, whole or in parts, and the frames for pages that cannot have a socket."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from workflows_app import runtime
from workflows_app.approvals.policy import Who, may_handle, refusal, takes_on
from workflows_app.engine.records import Record
from workflows_app.models import Desk, Version
from workflows_app.models.instants import to_datetime
from workflows_app.web.approvals.answering import answering, proposed_form
from workflows_app.web.approvals.deciding import approval_at
from workflows_app.web.approvals.following import follows_of
from workflows_app.web.approvals.inbox import due_words
from workflows_app.web.approvals.question import Asking, draft_of, with_draft
from workflows_app.web.figures.usual import usual_active
from workflows_app.web.forms import SchemaForm
from workflows_app.web.graph.statuses import waits_for
from workflows_app.web.http import Asked, may, number, page, show
from workflows_app.web.inspector.acts import acts_of, more_of
from workflows_app.web.inspector.alike import alike
from workflows_app.web.inspector.look import Look, looking_at
from workflows_app.web.inspector.page import TABS, Inspector, RunFacts, inspect
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.live.frames import PARTS, Picture
from workflows_app.web.runs.abandoned import is_abandoned
from workflows_app.web.runs.deletions import leaving
from workflows_app.web.workflows.snippets import COPIES

WHOLE = "runs/inspector.html"
PIECES = {name: f"runs/_{name}.html" for name in (*PARTS, "window")} | {"lanes": "runs/_work.html"}
PIECES |= dict.fromkeys(TABS, PIECES["timeline"])
WITH_HEAD = (WHOLE, PIECES["head"])
WITHOUT_FORM = {PIECES[name] for name in ("head", "flow", "timeline", "window")}


@require_safe
@page()
def inspector(request: Asked, run_id: str, part: str = "") -> HttpResponse:
    selection = Selection.of(request.GET)
    with looking_at(run_id, selection.moment) as look:
        return inspector_page(request, look, part=part, selection=selection)


def inspector_page(
    request: Asked,
    look: Look,
    *,
    part: str = "",
    selection: Selection | None = None,
    form: SchemaForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a run. `form` is an answer that was sent and must be shown again."""
    view = inspect(
        facts_of(look), look.root, look.moment, selection or Selection.of(request.GET),
        runtime.get_engine().now(), look.loaded, may_see=may(request, "view_payload"),
        tab=part if part in TABS else TABS[0], workflow=look.workflow,
    )  # fmt: skip
    wanted = request.htmx.target if request.htmx.target in PIECES else part
    template = PIECES.get(wanted or "", WHOLE) if request.htmx else WHOLE
    context: dict[str, Any] = {
        "view": view,
        "version": Version.number_of(view.run.workflow_id, view.run.fingerprint) if template in WITH_HEAD else None,
        "usual": None if view.run.finished or template not in WITH_HEAD else usual_active(view.run.workflow_id),
        "acts": acts_of(view.run, request),
        "more": more_of(view.run, request),
        "can_copy": view.may_see,
        "can_pause": may(request, "start_run"),
        "copies": COPIES,
        "leaving": [one for one in leaving(request) if view.run.id in {run.id for run in one.runs}],
        "alike": alike(look.head) if template not in WITHOUT_FORM and view.panel.tab == "error" else None,
    }
    if template not in WITHOUT_FORM and view.panel.tab == "resume" and not view.moment.is_past:
        context |= question_context(request, look, view, form)
    response = show(request, template, context, status=status)
    response["Run-Seq"] = str(view.run.seq)
    return response


def question_context(request: Asked, look: Look, view: Inspector, form: SchemaForm | None) -> dict[str, Any]:
    """Give the form that answers what the panel asks, or why this person may not; nobody answers in the past."""
    who, record = Who.of(request.user), look.history.find(view.path)
    if record is None:
        return {}
    asked, drafted = approval_at(look.head.id, record), None
    refused = refusal(who, asked) if asked is not None else ""
    if look.head.blocked_reason:
        # No answer would be taken: the panel shows the choice that has to come first.
        form = None
    elif form is None and who.may_decide and not refused:
        form = proposed_form(look, record.path)
        drafted = draft_of(asked, who) if asked is not None else None
    due = to_datetime(record.due) if record.due is not None else None
    goes_on = asked is None or takes_on(who, asked)
    question = asking(look, record, form, view, drafted, goes_on=goes_on) if form is not None else None
    handles = asked is not None and may_handle(who, asked)
    told = {"due": due_words(due, timezone.now()), "refused": refused, "handles": handles}
    return {"question": question, "asked": asked if who.may_decide else None, **told}


def asking(
    look: Look, record: Record, form: SchemaForm, view: Inspector, drafted: Desk | None, *, goes_on: bool
) -> Asking:  # fmt: skip
    """Make the form that answers a step, with its decisions as buttons and what follows each."""
    check = f"{reverse('runs:check', args=[look.head.id])}?{urlencode({'step': view.path})}"
    form = form if drafted is None else with_draft(form, drafted)
    shown = answering(form.checked_at(check), look.answer_schema(record.path))
    follows = tuple(follows_of(view.flow, view.path, shown.choices, look.workflow))
    kept_at = drafted.drafted_at if drafted is not None else None
    return Asking(shown, follows, goes_on, kept_at)


def facts_of(look: Look) -> RunFacts:
    head = look.head
    gone = _("The code of this workflow is not there any more; what was recorded is.") if look.workflow is None else ""
    return RunFacts(
        id=head.id,
        workflow_id=head.workflow_id,
        status=head.status,
        seq=look.moment.reading.history.seq,
        created_at=head.created_at,
        started_by=head.started_by or "",
        fingerprint=look.history.fingerprint,
        blocked_reason=head.blocked_reason or gone,
        forked_from=head.forked_from or "",
        finished=look.moment.reading.history.finished,
        code_gone=look.workflow is None,
        waits_for=waits_for(look.moment.reading.history) if head.status in ("suspended", "waiting") else "",
        worker_lost=head.status == "running" and is_abandoned(head.id),
    )


@require_safe
@page()
def frames(request: Asked, run_id: str) -> HttpResponse:
    """Give the frames after `?after=` to a page that cannot have a socket."""
    after = number(request, "after")
    head = runtime.call(runtime.get_engine().head(run_id))
    if head.seq <= after:
        return JsonResponse({"seq": head.seq, "frames": []})
    with looking_at(run_id) as look:
        picture = Picture(look.history, look.moment.reading.events[after:])
        return JsonResponse({"seq": picture.seq, "frames": picture.since(after)})
