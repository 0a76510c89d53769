"""The activity log: who did what to which run, and why; filtered, walked by a cursor, and taken away as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from workflows_app.models import Activity
from workflows_app.rights import seen
from workflows_app.web.activity import THINGS, VERBS
from workflows_app.web.http import Asked, page, show
from workflows_app.web.runs.address import Filters

PAGE: Final = 50
NEWS: Final = 100
AT_ONCE: Final = 20_000
COLUMNS: Final = (
    "at", "actor", "verb", "object_kind", "object_id", "workflow_id", "reason", "before", "after", "ip",
    "request_id", "via",
)  # fmt: skip
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class ActivityFilters(Filters):
    """Which acts the list shows. The cursors are ids; `since` and `until` are days in the reader's zone."""

    who: str = ""
    did: str = ""
    kind: str = ""
    id: str = ""
    workflow: str = ""
    since: str = ""
    until: str = ""
    q: str = ""

    @property
    def faults(self) -> dict[str, str]:
        """Say which days are none."""
        return {
            name: _("Write the day as 2026-01-31.")
            for name in ("since", "until")
            if getattr(self, name) and day_of(getattr(self, name)) is None
        }

    def acts(self) -> QuerySet[Activity]:
        """Find the acts; a day that is none leaves its filter out."""
        plain = {
            "actor": self.who, "verb__in": same_words(self.did), "object_kind": self.kind, "object_id": self.id,
            "workflow_id": self.workflow, "reason__icontains": self.q,
        }  # fmt: skip
        found = seen(Activity.objects.all()).filter(**{name: value for name, value in plain.items() if value})
        if begin := day_of(self.since):
            found = found.filter(at__gte=begin)
        if end := day_of(self.until, later=1):
            found = found.filter(at__lt=end)
        return found


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that an act changed."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    act: Activity
    words: str
    changes: tuple[Change, ...]

    @property
    def thing(self) -> str:
        return str(THINGS.get(self.act.object_kind, self.act.object_kind))


@require_safe
@page("view_audit")
def listing(request: Asked) -> HttpResponse:
    filters = ActivityFilters.of(request.GET)
    acts, has_newer, has_older = window(filters)
    context = {
        "filters": filters,
        "rows": [Row(act, words_of(act.verb), tuple(changes_of(act))) for act in acts],
        "newer": filters.query(newer=str(acts[0].id)) if acts and has_newer else "",
        "older": filters.query(older=str(acts[-1].id)) if acts and has_older else "",
        "latest": acts[0].id if acts and not filters.older and not filters.newer else None,
        "verbs": offered(filters.did),
        "kinds": [(kind, str(words).capitalize()) for kind, words in THINGS.items()],
        "most": AT_ONCE,
    }
    return show(request, "activity/list.html", context)


def window(filters: ActivityFilters) -> tuple[list[Activity], bool, bool]:
    """Read one page, newest first, and tell whether there are newer and older ones."""
    found = filters.acts()
    newer, older = number(filters.newer), number(filters.older)
    if newer is not None:
        some = list(found.filter(id__gt=newer).order_by("id")[: PAGE + 1])
        return some[:PAGE][::-1], len(some) > PAGE, True
    some = list(found.filter(Q() if older is None else Q(id__lt=older)).order_by("-id")[: PAGE + 1])
    return some[:PAGE], older is not None, len(some) > PAGE


def number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def day_of(text: str, later: int = 0) -> datetime | None:
    """Give the first moment of a day, or of one some days later, in the reader's zone; None when there is none."""
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text) + timedelta(days=later), time()))
    except (ValueError, OverflowError):
        return None


def same_words(verb: str) -> list[str]:
    """Name the verbs that a reader cannot tell apart: what they are done to has a filter of its own."""
    return [one for one in VERBS if words_of(one) == words_of(verb)] or [verb] if verb else []


def offered(did: str) -> list[tuple[str, str]]:
    """List what people do, each word once: for the one that is chosen the verb that the address has."""
    verbs = {words_of(verb): verb for verb in [*reversed(VERBS), *([did] if did in VERBS else [])]}
    return sorted(((verb, words.capitalize()) for words, verb in verbs.items()), key=lambda one: one[1])


def words_of(verb: str) -> str:
    return str(VERBS[verb]) if verb in VERBS else verb.replace("_", " ")


def changes_of(act: Activity) -> Iterator[Change]:
    """Pair what was with what is."""
    before, after = (json.loads(text) if text else {} for text in (act.before, act.after))
    for name in dict.fromkeys([*before, *after]):
        yield Change(name.replace("_", " "), said(before.get(name)), said(after.get(name)))


def said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(said, value))
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@require_safe
@page("view_audit")
def news(request: Asked) -> HttpResponse:
    """Say how many acts came since the page was drawn; the rows themselves stay where they are."""
    filters = ActivityFilters.of(request.GET)
    latest = number(filters.newer) or 0
    count = filters.acts().filter(id__gt=latest).order_by()[:NEWS].count()
    return show(request, "activity/_news.html", {"filters": filters, "count": count, "latest": latest, "most": NEWS})


@require_safe
@page("view_audit")
def export(request: Asked, form: str) -> HttpResponse:
    """Give the newest acts that match as a file."""
    acts = ActivityFilters.of(request.GET).acts().order_by("-id")[:AT_ONCE]
    rows = (dict(zip(COLUMNS, row, strict=True)) for row in acts.values_list(*COLUMNS).iterator())
    text = as_csv(rows) if form == "csv" else as_jsonl(rows)
    kind = "text/csv" if form == "csv" else "application/x-ndjson"
    name = f"activity-{timezone.localdate().isoformat()}.{form}"
    return HttpResponse(
        text,
        content_type=f"{kind}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([harmless(row["at"].isoformat()), *(harmless(row[name]) for name in COLUMNS[1:])])
    return written.getvalue()


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text.lstrip(" \u3000").startswith(FORMULA) else text


def as_jsonl(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row | opened(row), ensure_ascii=False) + "\n" for row in rows)


def opened(row: dict[str, Any]) -> dict[str, Any]:
    """Give what a file of JSON says in its own way: the moment as text, the facts as objects."""
    facts = {name: json.loads(row[name]) if row[name] else None for name in ("before", "after")}
    return {"at": row["at"].isoformat(), **facts}
