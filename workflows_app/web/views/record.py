"""What is recorded of a run, for programs and to take away: the same facts that the tabs show, as JSON."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe
from pydantic_core import from_json

from workflows_app import runtime
from workflows_app.engine.schema import Json
from workflows_app.engine.secrets import masked
from workflows_app.errors import UnknownStep
from workflows_app.models import Event as EventRow
from workflows_app.web.http import Asked, demand, may, number, page, show
from workflows_app.web.inspector.look import looking_at
from workflows_app.web.inspector.page import selected_path
from workflows_app.web.inspector.panel import value_of
from workflows_app.web.inspector.printed import printed
from workflows_app.web.inspector.raw import pieces
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.views.inspector import facts_of, inspector

AT_ONCE = 1_000


@require_safe
@page()
def on_paper(request: Asked, run_id: str) -> HttpResponse:
    """Give what there is to say of a run as a page to be printed."""
    now = runtime.get_engine().now()
    with looking_at(run_id) as look:
        paper = printed(look, now, may_see=may(request, "view_payload"))
        context = {"run": facts_of(look), "head": look.head, "history": look.history, "paper": paper, "now": now}
        return show(request, "runs/print.html", context)


@require_safe
@page()
def tab(request: Asked, run_id: str, part: str) -> HttpResponseBase:
    """Show a tab of the timeline, or give its facts as JSON with `?format=json`."""
    if request.GET.get("format") != "json":
        return inspector(request, run_id, part)
    return JSON[part](request, run_id)


def events(request: Asked, run_id: str) -> HttpResponse:
    """Give the journal, a bounded stretch after `?after=`."""
    head = runtime.call(runtime.get_engine().head(run_id))
    rows = EventRow.objects.filter(run=run_id, seq__gt=number(request, "after")).order_by("seq")[:AT_ONCE]
    with_data = may(request, "view_payload")
    listed = [
        {
            "seq": row.seq,
            "at": row.at.isoformat(),
            "kind": row.kind,
            "path": row.path,
            "by": row.by,
            **({"data": masked(from_json(row.data))} if with_data else {}),
        }
        for row in rows
    ]
    last = listed[-1]["seq"] if listed else head.seq
    body = {"run": run_id, "seq": head.seq, "events": listed, "next": last if last < head.seq else None}
    return JsonResponse(body)


def state(request: Asked, run_id: str) -> HttpResponse:
    """Give the state of the run, or what it was after the event `?at=`."""
    demand(request, "view_payload")
    with looking_at(run_id, Selection.of(request.GET).moment) as look:
        body = {"run": run_id, "seq": look.moment.seq, "state": look.history.state.data}
        return JsonResponse(body)


def logs(request: Asked, run_id: str) -> HttpResponse:
    """Give what steps wrote to their streams."""
    demand(request, "view_payload")
    with looking_at(run_id, Selection.of(request.GET).moment) as look:
        written: list[Json] = [
            {"seq": seq, "at": event.at, "path": event.path, "chunks": look.loaded(event.chunks).data}
            for seq, event in look.moment.spoken()
        ]
        return JsonResponse({"run": run_id, "seq": look.moment.seq, "logs": written})


def raw(request: Asked, run_id: str) -> HttpResponse:
    """Give everything that is recorded, with the values that are stored apart."""
    demand(request, "view_payload")
    with looking_at(run_id) as look:
        return HttpResponse("".join(pieces(look.moment, look.loaded)), content_type="application/json")


JSON: dict[str, Callable[[Asked, str], HttpResponse]] = {"events": events, "state": state, "logs": logs, "raw": raw}


@require_safe
@page("view_payload")
def value(request: Asked, run_id: str) -> HttpResponse:
    """Give a whole value that the panel shows: of the step and the tab that the address selects."""
    asked = Selection.of(request.GET)
    with looking_at(run_id, asked.moment) as look:
        path = selected_path(asked.step, look.root, look.history)
        found = value_of(look.moment, path, asked.tab)
        if found is None:
            raise UnknownStep(f"There is no {asked.tab or 'value'} here yet.")
        response = HttpResponse(look.loaded(found).shown, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{asked.tab}.json"'
    return response
