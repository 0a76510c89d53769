"""Time travel: back to before a step, in the run or in a copy of it, with what may be different this time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from workflows_app import runtime
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import InvalidData, InvalidInput, InvalidState, RunError, UnknownStep
from workflows_app.web.activity import note, of_run, reason_of
from workflows_app.web.forms import BoundForm
from workflows_app.web.http import Asked, leave, may, page, show_dialog, why_not
from workflows_app.web.inspector.acts import act_of
from workflows_app.web.inspector.foresight import Foresight, foresee
from workflows_app.web.inspector.look import Look, looking_at
from workflows_app.web.inspector.page import RunFacts, selected_path
from workflows_app.web.inspector.travel import Part, Stop, bind, given, parts_of, stops_of
from workflows_app.web.views.inspector import facts_of

COPY = "copy"
HERE = "here"


@dataclass(frozen=True, slots=True)
class Journey:
    """What the form shows: where to, how, and what would happen."""

    target: str
    stops: list[Stop]
    where: str
    per_step: bool
    reason: str
    parts: list[Part]
    ahead: Foresight
    breakpoints: list[str]
    fault: str = ""

    @property
    def chosen(self) -> Stop | None:
        return next((stop for stop in self.stops if stop.path == self.target), None)


@require_http_methods(["GET", "HEAD", "POST"])
@page("timetravel_run")
def travel(request: Asked, run_id: str) -> HttpResponse:
    with looking_at(run_id) as look:
        return travelled(request, look)


def travelled(request: Asked, look: Look) -> HttpResponse:
    run = facts_of(look)
    if (act := act_of("time-travel", run, request)).obstacle or look.workflow is None:
        ahead = Foresight(obstacle=act.obstacle)
        status = 200 if request.method != "POST" else 409
        return show_dialog(request, "verbs/_time-travel.html", {"run": run, "act": act, "ahead": ahead}, status=status)
    asked = request.POST if request.method == "POST" else request.GET
    journey = planned(request, look, look.workflow, asked)
    if request.method != "POST":
        return form(request, run, journey)
    parts = bind(journey.parts, request.POST.getlist("edit"), request.POST, request.FILES)
    journey = replace(journey, parts=parts)
    bound = [part.form for part in parts if isinstance(part.form, BoundForm)]
    if any(one.is_edit for one in bound):
        return form(request, run, journey)
    if not all(one.is_valid() for one in bound):
        return form(request, run, journey, status=422)
    return go(request, look, run, journey)


def planned(request: Asked, look: Look, workflow: Workflow, asked: QueryDict) -> Journey:
    """Read where to travel; without a word the step that needs somebody most, else the first. Raises: UnknownStep"""
    target = selected_path(asked.get("step", ""), look.root, look.history)
    stops = stops_of(workflow, look.history, target)
    target = target or (stops[0].path if stops else "")
    ahead = foresee(look.head.id, "time_travel", step=target)
    sees = may(request, "view_payload")
    return Journey(
        target=target,
        stops=stops,
        where=HERE if asked.get("where") == HERE else COPY,
        per_step=bool(asked.get("per_step")),
        reason=asked.get("reason", "")[:500],
        parts=parts_of(look.head.id, workflow, look.history, target, ahead.reused.all) if sees else [],
        ahead=ahead,
        breakpoints=sorted(look.history.breakpoints),
    )


def go(request: Asked, look: Look, run: RunFacts, journey: Journey) -> HttpResponse:
    """Travel; what the engine refuses is told at the part it is about."""
    handle = runtime.call(runtime.get_engine().get_run(run.id))
    is_copy = journey.where == COPY
    arguments: dict[str, Any] = {
        "step": journey.target, "per_step": journey.per_step, "by": request.user.get_username(),
        **given(journey.parts, look.history),
    }  # fmt: skip
    try:
        new_id = runtime.call(handle.time_travel_async(fork=is_copy, **arguments))
    except UnknownStep:
        raise
    except InvalidData as error:
        return form(request, run, refused(journey, error), status=422)
    except RunError as error:
        return form(request, run, replace(journey, fault=why_not(error)[1]), status=409)
    after = {"step": journey.target, **({"copy": new_id} if is_copy else {})}
    note(request, "fork" if is_copy else "time_travel", of_run(look.head), reason=reason_of(request), after=after)
    if is_copy:
        messages.success(
            request,
            _("This is a copy of %(run)s, taken up before %(step)s.") % {"run": run.short_id, "step": journey.target},
        )
    return leave(request, reverse("runs:inspector", args=[new_id]))


def refused(journey: Journey, error: InvalidData) -> Journey:
    key = "state" if isinstance(error, InvalidState) else "input" if isinstance(error, InvalidInput) else ""
    parts = [
        replace(part, on=True, form=replace(part.form, errors={part.form.root_name: error.message}))
        if part.key == key
        else part
        for part in journey.parts
    ]
    return replace(journey, parts=parts, fault="" if key else error.message)


def form(request: Asked, run: RunFacts, journey: Journey, *, status: int = 200) -> HttpResponse:
    act = act_of("time-travel", run, request)
    # An earlier result that is missing can be given, so it is no reason to show no form.
    shown = replace(journey.ahead, obstacle="")
    context = {"run": run, "act": act, "journey": journey, "ahead": shown, "lacks": journey.ahead.obstacle}
    return show_dialog(request, "verbs/_time-travel.html", context, status=status)
