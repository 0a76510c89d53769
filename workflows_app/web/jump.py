"""What the jump box finds: pages, workflows, saved views, and runs by how their id begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app.models import Run, SavedView
from workflows_app.rights import reach_of, seen
from workflows_app.web.figures.measures import Measure, by_workflow, last_hours
from workflows_app.web.http import offers
from workflows_app.web.savedviews import name_of

EACH: Final = 6
NONE: Final = Measure()
LONGEST: Final = 200
PAGES: Final = (
    ("overview", gettext_lazy("Overview"), "layout-dashboard", ("view_run",)),
    ("workflows:list", gettext_lazy("Workflows"), "workflow", ("view_run",)),
    ("runs:list", gettext_lazy("Runs"), "list-tree", ("view_run",)),
    ("approvals:inbox", gettext_lazy("Approvals"), "inbox", ("decide", "resume_run")),
    ("schedules:list", gettext_lazy("Schedules"), "alarm-clock", ("view_run",)),
    ("insights", gettext_lazy("Insights"), "chart-column", ("view_run",)),
    ("activity:list", gettext_lazy("Activity"), "scroll-text", ("view_audit",)),
    ("views:list", gettext_lazy("Saved views"), "bookmark", ("view_run", "decide")),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One place to jump to. `status` gives a run its glyph, `icon` everything else."""

    words: str
    href: str
    icon: str = ""
    detail: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    targets: Sequence[Target]


def jump_groups(asked: str, person: User) -> list[Group]:
    """Find the places that a text may mean, those that are most likely meant first."""
    text = asked.replace("\0", "").strip()[:LONGEST]
    found = [
        Group(_("Runs"), list(runs(text)) if text else []),
        Group(_("Workflows"), list(workflows(text))[:EACH]),
        Group(_("Saved views"), list(views(text, person))),
        Group(_("Pages"), list(pages(text, person))),
        Group(_("Search"), list(searches(text, person))),
    ]
    return [group for group in found if group.targets]


def runs(text: str) -> Iterator[Target]:
    some = seen(Run.objects.beginning(text)).order_by("id")[:EACH]
    for run in some:
        yield Target(run.id, reverse("runs:inspector", args=[run.id]), detail=run.workflow_id, status=run.status)


def workflows(text: str) -> Iterator[Target]:
    """Yield workflows: those that begin with the text, then those that have it; of either the busiest first."""
    wanted = text.lower()
    busy = by_workflow(last_hours(24, timezone.now()))
    matching = [o.workflow.id for o in offers() if o.workflow is not None and wanted in o.workflow.id.lower()]
    matching.sort(key=lambda name: (not name.lower().startswith(wanted), -busy.get(name, NONE).runs, name))
    for name in matching:
        yield Target(name, reverse("workflows:detail", args=[name]), "workflow")


def views(text: str, person: User) -> Iterator[Target]:
    known = SavedView.objects.visible_to(person.get_username()).filter(title__icontains=text).sorted()
    for view in known[:EACH]:
        yield Target(view.title, reverse("views:open", args=[view.slug]), "bookmark", name_of(view.path))


def pages(text: str, person: User) -> Iterator[Target]:
    reach = reach_of(person)
    for name, words, icon, rights in PAGES:
        if text.lower() in str(words).lower() and any(map(reach.somewhere, rights)):
            yield Target(str(words), reverse(name), icon)


def searches(text: str, person: User) -> Iterator[Target]:
    """Offer to look for the text in what runs took and gave."""
    if text and reach_of(person).somewhere("view_payload"):
        yield Target(
            _("Runs with “%(text)s”") % {"text": text}, f"{reverse('runs:list')}?{urlencode({'q': text})}", "search"
        )
