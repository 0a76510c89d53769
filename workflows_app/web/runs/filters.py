"""What the address of the list of runs asks for, and the runs that are meant by it.

Status, workflow, id and time are looked up in indexes. The other filters are a sieve: no index knows them, so
`runpages` looks through a bounded stretch of runs at a time, and says how far it looked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import BigIntegerField, Exists, ExpressionWrapper, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app.engine.ports import OPEN
from workflows_app.models import Ending, Event, Run, Wait
from workflows_app.models.instants import InstantField
from workflows_app.models.run import RunQuerySet
from workflows_app.rights import asking, seen
from workflows_app.web.runs.address import Filters
from workflows_app.words import status_word

WITHIN: Final = {
    "1h": (timedelta(hours=1), gettext_lazy("Last hour")),
    "24h": (timedelta(days=1), gettext_lazy("Last 24 hours")),
    "7d": (timedelta(days=7), gettext_lazy("Last 7 days")),
    "30d": (timedelta(days=30), gettext_lazy("Last 30 days")),
}
GROUPS: Final = {"status": gettext_lazy("Status"), "step": gettext_lazy("Step")}
LABELS: Final = {
    "status": gettext_lazy("Status"),
    "workflow": gettext_lazy("Workflow"),
    "id": gettext_lazy("Id begins with"),
    "within": gettext_lazy("Time"),
    "since": gettext_lazy("From"),
    "until": gettext_lazy("Until"),
    "step": gettext_lazy("On step"),
    "tag": gettext_lazy("Tag"),
    "who": gettext_lazy("Started by"),
    "longer": gettext_lazy("Took at least"),
    "shorter": gettext_lazy("Took at most"),
    "fault": gettext_lazy("Failed with"),
    "where": gettext_lazy("Failed at"),
    "version": gettext_lazy("Version"),
    "q": gettext_lazy("Text"),
}
SIEVE: Final = ("step", "tag", "who", "longer", "shorter", "fault", "where", "version", "q")
DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|m|h|d|)")
LONGEST: Final = 2**62
"""A time that no run takes, and that databases can compare with."""
UNITS: Final = {"ms": 1_000, "s": 1_000_000, "": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


@dataclass(frozen=True, slots=True)
class RunFilters(Filters):
    """Which runs the list shows. The cursors are an instant and the id of a run.

    `by=end` lists runs by when they ended, and means that by `within`, `since` and `until`, instead of by when
    they were made.
    """

    status: str = ""
    workflow: str = ""
    id: str = ""
    within: str = ""
    since: str = ""
    until: str = ""
    by: str = ""
    step: str = ""
    tag: str = ""
    who: str = ""
    longer: str = ""
    shorter: str = ""
    fault: str = ""
    where: str = ""
    version: str = ""
    q: str = ""
    group: str = ""

    @property
    def named(self) -> list[tuple[str, str, str]]:
        """List the filters that are set: name, value and the address without it."""
        return [
            (str(label), self.words_of(name), self.query(**{name: ""}))
            for name, label in LABELS.items()
            if getattr(self, name)
        ]

    def words_of(self, name: str) -> str:
        value = str(getattr(self, name))
        if name == "within" and value in WITHIN:
            return str(WITHIN[value][1])
        if name in ("since", "until"):
            return value.replace("T", " ")
        return status_word(value) if name == "status" else value

    @property
    def faults(self) -> dict[str, str]:
        """Say which values cannot be read; they filter nothing."""
        moment, time = _("Write it as 2026-01-31 14:00."), _("Write it as 90 s, 5 m or 2 h.")
        read: tuple[tuple[str, object, str], ...] = (
            ("since", self.begins, moment),
            ("until", self.ends, moment),
            ("longer", time_of(self.longer), time),
            ("shorter", time_of(self.shorter), time),
        )
        return {name: words for name, found, words in read if getattr(self, name) and found is None}

    @property
    def begins(self) -> datetime | None:
        return moment_of(self.since)

    @property
    def ends(self) -> datetime | None:
        """Read where the time ends; a day is meant to its end."""
        return moment_of(self.until, past_day=True)

    @property
    def column(self) -> str:
        """Name the instant that runs are listed by."""
        return "finished_at" if self.by == "end" else "created_at"

    @property
    def is_sieved(self) -> bool:
        return any(getattr(self, name) for name in SIEVE)

    @property
    def is_plain(self) -> bool:
        """Tell whether it asks for nothing but a status and a workflow, of which the rollups know the number."""
        return not any(getattr(self, name) for name in LABELS if name not in ("status", "workflow"))

    def indexed(self) -> RunQuerySet:
        """Find the runs by what indexes know."""
        found: RunQuerySet = seen(Run.objects.all())
        if self.by == "end":
            found = found.filter(finished_at__isnull=False)
        if self.status:
            found = found.filter(status=self.status)
        elif self.step:
            found = found.filter(status__in=OPEN)
        elif self.fault or self.where:
            found = found.filter(status="failed")
        if self.workflow:
            found = found.filter(workflow_id=self.workflow)
        if self.id:
            found = found.beginning(self.id)
        return found.filter(**self.times())

    def times(self) -> dict[str, datetime]:
        since = timezone.now() - WITHIN[self.within][0] if self.within in WITHIN else self.begins
        bounds = {f"{self.column}__gte": since, f"{self.column}__lt": self.ends}
        return {name: bound for name, bound in bounds.items() if bound is not None}

    def sieve(self, found: RunQuerySet) -> RunQuerySet:
        """Keep the runs that pass what no index knows; of `q` only what may hold it."""
        if self.step:
            found = found.filter(Exists(Wait.objects.filter(run=OuterRef("pk"), path__regex=at_step(self.step))))
        if self.tag:
            found = found.tagged(self.tag)
        if self.version:
            found = found.filter(fingerprint__startswith=self.version)
        if self.who:
            found = found.filter(started_by=self.who)
        if self.fault or self.where:
            failure = {name: value for name, value in (("fault", self.fault), ("step", self.where)) if value}
            found = found.filter(Exists(Ending.objects.filter(run=OuterRef("pk"), **failure)))
        if self.q:
            found = readable(found).filter(may_hold(self.q))
        return self.lasting(found)

    def lasting(self, found: RunQuerySet) -> RunQuerySet:
        """Keep the runs that took so long, those that are open up to now."""
        least, most = time_of(self.longer), time_of(self.shorter)
        if least is None and most is None:
            return found
        now = Value(timezone.now(), output_field=InstantField())
        took = ExpressionWrapper(
            Coalesce("finished_at", now) - Coalesce("started_at", "created_at"), output_field=BigIntegerField()
        )
        if least is not None:
            found = found.filter(GreaterThanOrEqual(took, least))
        return found if most is None else found.filter(LessThanOrEqual(took, most))


def readable(found: RunQuerySet) -> RunQuerySet:
    """Keep the runs of which the person who asks may read what they took and gave."""
    reach = asking.get()
    return found if reach is None else found.filter(reach.where("view_payload"))


def at_step(step: str) -> str:
    """Write the pattern of the paths at a step or below it, in whichever pass, try or item."""
    segments = [rf"{re.escape(segment)}([#~\[][0-9]+\]?)*" for segment in step.split(".")]
    return "^" + r"\.".join(segments) + "($|[./])"


def may_hold(text: str) -> Q:
    """Find a text in the stored input, output or error of a run, be it in the name of a field, or its id."""
    written = json.dumps(text, ensure_ascii=False)[1:-1]
    facts = Event.objects.filter(run=OuterRef("pk"), data__icontains=written)
    ended = Exists(facts.filter(seq=OuterRef("seq"), kind="RunFinished"))
    return Q(Exists(facts.filter(seq=1))) | Q(ended) | Q(error__icontains=text) | Q(id__startswith=text)


def moment_of(text: str, *, past_day: bool = False) -> datetime | None:
    """Read a moment in the reader's zone; a mere day is its beginning, or the end of it, the last day none."""
    try:
        found = datetime.fromisoformat(text)
        if past_day and len(text) == len("2026-01-31"):
            found += timedelta(days=1)
        return found if found.tzinfo else timezone.make_aware(found)
    except (ValueError, OverflowError):
        return None


def time_of(text: str) -> int | None:
    """Read a duration like 90 s, 5 m or 2 h as microseconds; a mere number counts seconds."""
    found = DURATION.fullmatch(text)
    return min(int(float(found[1]) * UNITS[found[2]]), LONGEST) if found else None
