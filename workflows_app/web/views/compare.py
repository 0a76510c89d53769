"""Compare two runs, and choose which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from workflows_app import runtime
from workflows_app.errors import RunNotFound
from workflows_app.models import Definition, Run, Version
from workflows_app.models.run import RunQuerySet
from workflows_app.rights import may_on_run, reach_of, seen
from workflows_app.web.activity import Thing, note
from workflows_app.web.http import Asked, page, show, show_dialog
from workflows_app.web.inspector.compare import Comparison, Pair, compare, facts_of, sections_of
from workflows_app.web.inspector.look import Look, looking_at

COPIES = 5
VERSIONS = 3
LOOKED_AT = 500
LEAST = 1_000
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address of the page asks for."""

    a: str = ""
    b: str = ""
    step: str = ""
    sort: str = ""
    ignore: str = ""

    @classmethod
    def of(cls, asked: QueryDict) -> Choice:
        """Read the address; a list sends the runs that were ticked, the newer one first."""
        ticked = [*asked.getlist("run"), "", ""]
        names = {"a": asked.get("a", ticked[1]), "b": asked.get("b", ticked[0])}
        rest = {name: asked.get(name, "") for name in ("step", "sort", "ignore")}
        return cls(**{name: text.strip()[:500].replace("\0", "") for name, text in {**names, **rest}.items()})

    def query(self, **changes: str) -> str:
        """Write the query string with some of it changed; a graph's link may name a tab, which is none of ours."""
        new = replace(self, **{name: text for name, text in changes.items() if name in self.__slots__})
        return "?" + urlencode({name: getattr(new, name) for name in self.__slots__ if getattr(new, name)})

    @property
    def swapped(self) -> str:
        return self.query(a=self.b, b=self.a)

    @property
    def ignored(self) -> frozenset[str]:
        return frozenset(word.strip() for word in self.ignore.split(",") if word.strip())


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the paired timeline. Widths are shares of 100."""

    pair: Pair
    a_width: float
    b_width: float
    sign: str
    change: int | None

    @classmethod
    def of(cls, pair: Pair, longest: int) -> Row:
        widths = [100 * (took or 0) / longest for took in (pair.a.took, pair.b.took)]
        delta = pair.delta if pair.delta is None or abs(pair.delta) >= LEAST else 0
        sign = "" if not delta else "+" if delta > 0 else MINUS
        return cls(pair, widths[0], widths[1], sign, None if delta is None else abs(delta))


@require_safe
@page()
def comparison(request: Asked) -> HttpResponse:
    choice = Choice.of(request.GET)
    if request.GET.getlist("run"):
        return redirect(reverse("compare") + choice.query())
    named = {name: named_run(getattr(choice, name)) for name in ("a", "b")}
    a_run, b_run = named["a"], named["b"]
    if a_run is None or b_run is None:
        faults = {
            name: _("No run has this id.") for name, run in named.items() if run is None and getattr(choice, name)
        }
        return show(request, "compare/choose.html", {"choice": choice, "faults": faults}, status=404 if faults else 200)
    choice = replace(choice, a=a_run.id, b=b_run.id)
    kept = Definition.objects.filter(pk=b_run.workflow_id).values_list("left_out", flat=True).first() or ""
    if "ignore" not in request.GET:
        choice = replace(choice, ignore=kept)
    with ExitStack() as stack:
        # In one order, so that of two who compare the same runs neither holds what the other waits for.
        looks = {name: stack.enter_context(looking_at(name)) for name in sorted({choice.a, choice.b})}
        return compared(request, choice, kept, looks[choice.a], looks[choice.b])


def compared(request: Asked, choice: Choice, kept: str, a: Look, b: Look) -> HttpResponse:
    now = runtime.get_engine().now()
    found = compare(a, b, now, choice.step)
    sees = all(may_on_run(request.user, "view_payload", look.head.id) for look in (a, b))
    context = {
        "choice": choice,
        "found": found,
        "facts": list(facts_of(found, now)),
        "rows": [Row.of(pair, found.longest) for pair in in_order(found, choice.sort)],
        "may_keep": may_in(request, b.head.workflow_id) and choice.ignore.strip() != kept,
        "same_workflow": a.head.workflow_id == b.head.workflow_id,
        "is_open": not (a.history.finished and b.history.finished),
        "ended": "success" if b.head.status == "success" else "pending",
        "sees": sees,
        "whole": sections_of(found, "", choice.ignored) if sees else [],
        "step": next((pair for pair in (*found.pairs, *found.gone) if pair.path == found.step), None),
        "sections": sections_of(found, found.step, choice.ignored) if sees and found.step else [],
    }
    return show(request, "compare/compare.html", context)


def may_in(request: Asked, workflow_id: str) -> bool:
    return reach_of(request.user).allows("start_run", workflow_id)


@require_POST
@page("start_run")
def leave_out(request: Asked, workflow_id: str) -> HttpResponse:
    """Keep which fields comparisons of a workflow's runs pass over."""
    choice = Choice.of(request.POST)
    Definition.objects.filter(pk=request.workflow_id).update(left_out=choice.ignore.strip())
    about = Thing("workflow", request.workflow_id, request.workflow_id)
    note(request, "leave_out", about, after={"fields": choice.ignore})
    return redirect(reverse("compare") + replace(choice, ignore="").query())


def in_order(found: Comparison, sort: str) -> list[Pair]:
    """List the steps that ran: in the order of the graph, or what changed most first."""
    ran = [pair for pair in (*found.pairs, *found.gone) if pair.mark]
    return sorted(ran, key=lambda pair: -abs(pair.delta or 0)) if sort == "delta" else ran


def named_run(text: str) -> Run | None:
    """Find a run by its id, or by how its id begins when only one does."""
    if not text:
        return None
    exact = seen(Run.objects.all()).filter(pk=text).first()
    if exact is not None:
        return exact
    some = list(seen(Run.objects.beginning(text))[:2])
    return some[0] if len(some) == 1 else None


@require_safe
@page()
def choose(request: Asked, run_id: str) -> HttpResponse:
    """Offer the runs that one is most likely compared with."""
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        raise RunNotFound(f"Run {run_id!r} not found.")
    context = {"run": run, "choice": Choice(b=run_id), "offers": list(offers_of(run)), "copies": copies_of(run)}
    return show_dialog(request, "compare/_choose.html", context)


def offers_of(run: Run) -> list[tuple[str, Run]]:
    others = seen(Run.objects.all()).filter(workflow_id=run.workflow_id).exclude(pk=run.id)
    before = others.filter(Q(created_at__lt=run.created_at) | Q(created_at=run.created_at, id__lt=run.id)).newest()
    found = {
        _("The run before"): before.first(),
        _("The last that succeeded"): before.filter(status="success").first()
        or others.filter(status="success").newest().first(),
        _("The run it is a copy of"): seen(Run.objects.all()).filter(pk=run.forked_from or "").first(),
    }
    return [(words, other) for words, other in found.items() if other is not None] + list(of_versions(run))


def of_versions(run: Run) -> Iterator[tuple[str, Run]]:
    """Yield the last run of each other version, the newest versions first, as far back as is looked."""
    lately = list(seen(Run.objects.filter(workflow_id=run.workflow_id)).newest()[:LOOKED_AT])
    versions = Version.objects.filter(workflow_id=run.workflow_id).exclude(fingerprint=run.fingerprint)
    for version in versions.order_by("-number")[:VERSIONS]:
        last = next((other for other in lately if other.fingerprint == version.fingerprint), None)
        if last is not None:
            yield _("The last of version %s") % version.number, last


def copies_of(run: Run) -> list[Run]:
    copies: RunQuerySet = Run.objects.filter(forked_from=run.id)
    return list(copies.newest()[:COPIES])
