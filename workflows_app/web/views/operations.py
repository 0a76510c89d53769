"""What machines ask: is this process alive, may it get work, and what has it measured."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from workflows_app import runtime
from workflows_app.web.http import Asked, may, not_allowed, page
from workflows_app.web.metrics import exposition


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer `ok`, or 503 when only a new process would perform runs again."""
    return told(runtime.faults())


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer `ok`, or 503 when requests had better go elsewhere for now: also when the database is out of reach."""
    return told([*runtime.faults(), *runtime.doubts(), *database_faults()])


def database_faults() -> list[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return [_("The database is out of reach.")]
    return []


def told(faults: Sequence[str]) -> HttpResponse:
    said = "\n".join(faults) or "ok"
    return HttpResponse(said, status=503 if faults else 200, content_type="text/plain; charset=utf-8")


@require_safe
@page("view_audit", door=())
def metrics(request: Asked) -> HttpResponse:
    """Give the metrics to a collector. They are about all workflows, so the right must be one for all."""
    if not may(request, "view_audit"):
        raise PermissionDenied(not_allowed("view_audit"))
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
