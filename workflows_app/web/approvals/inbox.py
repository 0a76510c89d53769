"""The inbox as a page shows it: rows under headings by due date, with words for times and for who has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app import runtime
from workflows_app.approvals.gather import event_of
from workflows_app.approvals.policy import Who
from workflows_app.approvals.queues import QUEUES, Inbox
from workflows_app.engine.events import StepSuspended
from workflows_app.engine.schema import Json
from workflows_app.models import Approval, Event
from workflows_app.models.approval import NEVER, ApprovalQuerySet
from workflows_app.models.instants import to_datetime, to_instant
from workflows_app.web.forms.schema import Schema
from workflows_app.web.runs.address import Filters
from workflows_app.web.values.facts import described, summary_of
from workflows_app.words import in_zone

PAGE: Final = 50
TOLD: Final = 3
NEAR: Final = timedelta(hours=6)
HEADINGS: Final = {
    "overdue": gettext_lazy("Overdue"), "soon": gettext_lazy("Due soon"), "later": gettext_lazy("Due later"),
    "never": gettext_lazy("Without a due date"), **{one.word: one.label for one in Approval.Priority},
}  # fmt: skip
BY_DUE: Final = ("due_at", "priority", "id")
BY_PRIORITY: Final = ("priority", "due_at", "id")
NEWEST: Final = ("decided_at", "id")
"""By what a list is sorted; the open ones from the lowest, the decided ones from the highest."""
WITHOUT: Final = {"due": gettext_lazy("by its default answer"), "code": gettext_lazy("by code")}
WAITS: Final = {
    "1d": (timedelta(days=1), gettext_lazy("over a day")),
    "3d": (timedelta(days=3), gettext_lazy("over 3 days")),
    "7d": (timedelta(days=7), gettext_lazy("over a week")),
}
"""How long the questions of a list have waited at least."""
URGENT_FIRST: Final = "first"
WORDS: Final = {one.word: one for one in Approval.Priority}
UNITS: Final = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "m"))


@dataclass(frozen=True, slots=True)
class InboxFilters(Filters):
    """Which questions the inbox shows. A cursor is what of a row the list is sorted by.

    `priority` names one, or asks for the most urgent first.
    """

    queue: str = ""
    workflow: str = ""
    priority: str = ""
    q: str = ""
    waits: str = ""

    @property
    def name(self) -> str:
        return self.queue if self.queue in (*QUEUES, "decided") else "open"

    @property
    def keys(self) -> tuple[str, ...]:
        if self.name == "decided":
            return NEWEST
        return BY_PRIORITY if self.priority == URGENT_FIRST else BY_DUE

    @property
    def narrows(self) -> bool:
        """Tell whether the list is without something for being asked to be."""
        return bool(self.workflow or self.priority in WORDS or self.q or self.waits)

    def narrow(self, approvals: ApprovalQuerySet) -> ApprovalQuerySet:
        if self.workflow:
            approvals = approvals.filter(workflow_id=self.workflow)
        if self.priority in WORDS:
            approvals = approvals.filter(priority=WORDS[self.priority])
        if self.waits in WAITS:
            approvals = approvals.filter(asked_at__lte=timezone.now() - WAITS[self.waits][0])
        return approvals.filter(self.having()) if self.q else approvals

    def having(self) -> Q:
        """Keep what has the text in its title, or in what was told: of open questions, since those are one's own."""
        titled = Q(title__icontains=self.q)
        asking = Event.objects.filter(run=OuterRef("run"), seq=OuterRef("seq"), data__icontains=self.q)
        return titled if self.name == "decided" else titled | Q(Exists(asking))


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, in words; `tone` is the status whose colour says how near that is."""

    words: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One question in the list. `heading` is the group that begins with it."""

    approval: Approval
    summary: str
    time: str
    due: Due
    hands: str = ""
    heading: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """One page of a queue, with the cursors of the pages beside it."""

    approvals: list[Approval]
    earlier: str = ""
    later: str = ""


def roughly(span: timedelta) -> str:
    """Say a span by its largest unit: 18 m, 3 h, 2 d."""
    for unit, name in UNITS:
        if span >= unit:
            return f"{span // unit} {name}"
    return f"{max(0, span // timedelta(seconds=1))} s"


def due_words(due: datetime | None, now: datetime) -> Due:
    """Say when something is due the way people do."""
    if due is None:
        return Due(_("no due date"))
    if due <= now:
        return Due(_("%s over") % roughly(now - due), "failed")
    if due < soon(now):
        return Due(_("in %s") % roughly(rounded(due - now)), "suspended")
    there, today = in_zone(due).date(), timezone.localtime(now).date()
    days = (there - today).days
    if days == 1:
        return Due(_("tomorrow"))
    if days < 7:
        return Due(date_format(there, "D"))
    return Due(date_format(there, "j M" if there.year == today.year else "j M Y"))


def rounded(span: timedelta) -> timedelta:
    """Round a span, so that what was given three hours just now has three hours left."""
    unit = next((unit for unit, _name in UNITS if span >= unit), timedelta(seconds=1))
    return round(span / unit) * unit


def heading_of(approval: Approval, now: datetime, keys: Sequence[str]) -> str:
    if keys != BY_DUE:
        return Approval.Priority(approval.priority).word
    if approval.due_at <= now:
        return "overdue"
    if approval.due_at >= NEVER:
        return "never"
    return "soon" if approval.due_at < soon(now) else "later"


def soon(now: datetime) -> datetime:
    """Give the end of what is near: the day in the reader's zone, but at least some hours."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max(midnight, now + NEAR)


def heading_counts(approvals: ApprovalQuerySet, now: datetime, keys: Sequence[str]) -> Mapping[str, int]:
    """Count what stands under each heading."""
    ends = {
        "overdue": Q(due_at__lte=now),
        "soon": Q(due_at__gt=now, due_at__lt=soon(now)),
        "later": Q(due_at__gte=soon(now), due_at__lt=NEVER),
        "never": Q(due_at=NEVER),
    }
    if keys != BY_DUE:
        ends = {word: Q(priority=priority) for word, priority in WORDS.items()}
    return approvals.aggregate(**{name: Count("pk", filter=these) for name, these in ends.items()})


def rows_of(
    approvals: Sequence[Approval], inbox: Inbox, counts: Mapping[str, int], keys: Sequence[str]
) -> list[Row]:  # fmt: skip
    """Make the rows of a page of questions that a person may answer, and so may know."""
    told = summaries(approvals)
    rows: list[Row] = []
    shown = ""
    for approval in approvals:
        heading = heading_of(approval, inbox.now, keys)
        row = Row(
            approval=approval,
            summary=told.get(approval.pk, ""),
            time=_("waiting %s") % roughly(inbox.now - approval.asked_at),
            due=due_words(approval.due, inbox.now),
            hands=hands_of(approval, inbox.who),
            heading=str(HEADINGS[heading]) if heading != shown else "",
            count=counts[heading],
        )
        rows.append(row)
        shown = heading
    return rows


def decided_rows(approvals: Sequence[Approval], said: Mapping[int, str]) -> list[Row]:
    """Make the rows of a page of decided questions."""
    return [
        Row(
            approval=approval,
            summary=said.get(approval.pk, ""),
            time=_("by %s") % approval.decided_by if approval.decided_by else str(WITHOUT.get(approval.via, "")),
            due=Due(day_words(approval.decided_at)),
        )
        for approval in approvals
    ]


def day_words(at: datetime | None) -> str:
    """Say when something was: the time of day, with the day unless it is today."""
    if at is None:
        return ""
    there = timezone.localtime(at)
    return date_format(there, "H:i" if there.date() == timezone.localdate() else "j M H:i")


def hands_of(approval: Approval, who: Who) -> str:
    """Say in whose hands a question is, unless it is simply everybody's."""
    if approval.holder:
        return _("claimed by you") if approval.holder == who.name else _("claimed by %s") % approval.holder
    if approval.needed > 1 and approval.voters:
        return given_words(approval)
    return "" if approval.asked_of in ([], [who.name]) else ", ".join(approval.asked_of)


def given_words(approval: Approval) -> str:
    """Say how many have decided of those who must."""
    counts = {"given": approval.given, "needed": approval.needed}
    if not approval.groups:
        return _("%(given)d of %(needed)d decided") % counts
    return _("%(given)d of %(needed)d groups decided") % counts if approval.given else _("the groups disagree")


def summaries(approvals: Collection[Approval]) -> dict[int, str]:
    """Tell each question by the first facts of its payload."""
    rows = asking_events(approvals)
    return {one.pk: summary_of(payload_of(rows[one.pk]), TOLD, told_schema(one)) for one in approvals if one.pk in rows}


def told_schema(approval: Approval) -> Schema:
    """Give the schema of what a question tells, as far as the code of its workflow is there."""
    workflow = runtime.get_engine().registry.by_id.get(approval.workflow_id)
    return described(workflow.places.get(approval.place) if workflow is not None else None)


def asking_events(approvals: Collection[Approval]) -> dict[int, Event]:
    """Read the events that asked, by the number of the approval."""
    rows = Event.objects.filter(run__in={one.run_id for one in approvals}, seq__in={one.seq for one in approvals})
    asked = {(row.run_id, row.seq): row for row in rows.filter(kind="StepSuspended")}
    return {one.pk: asked[one.run_id, one.seq] for one in approvals if (one.run_id, one.seq) in asked}


def payload_of(row: Event) -> Json:
    """Read what a question told, unless it is stored apart."""
    event = event_of(row)
    told = event.payload if isinstance(event, StepSuspended) else None
    return told.data if told is not None and told.loaded else None


def window_of(approvals: ApprovalQuerySet, filters: InboxFilters) -> Window:
    """Read one page, walked by what the list is sorted by."""
    keys, newest_first = filters.keys, filters.keys == NEWEST
    ahead, behind = ("lt", "gt") if newest_first else ("gt", "lt")
    older, newer = cursor_of(filters.older, keys), cursor_of(filters.newer, keys)
    if newer is not None:
        some = list(ordered(approvals.filter(beyond(keys, behind, newer)), keys, not newest_first)[: PAGE + 1])
        rows, has_earlier, has_later = some[:PAGE][::-1], len(some) > PAGE, True
    else:
        onward = approvals.filter(beyond(keys, ahead, older) if older else Q())
        some = list(ordered(onward, keys, newest_first)[: PAGE + 1])
        rows, has_earlier, has_later = some[:PAGE], older is not None, len(some) > PAGE
    return Window(
        rows,
        earlier=filters.query(newer=cursor(rows[0], keys)) if rows and has_earlier else "",
        later=filters.query(older=cursor(rows[-1], keys)) if rows and has_later else "",
    )


def ordered(approvals: ApprovalQuerySet, keys: Sequence[str], downward: bool = False) -> ApprovalQuerySet:
    return approvals.order_by(*(f"-{key}" if downward else key for key in keys))


def beyond(keys: Sequence[str], way: str, place: Sequence[datetime | int]) -> Q:
    """Keep what comes after a place, or before it."""
    found = Q()
    for index, key in enumerate(keys):
        same = dict(zip(keys[:index], place, strict=False))
        found |= Q(**same, **{f"{key}__{way}": place[index]})
    # Where the walk begins, so that an index need not be read from its end.
    return Q(**{f"{keys[0]}__{way}e": place[0]}) & found


def place_of(approval: Approval, keys: Sequence[str]) -> list[datetime | int]:
    return [getattr(approval, key) for key in keys]


def cursor(approval: Approval, keys: Sequence[str]) -> str:
    place = place_of(approval, keys)
    return ".".join(str(to_instant(part) if isinstance(part, datetime) else part) for part in place)


def cursor_of(text: str, keys: Sequence[str]) -> list[datetime | int] | None:
    """Read a cursor; what is none begins at the beginning."""
    parts = text.split(".")
    if len(parts) != len(keys) or not all(part.isdecimal() and len(part) < 19 for part in parts):
        return None
    numbers = [int(part) for part in parts]
    try:
        return [to_datetime(at) if key.endswith("_at") else at for key, at in zip(keys, numbers, strict=True)]
    except OverflowError:
        return None
