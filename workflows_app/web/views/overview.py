"""The start page: how the last day went, and what needs somebody.

It is made of panels. Each has an address of its own, at which the page fetches it again every so often, and
each may fail alone: then it says so in its place, and the others stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from workflows_app.models import Run
from workflows_app.rights import reach_of, seen
from workflows_app.web.figures import charts
from workflows_app.web.figures.attention import attention
from workflows_app.web.figures.counts import amount, asking, record
from workflows_app.web.figures.measures import Measure, Span, by_part, by_workflow, last_hours
from workflows_app.web.figures.panels import Content, Panel, read_panel
from workflows_app.web.http import INBOX, Asked, offers, page, show

RANGES = {"24": "24 h", "48": "48 h", "168": "7 days"}
DEFAULT = "48"
WORKFLOWS = 30


@require_safe
@page(door=INBOX)
def overview(request: Asked, part: str = "") -> HttpResponse:
    if not reach_of(request.user).somewhere("view_run"):
        return redirect("approvals:inbox")
    chosen = request.GET.get("hours", "")
    hours = chosen if chosen in RANGES else DEFAULT
    if part and part not in PANELS:
        raise Http404
    span = last_hours(int(hours), timezone.now())
    if part and request.htmx:
        return show(request, "charts/_panel.html", {"panel": read(part, hours, span), "hours": hours})
    context = {
        "panels": [read(name, hours, span) for name in PANELS],
        "hours": hours,
        "ranges": RANGES.items(),
        "first": None if seen(Run.objects.all()).exists() else first_steps(),
    }
    return show(request, "overview/overview.html", context)


def read(name: str, hours: str, span: Span) -> Panel:
    reading, seconds = PANELS[name]
    address = f"{reverse('panel', args=[name])}?{urlencode({'hours': hours})}"
    return read_panel("overview", name, address, seconds, lambda: reading(span))


def first_steps() -> Content:
    """Show the way to the first run: the workflows there are, and the one to begin with."""
    known = [offer.workflow.id for offer in offers() if offer.workflow is not None]
    return {"count": len(known), "example": known[0] if known else ""}


def figures(_: Span) -> Content:
    days = last_hours(48, timezone.now(), 24)
    before, now = by_part(days)
    waiting = asking(seen(Run.objects.all()))
    return {
        "since": charts.local(days.starts[1]),
        "day": now,
        "change": change(now.runs, before.runs),
        "fault": commonest(now),
        "waiting": amount(waiting),
        "oldest": waiting.order_by("created_at").first(),
        "running": amount(seen(Run.objects.all()).filter(status="running")),
        "sleeping": amount(seen(Run.objects.all()).filter(status="waiting")),
    }


def change(now: int, before: int) -> str:
    """Say how a number compares with that of the day before."""
    if not before:
        return "" if now else _("no run ended")
    percent = round(100 * (now - before) / before)
    if abs(percent) < 1:
        return _("as many as the day before")
    if percent > 200:
        return _("%.0f times the day before") % (now / before)
    words = _("%s %% more than the day before") if percent > 0 else _("%s %% fewer than the day before")
    return words % abs(percent)


def commonest(found: Measure) -> tuple[str, int] | None:
    """Name the kind of failure that was seen most."""
    types: Counter[str] = Counter()
    for fault, count in found.faults.items():
        types[fault.partition("\n")[0]] += count
    return next(iter(types.most_common(1)), None)


def per_hour(span: Span) -> Content:
    return {"chart": charts.volume(span, by_part(span), {})}


def active(span: Span) -> Content:
    named = {"p50": charts.P50, "p95": charts.P95}
    return {"chart": charts.curves(span, by_part(span), {}, named, charts.TIME)}


def workflows(span: Span) -> Content:
    """List the workflows, those of which most runs ended first."""
    measures = by_workflow(span)
    waiting = asking(seen(Run.objects.all()))
    known = [(offer.workflow, measures.get(offer.workflow.id, Measure())) for offer in offers() if offer.workflow]
    known.sort(key=lambda pair: (-pair[1].runs, pair[0].id))
    return {
        "rows": [
            (workflow, record(workflow.id), found, amount(waiting.filter(workflow_id=workflow.id)))
            for workflow, found in known[:WORKFLOWS]
        ],
        "more": max(0, len(known) - WORKFLOWS),
        "broken": [offer for offer in offers() if offer.error],
    }


def needs(_: Span) -> Content:
    return {"attention": attention(timezone.now())}


PANELS: Mapping[str, tuple[Callable[[Span], Content], int]] = {
    "figures": (figures, 5),
    "volume": (per_hour, 30),
    "active": (active, 30),
    "workflows": (workflows, 10),
    "attention": (needs, 5),
}
