"""Runs as lists show them, one row each, and how many there are of those that a list is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

from django.core.cache import cache
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext as _
from pydantic_core import from_json

from workflows_app import runtime
from workflows_app.engine.drift import place
from workflows_app.engine.paths import ITEM, owner, public
from workflows_app.engine.ports import OPEN, TERMINAL
from workflows_app.models import Event, Rollup, Run, Wait
from workflows_app.models.run import RunQuerySet
from workflows_app.rights import seen, told_error
from workflows_app.web.figures.counts import COUNTED, Amount, amount, asking, elapsed, first_line, name_at, steps_of
from workflows_app.web.runs.filters import RunFilters
from workflows_app.web.runs.pages import RunPage, read_page
from workflows_app.words import AGAIN, EVENT, TRIED, status_word

REMEMBERED: Final = 60
NAMED: Final = 5
"""How many runs of a group are named."""
GROUPS_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One run as a list shows it. `since` is when it began, while it is open."""

    run: Run
    took: int | None
    note: str
    asks: bool = False
    again: bool = False

    @property
    def status(self) -> str:
        """Name the status that is shown: what waits for an event alone asks nobody."""
        return "waiting" if self.run.status == "suspended" and not self.asks else self.run.status

    @property
    def words(self) -> str:
        if self.again:
            return _(AGAIN)
        return status_word(self.run.status) if self.status == self.run.status else _(EVENT)

    @property
    def since(self) -> object:
        return self.run.started_at if self.run.finished_at is None else None


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the runs that have something in common; `query` leads to all of them."""

    name: str
    status: str
    query: str
    amount: Amount | None
    rows: Sequence[Row]


@dataclass(slots=True)
class Place:
    """How many open runs are on a step, and some of them."""

    count: int = 0
    runs: list[str] = field(default_factory=list)


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """Add which step each run is on, or what it failed with."""
    steps = steps_of(run.id for run in runs if run.status in OPEN)
    errors = {run.id: first_line(told_error(run.workflow_id, run.error)) for run in runs}
    words = errors | {at: str(on) for at, on in steps.items()} | held(run.id for run in runs if run.status == "paused")
    asks = set(asking(Run.objects.filter(pk__in=[run.id for run in runs])).values_list("pk", flat=True))
    again = trying_again(run.id for run in runs if run.status == "waiting")
    return [
        Row(run, elapsed(run.started_at, run.finished_at), words[run.id], run.id in asks, run.id in again)
        for run in runs
    ]


def trying_again(run_ids: Iterable[str]) -> set[str]:
    """Find the runs that wait for nothing but the next try of a step."""
    timers = Wait.objects.filter(run__in=list(run_ids), kind=Wait.Kind.TIMER).exclude(path="")
    known = runtime.get_engine().registry.by_id
    kinds: dict[str, set[str]] = {}
    for run_id, name, path in timers.values_list("run_id", "run__workflow_id", "path")[:COUNTED]:
        node = known[name].places.get(place(path)) if name in known else None
        if node is not None:
            kinds.setdefault(run_id, set()).add(node.kind)
    return {run_id for run_id, found in kinds.items() if TRIED.issuperset(found)}


def held(run_ids: Iterable[str]) -> dict[str, str]:
    """Say before which steps paused runs were told to pause; one that is done step by step is before none."""
    paused = Event.objects.filter(run__in=list(run_ids), seq=F("run__seq"), kind="RunPaused")
    before = {
        run_id: [public(path) for path in from_json(data).get("before", ())]
        for run_id, data in paused.values_list("run_id", "data")
    }
    return {run_id: _("before %s") % ", ".join(paths) for run_id, paths in before.items() if paths}


def amount_of(filters: RunFilters, found: RunPage) -> Amount | None:
    """Count the runs of a list; None where that would mean to look at each of them."""
    if filters.is_sieved:
        is_all = not found.newer and not found.older
        return Amount(len(found.runs)) if is_all else None
    counted = amount(filters.indexed())
    return Amount(counted.number, about(filters)) if counted.is_more and filters.is_plain else counted


def about(filters: RunFilters) -> int:
    """Estimate a number of runs from what was counted when they ended; deleted ones are among them."""
    rollups = seen(Rollup.objects.all())
    if filters.workflow:
        rollups = rollups.filter(workflow_id=filters.workflow)
    if filters.status:
        rollups = rollups.filter(status=filters.status)
    # The query says what is asked for, and what the person may see.
    key = sha256(str(rollups.query).encode()).hexdigest()
    return int(cache.get_or_set(f"runs.about.{key}", lambda: estimate(filters, rollups), REMEMBERED) or 0)


def estimate(filters: RunFilters, rollups: QuerySet[Rollup]) -> int:
    ended = 0 if filters.status in OPEN else rollups.aggregate(runs=Sum("runs"))["runs"] or 0
    still = 0 if filters.status in TERMINAL else filters.indexed().open().order_by()[:COUNTED].count()
    return max(ended + still, COUNTED)


def by_status(filters: RunFilters) -> list[Group]:
    """Sort the runs of a list by status; each group shows the newest."""
    groups = []
    for status in (*OPEN, *TERMINAL):
        of_status = replace(filters, status=status, group="", older="", newer="")
        found = read_page(of_status, NAMED)
        if found.runs:
            rows = rows_of(found.runs)
            groups.append(Group("", status, of_status.query(), amount_of(of_status, found), rows))
    return groups


def by_step(filters: RunFilters) -> list[Group]:
    """Sort the open runs of a list by the step they are on, the fullest first.

    Of what may hold a text nothing is counted, as nobody looks whether it does.
    """
    open_runs = filters.indexed().open()
    if filters.is_sieved:
        open_runs = filters.sieve(Run.objects.filter(pk__in=open_runs.newest().values("pk")[:COUNTED]))
    places = sorted(on_steps(open_runs).items(), key=lambda item: (-item[1].count, item[0]))[:GROUPS_SHOWN]
    runs = seen(Run.objects.all()).in_bulk([run_id for _, place in places for run_id in place.runs])
    rows = {row.run.id: row for row in rows_of(list(runs.values()))}
    return [
        Group(
            f"{workflow} · {name_at(workflow, step)}",
            "",
            replace(filters, group="", older="", newer="").query(workflow=workflow, step=step),
            None if filters.q else Amount(place.count),
            [rows[run_id] for run_id in place.runs if run_id in rows],
        )
        for (workflow, step), place in places
    ]


def on_steps(runs: RunQuerySet) -> dict[tuple[str, str], Place]:
    """Find where open runs are, as workflow and step; of very many only the newest are looked at."""
    waits = Wait.objects.filter(run__in=runs.newest().values("pk")[:COUNTED]).exclude(path="").order_by("-id")
    found: dict[tuple[str, str], Place] = {}
    counted: set[tuple[str, str]] = set()
    for run_id, name, path in waits.values_list("run_id", "run__workflow_id", "path")[: 2 * COUNTED]:
        step = ITEM.sub("", public(owner(path)))
        if (run_id, step) not in counted:
            counted.add((run_id, step))
            place = found.setdefault((name, step), Place())
            place.count += 1
            place.runs += [run_id] if place.count <= NAMED else []
    return found
