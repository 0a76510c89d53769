"""What every view shares: who may ask, whole page or fragment, and errors of the engine as pages.

A view is a function wrapped by `page`. It raises what the engine raises; here that becomes a 404 that says
what exists, or a 409 that says what is in the way.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.middleware import HtmxDetails

from workflows_app import runtime
from workflows_app.errors import (
    DefinitionChanged,
    NotActive,
    RunError,
    RunNotFound,
    StillRunning,
    UnknownStep,
    UnreadableEvent,
    WorkflowNotFound,
    WorkflowsError,
)
from workflows_app.models import Approval, Schedule
from workflows_app.rights import answering_to, may_on_run, reach_of, sees

P = ParamSpec("P")
INBOX = ("view_run", "decide")
"""What lets somebody into the inbox: who only decides sees nothing else."""
DIALOG_PARTS = ("dialog", "what")
MISSING = (RunNotFound, WorkflowNotFound, UnknownStep)
DIALOG = ["GET", "HEAD", "POST"]
"""What a verb is asked by: looking shows the question, sending does it."""
RIGHTS = {
    "view_run": gettext_lazy("look at runs"),
    "start_run": gettext_lazy("start runs"),
    "resume_run": gettext_lazy("answer suspended runs"),
    "cancel_run": gettext_lazy("cancel runs"),
    "restart_run": gettext_lazy("restart runs"),
    "timetravel_run": gettext_lazy("travel back in runs"),
    "delete_run": gettext_lazy("delete runs"),
    "view_payload": gettext_lazy("read inputs and outputs"),
    "decide": gettext_lazy("decide approvals"),
    "decide_bulk": gettext_lazy("decide many approvals at once"),
    "manage_schedule": gettext_lazy("manage schedules"),
    "view_audit": gettext_lazy("read the activity log"),
    "manage_members": gettext_lazy("manage members and roles"),
    "manage_tokens": gettext_lazy("manage API tokens"),
    "manage_webhooks": gettext_lazy("manage webhooks"),
}
WORDS: Mapping[type[WorkflowsError], tuple[object, object]] = {
    StillRunning: (
        gettext_lazy("The run is being performed"),
        gettext_lazy("A process that answers is working on it, so there is nothing to take over."),
    ),
    NotActive: (gettext_lazy("The run is not active"), ""),
    UnreadableEvent: (gettext_lazy("What was recorded of the run cannot be read"), ""),
    DefinitionChanged: (
        gettext_lazy("The workflow has changed"),
        gettext_lazy(
            "Its graph lacks some of what this run recorded. The run's page says what, and lets you go on without it."
        ),
    ),
}


class Asked(HttpRequest):
    """A request as views see it: somebody is signed in, and what the page is about is known."""

    user: User
    htmx: HtmxDetails
    run_id: str = ""
    workflow_id: str = ""


View = Callable[Concatenate[Asked, P], HttpResponseBase]


def page(
    *rights: str, door: tuple[str, ...] = ("view_run",)
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Guard a view by rights, and answer the engine's errors with pages.

    A person needs one right of the `door`, if there is any, and all others: on the run or workflow that the
    address names, else on any workflow, and then the view shows what they may see.
    """

    def wrap(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @functools.wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            asked: Asked = request  # type: ignore[assignment]
            try:
                with answering_to(reach_of(asked.user)):
                    enter(asked, kwargs, door, rights)
                    response = view(asked, *args, **kwargs)
            except MISSING as error:
                response = show(asked, "404.html", {"message": error.message}, status=404)
            except (RunError, UnreadableEvent) as error:
                response = conflict(asked, error)
            patch_vary_headers(response, ("HX-Request", "HX-Target"))
            patch_cache_control(response, no_cache=True, private=True)
            return response

        return answer

    return wrap


def enter(request: Asked, names: Mapping[str, Any], door: tuple[str, ...], rights: Sequence[str]) -> None:
    """Let a person in, or not; what they may not see is not there.

    Raises: PermissionDenied, RunNotFound, WorkflowNotFound
    """
    request.run_id, request.workflow_id = subject_of(names)
    reach = reach_of(request.user)
    if door and not any(holds(request, right) for right in door):
        if not any(map(reach.somewhere, door)):
            raise PermissionDenied(not_allowed(door[0]))
        raise hidden(request)
    for right in rights:
        demand(request, right)


def holds(request: Asked, right: str) -> bool:
    """Tell whether a person has a right on what the page is about; on a list, on anything in it."""
    is_list = not (request.run_id or request.workflow_id)
    return reach_of(request.user).somewhere(right) if is_list else may(request, right)


def demand(request: Asked, right: str) -> None:
    """Stop unless the person has a right. Raises: PermissionDenied"""
    if not holds(request, right):
        raise PermissionDenied(not_allowed(right))


def hidden(request: Asked) -> RunError:
    """Say of what a person may not see the same as of what is not there."""
    if request.run_id:
        return RunNotFound(f"Run {request.run_id!r} not found.")
    return no_workflow(request.workflow_id)


def no_workflow(name: str) -> WorkflowNotFound:
    known = ", ".join(sorted(offer.key for offer in offers())) or "none"
    return WorkflowNotFound(f"Workflow {name!r} not found. Known workflows: {known}.")


def subject_of(names: Mapping[str, Any]) -> tuple[str, str]:
    """Tell which run or which workflow the names in an address mean."""
    if "approval_id" in names:
        run_id = Approval.objects.filter(pk=names["approval_id"]).values_list("run_id", flat=True).first()
        return run_id or "", ""
    if "schedule_id" in names:
        rows = Schedule.objects.filter(pk=names["schedule_id"])
        return "", rows.values_list("workflow_id", flat=True).first() or ""
    if "workflow_id" not in names:
        return str(names.get("run_id", "")), ""
    name = names["workflow_id"]
    offers = (offer.workflow for offer in runtime.get_catalogue() if offer.key == name and offer.workflow is not None)
    found = next(offers, None)
    return "", name if found is None else found.id


def offers() -> list[runtime.Offer]:
    """List the workflows that the person who asks may see, and the modules that could not be imported."""
    return [one for one in runtime.get_catalogue() if one.workflow is None or sees(one.workflow.id)]


def may(request: Asked, right: str) -> bool:
    """Tell whether a person has a right on what the page is about; on a list, everywhere."""
    if request.run_id:
        return may_on_run(request.user, right, request.run_id)
    reach = reach_of(request.user)
    return (
        reach.allows(right, request.workflow_id) if request.workflow_id else reach.is_all or right in reach.everywhere
    )


def not_allowed(right: str) -> str:
    return _("Your account may not %s. Somebody who manages the members can allow it.") % RIGHTS[right]


def show(request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, template, dict(context), status=status)


def show_dialog(request: Asked, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """Answer with what fills the page's one dialog, or with a whole page around it."""
    if request.htmx and request.htmx.target in DIALOG_PARTS:
        return show(request, template, context, status=status)
    return show(request, "dialog.html", {**context, "fragment": template}, status=status)


def ask_first(request: Asked, title: str, lost: str, send: str, back: str) -> HttpResponse:
    """Ask before something goes for good, and say what is lost with it; the form comes back to the same address."""
    return show_dialog(request, "verbs/_sure.html", {"title": title, "lost": lost, "send": send, "back": back})


def leave(request: Asked, to: str) -> HttpResponse:
    """Send the browser to another page, also when a dialog asked."""
    return HttpResponse(headers={"HX-Redirect": to}) if request.htmx else HttpResponseRedirect(to)


def why_not(error: WorkflowsError) -> tuple[str, str]:
    """Say what is in the way of a verb: as a title, and in a sentence."""
    title, words = WORDS.get(type(error), (_("That is not possible now"), ""))
    return str(title), str(words) or error.message


def number(request: HttpRequest, name: str) -> int:
    """Read a number of the query string; what is none is 0."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def all_named(asked: QueryDict, name: str) -> list[str]:
    """Read what a request names; what holds a NUL names nothing, and PostgreSQL takes none in a query."""
    return [text for text in asked.getlist(name) if "\0" not in text]


def named(asked: QueryDict, name: str) -> str:
    """Read the one thing that a request names, or nothing."""
    return next(reversed(all_named(asked, name)), "")


def conflict(request: Asked, error: WorkflowsError) -> HttpResponse:
    """Say what is in the way of a verb, with the way back to the run."""
    title, message = why_not(error)
    return show(request, "409.html", {"title": title, "message": message, "run_id": request.run_id}, status=409)
