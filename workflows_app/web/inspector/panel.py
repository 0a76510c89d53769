"""The side panel of the inspector: one step of a run, or the run as a whole.

A panel has tabs, and holds only what its open tab needs; what the tabs are depends on the step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from workflows_app.engine import events as e
from workflows_app.engine.drift import place
from workflows_app.engine.history import History
from workflows_app.engine.paths import is_below, loop_pass, public
from workflows_app.engine.records import CONTAINERS, Record, Try
from workflows_app.engine.schema import NULL, Value
from workflows_app.engine.usage import Usage, added
from workflows_app.engine.verbs import place_of
from workflows_app.engine.workflow import Workflow
from workflows_app.models import Approval
from workflows_app.web.graph.code import Code, code_of
from workflows_app.web.graph.drawn import Drawn, find
from workflows_app.web.graph.statuses import final, shown_status
from workflows_app.web.graph.whereabouts import where
from workflows_app.web.inspector.errors import ErrorView, error_view
from workflows_app.web.inspector.items import Listed, items_of, passes_of
from workflows_app.web.inspector.readings import Load, Moment, Numbered
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.inspector.states import StateAround, state_around
from workflows_app.web.inspector.told import PAGE, EventLine, lines_of
from workflows_app.web.inspector.transcript import Transcript, transcript_of, written
from workflows_app.web.inspector.viewer import Viewed, view
from workflows_app.web.values.facts import Told, described, facts_in
from workflows_app.web.values.jsondiff import Diff, diff_of
from workflows_app.web.values.jsontree import Tree, branch_of
from workflows_app.words import step_word

WHOLE_RUN = "/"
COMPARED = 512 * 1024


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    label: str
    count: int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class TryRow:
    """One try; `waited` is the time since the one before it ended."""

    attempt: int
    status: str
    started_at: int
    took: int | None
    message: str
    waited: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """The question a suspended step puts."""

    title: str
    told: Told
    payload: Tree | None
    since: int | None
    due: int | None
    assign_to: str
    body: str
    priority: str
    decided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered, and when."""

    by: str
    at: int | None


@dataclass(frozen=True, slots=True)
class Stop:
    """A step before which the run may pause, and whether it does."""

    step: str
    is_set: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The side panel: one step, or the run as a whole when `path` is empty."""

    path: str
    name: str
    status: str
    where: str
    kind: str = ""
    description: str = ""
    tabs: tuple[Tab, ...] = ()
    tab: str = ""
    ask: Ask | None = None
    answer: Answer | None = None
    value: Viewed | None = None
    error: ErrorView | None = None
    tries: tuple[TryRow, ...] = ()
    events: tuple[EventLine, ...] = ()
    listed: Listed | None = None
    state: StateAround | None = None
    code: Code | None = None
    attempt: int = 0
    transcript: Transcript | None = None
    usage: Usage | None = None
    change: Diff | None = None
    stop: Stop | None = None

    @property
    def words(self) -> str:
        """Say the status in words."""
        if (self.kind, self.status) == ("event", "waiting"):
            return _("waiting for the event")
        return step_word(self.status, self.kind)

    @property
    def address(self) -> str:
        """Give the step as the query string names it."""
        return self.path or WHOLE_RUN


@dataclass(frozen=True, slots=True)
class Sight:
    """How a panel is looked at: what the address asks for, the time, how values are read, and who looks."""

    asked: Selection
    now: int
    load: Load
    may_see: bool
    workflow: Workflow | None = None


def step_panel(path: str, flow: Drawn, moment: Moment, sight: Sight) -> Panel:
    """Fill the panel of one step; only what its open tab shows is read."""
    record = moment.history.find(path)
    drawn = find(flow, path)
    own = drawn if drawn is not None and drawn.path == path else None
    events = own_events(moment, path)
    panel = Panel(
        path=path,
        name=own.name if own and own.kind == "event" else path.rpartition(".")[2],
        status=own.status if own else final(shown_status(record), moment.history.finished),
        where=where(flow, path),
        kind=own.kind if own else record.role if record else "",
        description=(drawn.description or "") if drawn else "",
        attempt=record.attempt if record else 0,
        usage=usage_of(moment.history, record) if record else None,
        stop=stop_before(path, record, moment, sight.workflow),
    )
    panel = _at(panel, tuple(_tabs(record, moment, events, sight)), sight.asked.tab)
    return opened(panel, record, moment, events, sight)


def stop_before(path: str, record: Record | None, moment: Moment, workflow: Workflow | None) -> Stop | None:
    """Say whether the run pauses before a step; nothing where it will not come there any more."""
    history, step = moment.history, place(path)
    node = workflow.places.get(step) if workflow is not None and not path.endswith("]") else None
    if node is None or node.kind == "nested" or moment.is_past or history.finished or history.started_at is None:
        return None
    comes = record is None or loop_pass(record.path) is not None
    return Stop(step, step in history.breakpoints) if comes or step in history.breakpoints else None


def own_events(moment: Moment, path: str) -> list[Numbered]:
    """List the events of a step; of one pass or try only its own."""
    found = moment.events_of(path)
    return found if public(path) == path else [(seq, event) for seq, event in found if event.path == path]


def _tabs(record: Record | None, moment: Moment, events: list[Numbered], sight: Sight) -> Iterable[Tab]:
    if record is None:
        yield Tab("about", _("About"))
    else:
        yield from _record_tabs(record, moment, events)
    yield Tab("events", _("Events"), len(events))
    if sight.workflow is not None and (record is None or record.role not in CONTAINERS - {"nested"}):
        yield Tab("code", _("Code"))


def _record_tabs(record: Record, moment: Moment, events: list[Numbered]) -> Iterable[Tab]:
    history = moment.history
    if shown_status(record) == "suspended" and not history.finished:
        yield Tab("resume", _("Resume"))
    if record.error:
        yield Tab("error", _("Error"))
    if record.path in history.items:
        yield Tab("items", _("Items"), history.items[record.path].total)
    if written(record.path, events):
        yield Tab("transcript", _("Transcript"))
    if found := loop_pass(record.path):
        yield Tab("passes", _("Passes"), found[1])
    yield Tab("input", _("Input"))
    if record.output is not None:
        yield Tab("output", _("Output"))
    if record.resume_payload is not None:
        yield Tab("answer", _("Answer"))
    if moment.reading.stated:
        yield Tab("state", _("State"))
    if record.tries:
        yield Tab("attempts", _("Attempts"), len(record.tries))


def opened(panel: Panel, record: Record | None, moment: Moment, events: list[Numbered], sight: Sight) -> Panel:
    """Fill in what the open tab shows."""
    match panel.tab:
        case "events":
            return replace(panel, events=lines_of(moment, events, may_see=sight.may_see))
        case "code":
            return replace(panel, code=code_of(sight.workflow, panel.path))
    return panel if record is None else _recorded(panel, record, moment, events, sight)


def _recorded(panel: Panel, record: Record, moment: Moment, events: list[Numbered], sight: Sight) -> Panel:
    match panel.tab:
        case "resume":
            return replace(panel, ask=ask_of(record, sight))
        case "error":
            return replace(panel, error=error_view(record.error))
        case "items":
            return replace(panel, listed=items_of(record, panel.path, moment.history, sight.asked))
        case "passes":
            return replace(panel, listed=passes_of(record, panel.path, moment, sight.now, sight.asked))
        case "transcript":
            return replace(panel, transcript=transcript_of(written(record.path, events), sight.load))
        case "attempts":
            return replace(panel, tries=tries_of(record, sight.now))
        case "state":
            around = state_around(moment, record)
            return replace(panel, state=around, value=view(around.after, sight.asked))
        case "answer":
            given = view(sight.load(record.resume_payload or NULL), sight.asked)
            return replace(panel, answer=Answer(record.by or "", record.resumed_at), value=given)
    value = value_of(moment, panel.path, panel.tab)
    if value is None:
        return panel
    before = earlier_result(events) if panel.tab == "output" else None
    small = before is not None and before.size + value.size <= COMPARED
    change = diff_of(sight.load(before).data, sight.load(value).data) if before is not None and small else None
    return replace(panel, value=view(sight.load(value), sight.asked), change=change)


def earlier_result(events: list[Numbered]) -> Value | None:
    """Find what a step gave the time before: in the pass before, or before somebody went back in time."""
    results = [event.output for _, event in events if isinstance(event, e.StepSucceeded)]
    return results[-2] if len(results) > 1 else None


def value_of(moment: Moment, path: str, tab: str) -> Value | None:
    """Find the value that a tab shows, of a step or of the run as a whole."""
    history = moment.history
    record = history.find(path) if path else None
    if record is None:
        found = {"result": history.result, "input": history.input, "state": history.state, "context": history.context}
        return found.get(tab) if not path else None
    if tab == "state":
        return state_around(moment, record).after
    return {"input": record.input, "output": record.output, "answer": record.resume_payload}.get(tab)


def _at(panel: Panel, tabs: tuple[Tab, ...], asked: str) -> Panel:
    """Open the tab asked for, else the first that matters: question, error, output, what is written now, input."""
    keys = [tab.key for tab in tabs]
    order = [asked, "resume", "error", "items", "result", "output", "transcript", "input", keys[0]]
    chosen = next(key for key in order if key in keys)
    return replace(panel, tab=chosen, tabs=tuple(replace(tab, current=tab.key == chosen) for tab in tabs))


def run_panel(run_id: str, status: str, moment: Moment, sight: Sight) -> Panel:
    """Fill the panel of the run as a whole."""
    history = moment.history
    tabs = [Tab("error", _("Error"))] if history.error else []
    tabs += [Tab("result", _("Result"))] if history.result is not None else []
    tabs += [Tab("input", _("Input")), Tab("state", _("State"))]
    tabs += [Tab("context", _("Context"))] if history.context.text != "{}" else []
    panel = Panel(path="", name=_("Run"), status=status, where=run_id)
    panel = _at(panel, (*tabs, Tab("events", _("Events"), moment.seq)), sight.asked.tab)
    if panel.tab == "events":
        lately = moment.events(max(0, moment.seq - PAGE))
        return replace(panel, events=lines_of(moment, lately, may_see=sight.may_see))
    value = value_of(moment, "", panel.tab)
    shown = view(sight.load(value), sight.asked) if value is not None else None
    return replace(panel, value=shown, error=error_view(history.error))


def without_values(panel: Panel) -> Panel:
    """Leave out what was put in and came out, for those who may only see how runs go."""
    asked = replace(panel.ask, payload=None, told=Told()) if panel.ask else None
    tries = tuple(replace(one, message="") for one in panel.tries)
    return replace(
        panel,
        value=None,
        change=None,
        ask=asked,
        answer=None,
        error=None,
        tries=tries,
        transcript=None,
        state=None,
        code=None,
    )


def usage_of(history: History, record: Record) -> Usage | None:
    """Sum the tokens that were used for a step: its own, and those of what is in it."""
    total: Usage | None = None
    for below in history.records.values() if record.role in CONTAINERS else (record,):
        if is_below(below.path, record.path):
            total = added(total, below.usage)
    return total


def ask_of(record: Record, sight: Sight) -> Ask:
    """Read the question of a suspended step from what it was suspended with."""
    payload = sight.load(record.suspend_payload) if record.suspend_payload is not None else None
    data = payload.data if payload is not None and payload.loaded else None
    node = place_of(sight.workflow, record.path) if sight.workflow is not None else None
    told = facts_in(data, described(node))
    tree = None if payload is None or told.rest is None else Tree(branch_of(told.rest), payload.size)
    title = record.title or _("%s waits for an answer") % public(record.path).rpartition(".")[2]
    body = record.body or "" if sight.may_see else ""
    priority = Approval.Priority.of(record.priority)
    asked = ", ".join(record.groups) or record.assign_to or ""
    decided = tuple(f"{vote.by} ({', '.join(vote.groups)})" if vote.groups else vote.by for vote in record.votes)
    return Ask(title, told, tree, record.suspended_at, record.due, asked, body, priority.notable, decided)


def tries_of(record: Record, now: int) -> tuple[TryRow, ...]:
    """Tell the tries of a step, and how long each had to wait after the one before."""
    before = (None, *record.tries)
    return tuple(_try(this, last, now) for last, this in zip(before, record.tries, strict=False))


def _try(this: Try, last: Try | None, now: int) -> TryRow:
    message = str(this.error.get("message", "")) if isinstance(this.error, dict) else ""
    took = (now if this.ended_at is None else this.ended_at) - this.started_at
    waited = this.started_at - last.ended_at if last is not None and last.ended_at is not None else None
    status = "failed" if this.status == "lost" else this.status
    return TryRow(this.attempt, status, this.started_at, took, message, waited)
