"""The versions of one workflow, and the difference between two of them."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from workflows_app.models import Run, Version
from workflows_app.web.figures.counts import amount
from workflows_app.web.http import Asked, page, show
from workflows_app.web.views.workflows import find
from workflows_app.web.workflows.versions import changes, parts_of, steps_in

LISTED = 100


@require_safe
@page()
def versions(request: Asked, workflow_id: str) -> HttpResponse:
    workflow = find(workflow_id)
    name = getattr(workflow, "id", workflow_id)
    known = list(Version.objects.filter(workflow_id=name).order_by("-number")[:LISTED])
    b = chosen(known, request.GET.get("b", "")) or (known[0] if known else None)
    before = [version for version in known if b is not None and version.number < b.number]
    a = chosen(known, request.GET.get("a", "")) or (before[0] if before else None)
    is_pair = a is not None and b is not None and a != b
    context = {
        "name": name,
        "current": getattr(workflow, "fingerprint", ""),
        "rows": [(version, steps_in(parts_of(version)), open_runs(version)) for version in known],
        "versions": known,
        "a": a,
        "b": b,
        "changes": changes(parts_of(a), parts_of(b)) if a and b and is_pair else None,
    }
    return show(request, "workflows/versions.html", context)


def chosen(known: list[Version], number: str) -> Version | None:
    return next((version for version in known if str(version.number) == number), None)


def open_runs(version: Version) -> object:
    """Count the open runs that were started with a version."""
    runs = Run.objects.open().filter(workflow_id=version.workflow_id, fingerprint=version.fingerprint)
    return amount(runs)
