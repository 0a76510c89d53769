"""One verb for many runs: first what it would do to each, then what became of each.

What is not possible for some runs leaves the others alone. Every run is acted on and noted by itself, so that
whatever stops the request, the log says what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from workflows_app import runtime
from workflows_app.errors import RunError, RunNotFound, StillRunning
from workflows_app.models import Run
from workflows_app.models.instants import to_instant
from workflows_app.rights import reach_of, seen
from workflows_app.web.activity import note, of_run, reason_of
from workflows_app.web.http import Asked, all_named, demand, not_allowed, page, show
from workflows_app.web.inspector.acts import BY_KEY, act_of
from workflows_app.web.inspector.page import RunFacts
from workflows_app.web.runs.abandoned import is_abandoned
from workflows_app.web.runs.deletions import leaving, undo_words, wish
from workflows_app.web.runs.filters import RunFilters
from workflows_app.web.runs.pages import read_page
from workflows_app.web.views.runs import restricted

AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would become, or became, of one run. An obstacle is why nothing does."""

    run: Run
    obstacle: str = ""


@require_POST
@page()
def bulk(request: Asked) -> HttpResponse:
    verb = request.POST.get("verb", "")
    back = reverse("runs:list") + RunFilters.of(asked(request)).query()
    if verb not in DEEDS:
        messages.warning(request, _("Choose what to do with the runs: restart, cancel or delete them."))
        return redirect(back)
    demand(request, BY_KEY[verb].right)
    runs = chosen(request)
    if not runs:
        messages.warning(request, _("No run was selected. Tick some, or all that match."))
        return redirect(back)
    context = {
        "verb": verb,
        "act": BY_KEY[verb],
        "back": back,
        "query": request.POST.get("query", ""),
        "undo": undo_words(),
    }
    if "sure" in request.POST:
        done = sorted_out([do(request, verb, run) for run in runs])
        going = {run.run.id for run in done["done"]}
        left = [one for one in leaving(request) if going & {run.id for run in one.runs}] if verb == "delete" else []
        return show(request, "runs/bulk_done.html", context | done | {"leaving": left})
    return show(request, "runs/bulk.html", context | sorted_out([foreseen(request, verb, run) for run in runs]))


def asked(request: Asked) -> QueryDict:
    return QueryDict(request.POST.get("query", "")[:4_000].removeprefix("?"))


def chosen(request: Asked) -> list[Run]:
    """Find the runs that were ticked, or all that the list was of."""
    if request.POST.get("all"):
        filters = restricted(request, replace(RunFilters.of(asked(request)), older="", newer=""))
        return list(read_page(filters, AT_ONCE).runs)
    ids = all_named(request.POST, "run")[:AT_ONCE]
    return list(seen(Run.objects.all()).filter(id__in=ids).newest())


def sorted_out(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    return {
        "done": [one for one in outcomes if not one.obstacle],
        "left": [one for one in outcomes if one.obstacle],
    }


def foreseen(request: Asked, verb: str, run: Run) -> Outcome:
    """Say what is in the way of a verb, as the run's own page does."""
    engine = runtime.get_engine()
    facts = RunFacts(
        id=run.id,
        workflow_id=run.workflow_id,
        status=run.status,
        seq=run.seq,
        created_at=to_instant(run.created_at),
        finished=run.finished_at is not None,
        code_gone=run.workflow_id not in engine.registry.by_id,
        worker_lost=run.status == "running" and is_abandoned(run.id),
    )
    return Outcome(run, act_of(verb, facts, request).obstacle)


def do(request: Asked, verb: str, run: Run) -> Outcome:
    """Do it to one run and note it; what the engine refuses is said beside the run."""
    right = BY_KEY[verb].right
    if not reach_of(request.user).allows(right, run.workflow_id):
        return Outcome(run, not_allowed(right))
    try:
        DEEDS[verb](run, request)
    except StillRunning:
        return Outcome(run, _("It is being performed."))
    except RunNotFound:
        return Outcome(run, _("It was deleted before."))
    except RunError as error:
        return Outcome(run, error.message)
    note(request, verb, of_run(run), reason=reason_of(request), before={"status": run.status})
    return Outcome(run)


def cancel(run: Run, request: Asked) -> None:
    handle = runtime.call(runtime.get_engine().get_run(run.id))
    if handle.head.finished_at is not None:
        raise RunError(_("It had finished before."))
    runtime.call(handle.cancel(reason_of(request) or None, by=request.user.get_username()))


def restart(run: Run, request: Asked) -> None:
    handle = runtime.call(runtime.get_engine().get_run(run.id))
    runtime.call(handle.restart_async(by=request.user.get_username()))


def delete(run: Run, request: Asked) -> None:
    wish(run.id)


DEEDS: Final[Mapping[str, Callable[[Run, Asked], None]]] = {"cancel": cancel, "restart": restart, "delete": delete}
