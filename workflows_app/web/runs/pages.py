"""One page of the list of runs: walked by a cursor, so that any page is one read however many runs there are.

Where runs have to be looked through one by one, a page looks at `LOOKED_AT` of them and no further; then it
says how far it came, and its cursor goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, Q
from pydantic_core import from_json

from workflows_app.engine.schema import Json
from workflows_app.engine.secrets import masked
from workflows_app.models import Event, Run
from workflows_app.models.instants import to_instant
from workflows_app.models.run import LAST_CHARACTER, RunQuerySet
from workflows_app.web.runs.filters import RunFilters

PAGE: Final = 50
LOOKED_AT: Final = 20_000
READ: Final = 5_000
"""How many runs a page looks through when it has to read what they took and gave."""
OPENED: Final = 300
"""How many of those that may hold a text are opened to see whether they do."""
HELD: Final = ("input", "result")


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs, newest first; `newer` and `older` are cursors.

    `looked_to` is how far was looked, if not to the end.
    """

    runs: Sequence[Run]
    newer: str = ""
    older: str = ""
    looked_to: datetime | None = None


def read_page(filters: RunFilters, size: int = PAGE) -> RunPage:
    """Read the page that the address asks for."""
    newer, older = position(filters.newer), position(filters.older)
    place, back = (newer, True) if newer is not None else (older, False)
    column = filters.column
    found = beyond(filters.indexed(), column, place, back)
    order = (column, "id") if back else (f"-{column}", "-id")
    edge = None
    if filters.is_sieved:
        most = READ if filters.q else LOOKED_AT
        edge = found.order_by(order[0]).values_list(column, flat=True)[most : most + 1].first()
        if edge is not None:
            found = found.filter(**{f"{column}__{'lte' if back else 'gte'}": edge})
        found = filters.sieve(found)
    some, last = holding(found.order_by(*order), filters.q, size + 1)
    further = ""
    if len(some) > size:
        further, edge = cursor_of(some[size - 1], column), None
    elif last is not None:
        further, edge = cursor_of(last, column), instant_of(last, column)
    elif edge is not None:
        further = cursor(edge, LAST_CHARACTER if back else "")
    return laid_out(some[:size], further, edge, column, place, back)


def laid_out(
    runs: list[Run], further: str, edge: datetime | None, column: str, place: tuple[int, str] | None, back: bool
) -> RunPage:
    """Put a page together: where it was come from there is always more."""
    if back:
        runs = runs[::-1]
        return RunPage(runs, further, cursor_of(runs[-1], column) if runs else "", edge)
    return RunPage(runs, cursor_of(runs[0], column) if runs and place is not None else "", further, edge)


def beyond(found: RunQuerySet, column: str, place: tuple[int, str] | None, back: bool) -> RunQuerySet:
    """Keep the runs on the other side of a cursor."""
    if place is None:
        return found
    at, run_id = place
    than = "gt" if back else "lt"
    # The second condition says nothing new, but lets the index begin at the place.
    return found.filter(
        Q(**{f"{column}__{than}": at}) | Q(**{column: at, f"id__{than}": run_id}), **{f"{column}__{than}e": at}
    )


def holding(found: RunQuerySet, text: str, size: int) -> tuple[list[Run], Run | None]:
    """Take the first runs, of those that may hold a text those that do; with the last one opened if it was too many."""
    if not text:
        return list(found[:size]), None
    runs = list(found[:OPENED])
    facts: dict[str, list[str]] = {}
    ids = [run.id for run in runs]
    for place in (Q(seq=1), Q(seq=F("run__seq"))):
        for run_id, data in Event.objects.filter(place, run__in=ids).values_list("run_id", "data"):
            facts.setdefault(run_id, []).append(data)
    wanted = text.casefold()
    kept = [
        run
        for run in runs
        if run.id.startswith(text)
        or wanted in (run.error or "").casefold()
        or any(holds(data, wanted) for data in facts.get(run.id, ()))
    ]
    return kept[:size], runs[-1] if len(runs) == OPENED and len(kept) < size else None


def holds(data: str, wanted: str) -> bool:
    """Tell whether a value in what a run took or gave holds a text. What cannot be read holds none."""
    try:
        fact = masked(from_json(data))
    except ValueError:
        return False
    return isinstance(fact, dict) and any(value_holds(fact.get(name), wanted) for name in HELD)


def value_holds(value: Json, wanted: str) -> bool:
    if isinstance(value, dict):
        return any(value_holds(one, wanted) for one in value.values())
    if isinstance(value, list):
        return any(value_holds(one, wanted) for one in value)
    return value is not None and wanted in str(value).casefold()


def instant_of(run: Run, column: str) -> datetime:
    found: datetime = getattr(run, column)
    return found


def cursor_of(run: Run, column: str) -> str:
    return cursor(instant_of(run, column), run.id)


def cursor(at: datetime, run_id: str) -> str:
    return f"{to_instant(at)}:{run_id}"


def position(text: str) -> tuple[int, str] | None:
    """Read a cursor; one that is none means the newest runs."""
    instant, colon, run_id = text.partition(":")
    return (int(instant), run_id) if colon and instant.isdecimal() and len(instant) < 19 else None
