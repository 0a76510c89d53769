"""How runs went over a stretch of time: volume, success, durations, people, retries, failures, what is oldest.

Where too little has ended to speak of a measure, its panel says how much there is and how much it takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Final

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from workflows_app.models import Run
from workflows_app.rights import seen
from workflows_app.web.figures import charts
from workflows_app.web.figures.charts import COUNT, P50, P95, P99, SHARE, TIME, Reading, Unit
from workflows_app.web.figures.counts import name_at
from workflows_app.web.figures.measures import Measure, Span, by_part, by_workflow, last_days, last_hours
from workflows_app.web.figures.panels import Content, Panel, read_panel
from workflows_app.web.http import Asked, offers, page, show
from workflows_app.web.runs.rows import rows_of

DEFAULT: Final = "7d"
FAULTS: Final = 20
OLDEST: Final = 4
SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of time that can be chosen, and what each part of its charts is."""

    words: object
    part: object
    span: Callable[[datetime], Span]


RANGES: Final[Mapping[str, Range]] = {
    "24h": Range(gettext_lazy("24 h"), gettext_lazy("per hour"), lambda now: last_hours(24, now)),
    "7d": Range(gettext_lazy("7 days"), gettext_lazy("per 6 hours"), lambda now: last_hours(168, now, 6)),
    "30d": Range(gettext_lazy("30 days"), gettext_lazy("per day"), lambda now: last_days(30, now)),
}


class Story:
    """What happened in a stretch of time, of one workflow or of all; read once for all panels of a page."""

    def __init__(self, chosen: str, workflow: str) -> None:
        self.range = RANGES[chosen]
        self.span = self.range.span(timezone.now())
        self.workflow = workflow
        self.filters = {"workflow": workflow} if workflow else {}

    @cached_property
    def parts(self) -> list[Measure]:
        return by_part(self.span, self.workflow)

    def total(self, count: Callable[[Measure], int]) -> int:
        return sum(map(count, self.parts))

    def enough(self, there: int, needed: int) -> Content:
        """Say whether there is enough to speak of a measure."""
        return {"there": there, "needed": needed, "is_enough": there >= needed, "part": self.range.part}


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of failure: what it was and where, how often, and the list behind it."""

    type: str
    step: str
    workflow: str
    runs: int
    share: int
    query: str


@require_safe
@page()
def insights(request: Asked, part: str = "") -> HttpResponse:
    chosen = request.GET.get("range", "")
    chosen = chosen if chosen in RANGES else DEFAULT
    workflow = request.GET.get("workflow", "").replace("\0", "")[:200]
    if part and part not in PANELS:
        raise Http404
    query = urlencode({"range": chosen, **({"workflow": workflow} if workflow else {})})
    story = Story(chosen, workflow)
    if part and request.htmx:
        return show(request, "charts/_panel.html", {"panel": read(part, story, query)})
    context = {
        "panels": [read(name, story, query) for name in PANELS],
        "chosen": chosen,
        "ranges": [(name, one.words) for name, one in RANGES.items()],
        "workflow": workflow,
        "workflows": sorted(offer.workflow.id for offer in offers() if offer.workflow is not None),
    }
    return show(request, "insights/insights.html", context)


def read(name: str, story: Story, query: str) -> Panel:
    address = f"{reverse('insight', args=[name])}?{query}"
    return read_panel("insights", name, address, SECONDS, lambda: PANELS[name](story))


def volume(story: Story) -> Content:
    chart = charts.volume(story.span, story.parts, story.filters)
    return {"chart": chart, **story.enough(story.total(attrgetter("runs")), 1)}


def drawn(
    named: Mapping[str, Reading], unit: Unit, count: Callable[[Measure], int], needed: int
) -> Callable[[Story], Content]:
    """Make the panel of some curves, which takes so many of what `count` counts."""

    def read(story: Story) -> Content:
        chart = charts.curves(story.span, story.parts, story.filters, named, unit)
        return {"chart": chart, **story.enough(story.total(count), needed)}

    return read


def faults(story: Story) -> Content:
    """List the kinds of failures, those of most runs first."""
    found: Counter[tuple[str, str]] = Counter()
    for name, measure in by_workflow(story.span).items():
        if story.workflow in ("", name):
            found.update({(name, fault): count for fault, count in measure.faults.items()})
    total = found.total()
    listed = [fault_of(story, name, fault, runs, total) for (name, fault), runs in found.most_common(FAULTS)]
    return {"faults": listed, "more": max(0, len(found) - FAULTS), **story.enough(total, 1)}


def fault_of(story: Story, workflow: str, fault: str, runs: int, total: int) -> Fault:
    kind, _, step = fault.partition("\n")
    name = name_at(workflow, step) if step else ""
    asked = {"workflow": workflow, "fault": kind, "where": step, "by": "end", "since": charts.local(story.span.since)}
    return Fault(kind, name, workflow, runs, round(100 * runs / total), urlencode(asked))


def oldest(story: Story) -> Content:
    """List the runs that have been open for longest."""
    runs = seen(Run.objects.open())
    if story.workflow:
        runs = runs.filter(workflow_id=story.workflow)
    rows = rows_of(list(runs.order_by("created_at", "id")[:OLDEST]))
    return {"rows": rows, **story.enough(len(rows), 1)}


def asked_people(part: Measure) -> int:
    return part.human.total()


PANELS: Final[Mapping[str, Callable[[Story], Content]]] = {
    "volume": volume,
    "success": drawn({"succeeded": attrgetter("share")}, SHARE, attrgetter("went"), 5),
    "durations": drawn({"p50": P50, "p95": P95, "p99": P99}, TIME, attrgetter("runs"), 20),
    "people": drawn({"median": attrgetter("asked"), "p95": attrgetter("asked_p95")}, TIME, asked_people, 5),
    "retries": drawn({"retries": attrgetter("retried")}, COUNT, attrgetter("runs"), 5),
    "oldest": oldest,
    "faults": faults,
}
