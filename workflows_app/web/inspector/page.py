"""What the run inspector shows: facts at its head, graph, timeline, and the panel of the selected step.

`inspect` joins a run's facts, its workflow's tree and its history into one Inspector. Views fill it,
templates only read it. The selection comes from the query string, so every state of the page has an address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, reduce

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app.engine.errors import UnknownStep
from workflows_app.engine.history import History
from workflows_app.engine.nodes import Node
from workflows_app.engine.paths import public
from workflows_app.engine.usage import Usage, added
from workflows_app.engine.workflow import Workflow
from workflows_app.web.graph.drawn import Drawn, find, width_of
from workflows_app.web.graph.flow import draw
from workflows_app.web.graph.statuses import shown_status
from workflows_app.web.inspector.axis import Span, axis_of, busy_spans
from workflows_app.web.inspector.panel import WHOLE_RUN, Panel, Sight, Tab, run_panel, step_panel, without_values
from workflows_app.web.inspector.raw import Raw, beginning
from workflows_app.web.inspector.readings import Load, Moment, as_it_is
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.inspector.timeline import Timeline, lay_out
from workflows_app.web.inspector.told import Change, EventLine, Page, Written, changes_page, events_page, written_page
from workflows_app.web.values.jsontree import Tree, tree_of
from workflows_app.words import AGAIN, EVENT, short_id, status_word

FOLD_WIDER_THAN = 1_300
VALUED = ("input", "output", "result", "state", "context", "answer", "error", "transcript", "code")
TABS = ("steps", "events", "state", "logs", "raw")
CHOICES = (
    ("", gettext_lazy("Everything")),
    ("failed", gettext_lazy("What failed")),
    ("waiting", gettext_lazy("What waits")),
    ("running", gettext_lazy("What runs")),
    ("success", gettext_lazy("What succeeded")),
    ("again", gettext_lazy("What was tried again")),
    ("critical", gettext_lazy("What the time went into")),
)
WAITS = {"event": EVENT, "again": AGAIN}
STATES = ("success", "bailed", "failed", "tripwire", "suspended", "waiting", "ready", "running", "canceled")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What the row of a run knows. Instants are microseconds since the epoch."""

    id: str
    workflow_id: str
    status: str
    seq: int
    created_at: int
    started_by: str = ""
    fingerprint: str = ""
    blocked_reason: str = ""
    forked_from: str = ""
    finished: bool = False
    code_gone: bool = False
    worker_lost: bool = False
    waits_for: str = ""

    @property
    def is_performed(self) -> bool:
        return self.status == "running" and not self.worker_lost

    @property
    def shown(self) -> str:
        """Name the status that the page shows."""
        return "waiting" if self.waits_for == "event" else self.status

    @property
    def words(self) -> str:
        return _(WAITS[self.waits_for]) if self.waits_for else status_word(self.status)

    @property
    def short_id(self) -> str:
        return short_id(self.id)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the progress bar, in shares of 100."""

    status: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The facts at the head of the page."""

    running: int
    asking: int
    started_at: int | None
    since: int | None
    elapsed: int | None
    active: int
    steps: int
    done: int
    skipped: int
    shares: tuple[Share, ...]
    usage: Usage | None = None

    @property
    def ended(self) -> bool:
        return self.started_at is not None and self.since is None


@dataclass(frozen=True, kw_only=True)
class Inspector:
    """What the page shows; each part is made when it is asked for, so that a fragment costs only itself."""

    run: RunFacts
    workflow: Workflow | None
    root: Node
    moment: Moment
    selection: Selection
    now: int
    load: Load
    path: str
    may_see: bool
    tab: str

    @property
    def history(self) -> History:
        return self.moment.history

    @property
    def present(self) -> History:
        """Give the run as it is, whatever moment of it is looked at."""
        return self.moment.reading.history

    @property
    def why(self) -> str:
        """Say why the run was canceled, to whoever may read what is in it."""
        return (self.present.cancel_reason or "") if self.may_see else ""

    @property
    def here(self) -> int:
        """Give the instant at which the moment stands."""
        return self.moment.at if self.moment.is_past else self.now

    @cached_property
    def flow(self) -> Drawn:
        return draw(self.root, self.history, self.here, self.path)

    @cached_property
    def folds(self) -> bool:
        """Tell whether quiet stretches of the graph begin as one pill."""
        asked = self.selection.fold
        return asked == "all" or (asked != "none" and width_of(self.flow) > FOLD_WIDER_THAN)

    @cached_property
    def busy(self) -> list[Span]:
        return busy_spans(self.present, self.now)

    @cached_property
    def timeline(self) -> Timeline:
        axis = axis_of(
            self.present, self.busy, self.now, self.selection.span, self.here if self.moment.is_past else None
        )
        return lay_out(self.flow, self.history, axis, self.selection, self.path)

    @cached_property
    def head(self) -> Head:
        flow = draw(self.root, self.present, self.now) if self.moment.is_past else self.flow
        return head_of(self.run, flow, self.present, sum(end - start for start, end in self.busy), self.now)

    @cached_property
    def panel(self) -> Panel:
        sight = Sight(self.selection, self.here, self.load, self.may_see, self.workflow)
        if self.path:
            panel = step_panel(self.path, self.flow, self.moment, sight)
        else:
            panel = run_panel(self.run.id, self.history.status, self.moment, sight)
        return panel if self.may_see else without_values(panel)

    @property
    def opens_panel(self) -> bool:
        """Tell whether the panel is open where it lies over the panes: a step is asked for, or it asks something."""
        return self.selection.side != "closed" and bool(self.selection.step or self.panel.tab == "resume")

    @property
    def at_panel(self) -> Selection:
        """Give the selection with the step and the tab that are open, also where nobody asked for them."""
        return replace(self.selection, step=self.panel.address, tab=self.panel.tab)

    @property
    def valued(self) -> tuple[str, ...]:
        """Name the tabs of the panel that show values."""
        return VALUED

    @property
    def held(self) -> list[str]:
        """Name the steps before which the run pauses, as it was told to."""
        return [public(path) for path in self.present.held]

    @property
    def breakpoints(self) -> list[str]:
        """Name the steps before which the run will pause, while it is under way."""
        return [] if self.run.finished else sorted(self.present.breakpoints)

    @property
    def end_status(self) -> str:
        """Say whether the end of the graph was reached."""
        return "success" if self.history.status in ("success", "bailed") else "pending"

    @property
    def body(self) -> str:
        """Name the template of the timeline's open tab."""
        return f"runs/_{self.tab}.html"

    @property
    def choices(self) -> tuple[tuple[str, object], ...]:
        """List what the filter of the open tab offers."""
        return CHOICES if self.tab == "steps" else CHOICES[:2]

    @property
    def since(self) -> int:
        """Measure how long after the start the moment is."""
        return self.here - (self.present.started_at or self.here)

    @property
    def before(self) -> int:
        return max(1, self.moment.seq - 1)

    @property
    def after(self) -> int | str:
        """Number the next event; after the last but one the run is shown as it is."""
        return self.moment.seq + 1 if self.moment.seq + 1 < self.run.seq else ""

    @property
    def tabs(self) -> list[Tab]:
        counts = {"events": self.moment.seq}
        return [Tab(key, key.capitalize(), counts.get(key), key == self.tab) for key in TABS]

    @property
    def events(self) -> Page[EventLine]:
        return events_page(self.moment, self.selection, may_see=self.may_see)

    @property
    def changes(self) -> Page[Change]:
        return changes_page(self.moment, self.selection)

    @property
    def state(self) -> Tree:
        return tree_of(self.history.state)

    @property
    def raw(self) -> Raw:
        return beginning(self.moment, self.load)

    @property
    def logs(self) -> Page[Written]:
        return written_page(self.moment, self.selection, self.load)


def inspect(
    run: RunFacts,
    root: Node,
    moment: Moment,
    selection: Selection,
    now: int,
    load: Load = as_it_is,
    *,
    may_see: bool = True,
    tab: str = TABS[0],
    workflow: Workflow | None = None,
) -> Inspector:
    """Put together what the inspector of a run shows. Raises: UnknownStep"""
    path = selected_path(selection.step, root, moment.history)
    return Inspector(
        run=run,
        workflow=workflow,
        root=root,
        moment=moment,
        selection=selection,
        now=now,
        load=load,
        path=path,
        may_see=may_see,
        tab=tab,
    )


def selected_path(asked: str, root: Node, history: History) -> str:
    """Choose the step the panel shows: the one asked for, else the one that needs somebody most."""
    if asked == WHOLE_RUN:
        return ""
    if asked:
        if history.find(asked) is None and find(draw(root, history, 0), asked) is None:
            raise UnknownStep(_("This run has no step %r.") % asked)
        return asked
    # Most of a long run has succeeded, and every part of an open page comes by here.
    leaves = [r for r in history.records.values() if r.status != "success" and "/" not in r.path]
    for wanted in ("suspended", "failed", "tripwire", "running", "waiting"):
        matching = [r for r in leaves if shown_status(r) == wanted]
        if matching:
            chosen = public(max(matching, key=lambda r: r.path.count(".") + r.path.count("[")).path)
            # The items that run are others each time: who watches them sees the list.
            return chosen.partition("[")[0] if wanted in ("running", "waiting") else chosen
    return ""


def head_of(run: RunFacts, flow: Drawn, history: History, active: int, now: int) -> Head:
    """Gather the facts at the head."""
    leaves = [leaf.status for leaf in flow.leaves()]
    started, ended = history.started_at, history.finished_at
    return Head(
        running=len(history.running) if run.status != "running" else 0,
        asking=leaves.count("suspended") if run.status == "running" else 0,
        started_at=started,
        since=started if started is not None and ended is None else None,
        elapsed=None if started is None else (now if ended is None else ended) - started,
        active=active,
        steps=len(leaves),
        done=leaves.count("success") + leaves.count("bailed"),
        skipped=leaves.count("skipped"),
        shares=shares_of([status for status in leaves if status != "skipped"]),
        usage=reduce(added, (record.usage for record in history.records.values()), None),
    )


def shares_of(statuses: list[str]) -> tuple[Share, ...]:
    """Divide the progress bar among the statuses."""
    total = len(statuses) or 1
    shares: list[Share] = []
    x = 0.0
    for status in STATES:
        if count := statuses.count(status):
            width = 100 * count / total
            shares.append(Share(status, count, x, width))
            x += width
    return tuple(shares)
