"""The list of runs: every filter stands in the address, and any page of it is one bounded read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from workflows_app.engine.ports import OPEN, TERMINAL
from workflows_app.models import Run
from workflows_app.web.http import Asked, may, offers, page, show
from workflows_app.web.runs.deletions import leaving
from workflows_app.web.runs.filters import GROUPS, LABELS, WITHIN, RunFilters
from workflows_app.web.runs.pages import RunPage, cursor_of, read_page
from workflows_app.web.runs.rows import Group, amount_of, by_status, by_step, rows_of

STATUSES = (*OPEN, *TERMINAL)
TYPED = ("step", "tag", "who", "id", "since", "until", "longer", "shorter", "fault", "where")
KEPT = ("status", "group", "version", "q")
BULK = ("cancel_run", "restart_run", "delete_run")
GROUPED: Mapping[str, Callable[[RunFilters], Sequence[Group]]] = {"status": by_status, "step": by_step}


@dataclass(frozen=True, slots=True)
class Field:
    """A filter that is typed in."""

    name: str
    label: str
    type: str
    value: str
    fault: str

    @classmethod
    def of(cls, name: str, filters: RunFilters) -> Field:
        kind = "datetime-local" if name in ("since", "until") else "text"
        return cls(name, str(LABELS[name]), kind, getattr(filters, name), filters.faults.get(name, ""))


@require_safe
@page()
def listing(request: Asked) -> HttpResponse:
    filters = restricted(request, RunFilters.of(request.GET))
    context = {
        "filters": filters,
        "now": timezone.now(),
        "statuses": STATUSES,
        "within": [(name, words) for name, (_, words) in WITHIN.items()],
        "grouped_by": GROUPS.items(),
        "workflows": sorted(offer.workflow.id for offer in offers() if offer.workflow is not None),
        "fields": [Field.of(name, filters) for name in TYPED],
        "kept": [(name, value) for name, value in filters.pairs if name in KEPT],
        "may_search": may(request, "view_payload"),
        "leaving": leaving(request),
        "has_active": may(request, "restart_run") and Run.objects.active().exists(),
    }
    if filters.group in GROUPED:
        return show(request, "runs/list.html", {**context, "groups": GROUPED[filters.group](filters)})
    found = read_page(filters)
    context |= {
        "found": found,
        "rows": rows_of(found.runs),
        "amount": amount_of(filters, found),
        "top": top_of(found, filters),
        "bulk": [right for right in BULK if may(request, right)],
    }
    return show(request, "runs/list.html", context)


def top_of(found: RunPage, filters: RunFilters) -> str:
    """Name the run after which news begin; a page of older runs has none."""
    if found.newer or filters.older:
        return ""
    newest = found.runs[0] if found.runs else None
    if newest is None and found.looked_to is not None:
        # Runs beyond the look may match and are no news.
        newest = filters.indexed().order_by(f"-{filters.column}", "-id").first()
    return cursor_of(newest, filters.column) if newest else "0:"


def restricted(request: Asked, filters: RunFilters) -> RunFilters:
    """Search what runs took and gave only for those who may read it."""
    return filters if may(request, "view_payload") else replace(filters, q="")
