"""The processes that perform runs: who answers, what each has in hand, and what was taken over of the dead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from workflows_app import runtime
from workflows_app.conf import get_conf
from workflows_app.models import Wait, Worker
from workflows_app.models.instants import to_datetime
from workflows_app.web.http import Asked, page, show

MOST: Final = 100
KEPT: Final = timedelta(days=7)
"""For how long a process that is gone is shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """One process. `calls` are the steps that it has in hand, or had when it died and that nobody took over yet."""

    worker: Worker
    calls: int
    is_alive: bool
    is_own: bool

    @property
    def state(self) -> str:
        if self.worker.left_at is not None:
            return "left"
        return "alive" if self.is_alive else "dead"


@require_safe
@page("view_audit", door=())
def workers(request: Asked) -> HttpResponse:
    """Show the processes; a page that is open asks for the table alone."""
    rows = listed()
    context = {"rows": rows, "alive": sum(row.state == "alive" for row in rows), "lease": get_conf().lease_seconds}
    return show(request, "settings/_workers.html" if request.htmx else "settings/workers.html", context)


def listed() -> Sequence[Row]:
    """List the processes by their start, so that a row stays where it is while its process lives."""
    silent = now() - timedelta(seconds=get_conf().lease_seconds)
    found = Worker.objects.filter(Q(left_at=None) | Q(left_at__gt=now() - KEPT)).filter(heartbeat_at__gt=now() - KEPT)
    calls = dict(
        Wait.objects.filter(kind=Wait.Kind.CALL).values_list("claimed_by").annotate(number=Count("*")).order_by()
    )
    own = runtime.get_engine().worker
    return [
        Row(one, calls.get(one.id, 0), one.left_at is None and one.heartbeat_at > silent, one.id == own)
        for one in found.order_by("-started_at", "id")[:MOST]
    ]


def now() -> datetime:
    """Tell the time by which heartbeats are judged: that of the database."""
    return to_datetime(runtime.get_engine().now()) if runtime.is_running() else timezone.now()
