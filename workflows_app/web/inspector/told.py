"""The journal as people read it: what happened, what the state became, and what steps wrote, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app.engine import events as e
from workflows_app.engine.events import Event
from workflows_app.engine.paths import public
from workflows_app.engine.schema import Json
from workflows_app.web.inspector.readings import Load, Moment, Numbered
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.values.jsontree import compact
from workflows_app.words import status_word

PAGE = 200
LINE = 2_000
HAPPENED = {
    "RunStarted": gettext_lazy("Run started"),
    "RunCancelled": gettext_lazy("Run canceled"),
    "RunRestarted": gettext_lazy("Run restarted"),
    "RunRewound": gettext_lazy("Run rewound"),
    "RunMigrated": gettext_lazy("Run taken to another version"),
    "RunPaused": gettext_lazy("Run paused"),
    "RunUnpaused": gettext_lazy("Run unpaused"),
    "RunSuspended": gettext_lazy("Run suspended"),
    "RunFinished": gettext_lazy("Run finished"),
    "BreakpointsSet": gettext_lazy("Breakpoints set"),
    "StepStarted": gettext_lazy("Step started"),
    "StepSucceeded": gettext_lazy("Step succeeded"),
    "StepFailed": gettext_lazy("Step failed"),
    "StepSuspended": gettext_lazy("Step suspended"),
    "StepVoted": gettext_lazy("Step voted on"),
    "StepEscalated": gettext_lazy("Step escalated"),
    "StepResumed": gettext_lazy("Step resumed"),
    "StepLost": gettext_lazy("Step lost"),
    "StepSkipped": gettext_lazy("Step skipped"),
    "StepCanceled": gettext_lazy("Step canceled"),
    "StepOutput": gettext_lazy("Step wrote"),
    "TimerStarted": gettext_lazy("Timer started"),
    "TimerFired": gettext_lazy("Timer fired"),
}
"""What an event of each kind says."""
CAUSES = {
    "retry": gettext_lazy("tried again"),
    "resume": gettext_lazy("goes on with the answer"),
    "restart": gettext_lazy("begun again after a crash"),
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of many lines. `first` counts from 0; the last lines come first to mind, so they are the default."""

    lines: tuple[T, ...]
    first: int
    total: int

    @property
    def last(self) -> int:
        return self.first + len(self.lines)

    @property
    def jumps(self) -> dict[str, int]:
        """Name the pages that can be gone to from here."""
        found = {"first": 0, "earlier": max(0, self.first - PAGE)} if self.first else {}
        return found | ({"later": self.last, "last": self.total - PAGE} if self.last < self.total else {})


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event. `since` counts from the start of the run."""

    seq: int
    at: int
    since: int
    words: str
    path: str
    note: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Change:
    """An event that changed the state, and the keys it set."""

    line: EventLine
    keys: tuple[str, ...]

    @property
    def words(self) -> str:
        return " " + _("set %s") % ", ".join(self.keys)


@dataclass(frozen=True, slots=True)
class Written:
    """Something a step wrote to its stream; `kind` is given for events of its own making."""

    line: EventLine
    kind: str
    text: str
    cut: int


def page_of(found: Sequence[T], asked: Selection) -> Page[T]:
    """Take the lines that are asked for, else the last ones."""
    latest = max(0, len(found) - PAGE)
    first = latest if asked.first is None else min(asked.first, latest)
    return Page(tuple(found[first : first + PAGE]), first, len(found))


def events_page(moment: Moment, asked: Selection, *, may_see: bool) -> Page[EventLine]:
    """Tell what happened, as far as the filters want it."""
    found: Sequence[Numbered] = moment.events()
    if asked.only == "failed":
        found = [(seq, event) for seq, event in found if is_bad(event)]
    if words := asked.q.casefold().split():
        found = [(seq, event) for seq, event in found if all(word in _searched(event) for word in words)]
    page = page_of(found, asked)
    lines = tuple(line_of(moment, seq, event, may_see=may_see) for seq, event in page.lines)
    return Page(lines, page.first, page.total)


def _searched(event: Event) -> str:
    return f"{event.path} {words_of(event)} {event.by or ''}".casefold()


def lines_of(moment: Moment, events: Sequence[Numbered], *, may_see: bool) -> tuple[EventLine, ...]:
    """Tell some events, the last ones when they are many."""
    return tuple(line_of(moment, seq, event, may_see=may_see) for seq, event in events[-PAGE:])


def line_of(moment: Moment, seq: int, event: Event, *, may_see: bool) -> EventLine:
    start = moment.reading.history.started_at or event.at
    note = " · ".join(notes_of(event, may_see=may_see))
    return EventLine(seq, event.at, max(0, event.at - start), words_of(event), public(event.path), note, is_bad(event))


def words_of(event: Event) -> str:
    return str(HAPPENED[event.kind])


def is_bad(event: Event) -> bool:
    failed = isinstance(event, e.StepFailed | e.StepLost)
    return failed or (isinstance(event, e.RunFinished) and event.status == "failed")


def notes_of(event: Event, *, may_see: bool) -> list[str]:
    """Say what is worth knowing of an event beside its kind and its step."""
    notes = []
    if getattr(event, "attempt", 1) > 1:
        notes.append(_("try %s") % getattr(event, "attempt", 1))
    if isinstance(event, e.StepStarted) and event.cause in CAUSES:
        notes.append(str(CAUSES[event.cause]))
    if isinstance(event, e.BreakpointsSet | e.RunPaused):
        notes += map(public, event.breakpoints if isinstance(event, e.BreakpointsSet) else event.before)
    if isinstance(event, e.RunFinished):
        notes.append(status_word(event.status))
    if event.by:
        notes.append(_("by %s") % event.by)
    error = getattr(event, "error", None)
    if may_see and isinstance(error, dict):
        notes.append(str(error.get("message", "")))
    if may_see and (reason := getattr(event, "reason", None)):
        notes.append(str(reason))
    return notes


def changes_page(moment: Moment, asked: Selection) -> Page[Change]:
    """Tell which events changed the state."""
    page = page_of(moment.stated(), asked)
    lines = (Change(line_of(moment, seq, event, may_see=False), tuple(set_.data)) for seq, event, set_ in page.lines)
    return Page(tuple(lines), page.first, page.total)


def written_page(moment: Moment, asked: Selection, load: Load) -> Page[Written]:
    """Tell what steps wrote with `ctx.writer`, batch by batch as it was recorded."""
    words = asked.q.casefold().split()
    found = [(seq, event) for seq, event in moment.spoken() if all(word in event.path.casefold() for word in words)]
    page = page_of(found, asked)
    lines = tuple(written for seq, event in page.lines for written in _written(moment, seq, event, load))
    return Page(lines, page.first, page.total)


def _written(moment: Moment, seq: int, event: e.StepOutput, load: Load) -> list[Written]:
    chunks = load(event.chunks).data
    line = line_of(moment, seq, event, may_see=True)
    return [Written(line, *_said(chunk)) for chunk in chunks]


def _said(chunk: Json) -> tuple[str, str, int]:
    """Read a chunk. Shape: {"output": …} or {"type": "data-…", "data": …}."""
    kind = "" if "output" in chunk else str(chunk.get("type", ""))
    data = chunk["output"] if "output" in chunk else chunk.get("data")
    text = data if isinstance(data, str) else compact(data)
    return kind, text[:LINE], max(0, len(text) - LINE)
