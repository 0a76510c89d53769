"""The workflows there are, and one of them: graph, schemas, how its runs went, or why it is broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.conf import settings
from django.db.models import Min
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from workflows_app import runtime
from workflows_app.engine.events import SECOND
from workflows_app.engine.history import History
from workflows_app.engine.nodes import Step
from workflows_app.engine.retention import kept_seconds
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import UnknownStep
from workflows_app.models import Run, Schedule, Version
from workflows_app.web.figures.counts import Amount, Record, amount, asking, record
from workflows_app.web.figures.measures import Measure, by_workflow, last_hours, measure
from workflows_app.web.graph.code import authored
from workflows_app.web.graph.drawn import width_of
from workflows_app.web.graph.flow import draw
from workflows_app.web.graph.mermaid import as_mermaid
from workflows_app.web.graph.places import file_of
from workflows_app.web.http import Asked, may, no_workflow, offers, page, show
from workflows_app.web.inspector.page import FOLD_WIDER_THAN
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.runs.filters import RunFilters
from workflows_app.web.runs.pages import RunPage
from workflows_app.web.runs.rows import amount_of, rows_of
from workflows_app.web.values.schemas import json_schema_of, lines_of
from workflows_app.web.workflows.opens import lost_steps, noted, open_on, words_of
from workflows_app.web.workflows.snippets import as_curl, as_python, example

RECENT = 10
SCHEDULES = 3
SCHEMAS = ("input", "output", "state", "request_context", "resume", "suspend")
SENT = {
    "input": gettext_lazy("Input"),
    "output": gettext_lazy("Output"),
    "state": gettext_lazy("State"),
    "request_context": gettext_lazy("Request context"),
    "resume": gettext_lazy("Answer"),
    "suspend": gettext_lazy("Question"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A workflow as the list shows it."""

    workflow: Workflow
    tags: tuple[str, ...]
    record: Record
    day: Measure
    waiting: Amount
    version: int | None
    next_at: datetime | None


@require_safe
@page()
def listing(request: Asked) -> HttpResponse:
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:200]
    tag = request.GET.get("tag", "")[:200]
    there = offers()
    known = sorted((o.workflow for o in there if o.workflow is not None), key=lambda workflow: workflow.id)
    found = [w for w in known if wanted.lower() in text_of(w) and (not tag or tag in tags_of(w))]
    context = {
        "q": wanted,
        "tag": tag,
        "tags": sorted({tag for workflow in known for tag in tags_of(workflow)}),
        "total": len(known),
        "workflows": listed(found),
        "broken": [offer for offer in there if offer.error and not tag and wanted.lower() in offer.key.lower()],
        "may_start": may(request, "start_run"),
    }
    return show(request, "workflows/_table.html" if request.htmx else "workflows/list.html", context)


def text_of(workflow: Workflow) -> str:
    """Give what a workflow is found by."""
    return " ".join((workflow.id, workflow.description or "", *tags_of(workflow))).lower()


def tags_of(workflow: Workflow) -> tuple[str, ...]:
    """Read the tags that the author put into the workflow's metadata."""
    tags = workflow.metadata.get("tags", ())
    return tuple(str(tag) for tag in tags) if isinstance(tags, list | tuple) else ()


def listed(workflows: Sequence[Workflow]) -> list[Listed]:
    day = by_workflow(last_hours(24, timezone.now()))
    numbers = {(name, mark): n for name, mark, n in Version.objects.values_list("workflow_id", "fingerprint", "number")}
    waiting = asking(Run.objects.all())
    going = Schedule.objects.filter(state=Schedule.State.ACTIVE).values_list("workflow_id")
    starts = dict(going.annotate(Min("next_at")).order_by())
    return [
        Listed(
            workflow=workflow,
            tags=tags_of(workflow),
            record=record(workflow.id),
            day=day.get(workflow.id, Measure()),
            waiting=amount(waiting.filter(workflow_id=workflow.id)),
            version=numbers.get((workflow.id, workflow.fingerprint)),
            next_at=starts.get(workflow.id),
        )
        for workflow in workflows
    ]


@require_safe
@page()
def detail(request: Asked, workflow_id: str) -> HttpResponse:
    offer, workflow = find_offer(workflow_id)
    if workflow is None:
        return show(request, "workflows/broken.html", {"offer": offer})
    selection = Selection.of(request.GET)
    counts = open_on(workflow.id)
    drawn = noted(draw(workflow.root, History(), 0, selection.step), words_of(counts))
    wide = width_of(drawn) > FOLD_WIDER_THAN
    runs = Run.objects.filter(workflow_id=workflow.id)
    context = {
        "workflow": workflow,
        "tags": tags_of(workflow),
        "flow": drawn,
        "folds": selection.fold == "all" or (wide and selection.fold != "none"),
        "selection": selection,
        "step": step_of(workflow, selection.step, counts),
        "lost": lost_steps(workflow, counts),
        "schemas": schemas_of(workflow),
        "warnings": warnings_of(workflow),
        "rows": rows_of(list(runs.newest()[:RECENT])),
        "amount": amount_of_workflow(workflow),
        "record": record(workflow.id),
        "week": measure(last_hours(7 * 24, timezone.now()), workflow.id),
        "open_runs": amount(runs.open()),
        "kept_for": kept_for(workflow),
        "scheduled": Schedule.objects.filter(workflow_id=workflow.id).order_by("state", "next_at", "id")[:SCHEDULES],
        "versions": Version.objects.filter(workflow_id=workflow.id).order_by("-number")[:RECENT],
        "file": file_of(offer.module),
        "module": offer.module,
        "python": as_python(workflow, example(workflow)),
        "curl": as_curl(workflow, example(workflow), origin_of(request), has_accounts=has_accounts()),
        "mermaid": as_mermaid(workflow),
        "may_start": may(request, "start_run"),
    }
    return show(request, "workflows/detail.html", context)


@require_safe
@page()
def opens(request: Asked, workflow_id: str) -> JsonResponse:
    """Say how many open runs are on each step, for a page that is open."""
    workflow = find(workflow_id)
    counts = open_on(workflow.id) if isinstance(workflow, Workflow) else {}
    return JsonResponse({"open": words_of(counts)})


def has_accounts() -> bool:
    return bool(settings.STUDIO_AUTH != "none")


def origin_of(request: Asked) -> str:
    return f"{request.scheme}://{request.get_host()}"


def amount_of_workflow(workflow: Workflow) -> Amount | None:
    filters = RunFilters(workflow=workflow.id)
    return amount_of(filters, RunPage(()))


def find(name: str) -> Workflow | runtime.Offer:
    """Find a workflow, or the offer that says why it is broken. Raises: WorkflowNotFound"""
    offer, workflow = find_offer(name)
    return offer if workflow is None else workflow


def find_offer(name: str) -> tuple[runtime.Offer, Workflow | None]:
    """Find an offer by its key, else by the id of its workflow. Raises: WorkflowNotFound"""
    there = runtime.get_catalogue()
    by_key = (offer for offer in there if offer.key == name)
    by_id = (offer for offer in there if offer.workflow is not None and offer.workflow.id == name)
    if (offer := next(chain(by_key, by_id), None)) is None:
        raise no_workflow(name)
    return offer, offer.workflow


def step_of(workflow: Workflow, path: str, counts: Mapping[str, int]) -> dict[str, object] | None:
    """Describe the step that the address selects. Raises: UnknownStep"""
    if not path or path == "/":
        return None
    node = workflow.places.get(path)
    if node is None:
        raise UnknownStep(f"The workflow {workflow.id!r} has no step {path!r}.")
    where, code = authored(node) if isinstance(node, Step) else ("", "")
    return {
        "path": path,
        "kind": node.kind,
        "description": node.description,
        "open": counts.get(path, 0),
        "schemas": schemas_of(getattr(node, "workflow", None) or node),
        "place": where,
        "code": code,
        "effects": getattr(node, "effects", ()),
    }


def kept_for(workflow: Workflow) -> int | None:
    """Say for how many microseconds ended runs are kept; None when they are kept for ever."""
    seconds = kept_seconds(workflow, runtime.get_engine().retention)
    return None if seconds is None else int(seconds * SECOND)


def warnings_of(workflow: Workflow) -> list[tuple[str, str]]:
    """List what can never fit: the sentence, and the step to look at where there is one."""
    return [(w.message, w.step if w.step in workflow.places else "") for w in workflow.warnings]


def schemas_of(owner: object) -> list[tuple[str, object]]:
    """List the schemas that a workflow or step declares, as tables."""
    declared = [(name, getattr(owner, f"{name}_schema", None)) for name in SCHEMAS]
    return [(str(SENT[name]), lines_of(json_schema_of(schema))) for name, schema in declared if schema]
