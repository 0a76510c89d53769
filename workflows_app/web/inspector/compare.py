"""Two runs of one workflow beside each other: one graph, one list of steps, and where they part.

`A` is the run that is compared with, `B` the one that is looked at. Both are drawn on the graph that the
workflow has now; what was recorded at places that it has no more is named apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from django.utils.translation import gettext as _

from workflows_app.engine.drift import place
from workflows_app.engine.history import History
from workflows_app.engine.paths import public
from workflows_app.engine.records import Record
from workflows_app.engine.schema import Value
from workflows_app.models import Version
from workflows_app.web.graph.drawn import Drawn
from workflows_app.web.graph.flow import draw
from workflows_app.web.inspector.look import Look
from workflows_app.web.inspector.timeline import passes_of
from workflows_app.web.values.jsondiff import WHOLE, Diff, Line, diff_of, same, shown

NOT_RUN: Final = ("pending", "skipped")
OF_A_RUN: Final = ("input", "state", "result")
OF_A_STEP: Final = ("input", "output")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the heads. `kind` says how a page writes the two values."""

    name: str
    kind: str
    a: Any
    b: Any

    @property
    def differs(self) -> bool:
        return self.kind != "instant" and bool(self.a != self.b)


@dataclass(frozen=True, slots=True)
class Side:
    """What one run did at one step. Durations are microseconds of work, without waiting."""

    status: str
    took: int | None
    tries: int
    output: Value | None
    error: str

    @property
    def ran(self) -> bool:
        return self.status not in NOT_RUN


@dataclass(frozen=True, slots=True)
class Pair:
    """One step in both runs."""

    path: str
    name: str
    a: Side
    b: Side
    output_differs: bool = False

    @property
    def mark(self) -> str:
        """Say who took this step: both, a, b, or nobody."""
        return {(True, True): "both", (True, False): "a", (False, True): "b"}.get((self.a.ran, self.b.ran), "")

    @property
    def parts(self) -> bool:
        """Tell whether the paths are not the same here."""
        return self.mark in ("a", "b") or (self.mark == "both" and self.a.status != self.b.status)

    @property
    def delta(self) -> int | None:
        return None if self.a.took is None or self.b.took is None else self.b.took - self.a.took


@dataclass(frozen=True, slots=True)
class Section:
    """One value in both runs. A value that was not recorded is none at all."""

    title: str
    diff: Diff
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedNode(Drawn):
    """A step of the graph, with the marks of both runs."""

    pair: Pair
    parting: bool = False

    @property
    def templates(self) -> tuple[str, ...]:
        return ("compare/_node.html",)


@dataclass(frozen=True, slots=True)
class Comparison:
    a: Look
    b: Look
    root: Drawn
    pairs: tuple[Pair, ...]
    parting: Pair | None
    differing: Pair | None
    gone: tuple[Pair, ...]
    step: str

    @property
    def longest(self) -> int:
        """Give the longest time a step took, which the bars are measured by."""
        return max((took for pair in self.pairs for took in (pair.a.took, pair.b.took) if took), default=1)


def compare(a: Look, b: Look, now: int, step: str = "") -> Comparison:
    """Put two runs beside each other, at a step; without a word where they part, or else first differ."""
    drawn = [draw(b.root, look.history, now) for look in (a, b)]
    named = {node.path: node for node in drawn[1].leaves() if node.path}
    pairs = {path: pair_of(a, b, path, node.name, now) for path, node in named.items()}
    parting = next((pair for pair in pairs.values() if pair.parts), None)
    differing = next((pair for pair in pairs.values() if pair.output_differs), None)
    places = b.workflow.places if b.workflow is not None else named
    recorded = {public(path) for look in (a, b) for path in look.history.latest}
    first = parting or differing
    step = step or (first.path if first is not None else "")
    gone = sorted(path for path in recorded if "[" not in path and place(path) not in places)
    return Comparison(
        a=a,
        b=b,
        root=_Joiner(pairs, parting, step).join(*drawn),
        pairs=tuple(pairs.values()),
        parting=parting,
        differing=differing,
        gone=tuple(pair_of(a, b, path, path, now) for path in gone),
        step=step,
    )


def pair_of(a: Look, b: Look, path: str, name: str, now: int) -> Pair:
    pair = Pair(path, name, side_of(a.history, path, now), side_of(b.history, path, now))
    return replace(pair, output_differs=values_differ(a, b, pair.a.output, pair.b.output))


def side_of(history: History, path: str, now: int) -> Side:
    record = history.find(path)
    if record is None:
        return Side("pending", None, 0, None, "")
    error = record.error if isinstance(record.error, dict) else {}
    return Side(
        record.status, worked(record, history, now), len(record.tries), record.output, str(error.get("message", ""))
    )


def worked(record: Record, history: History, now: int) -> int | None:
    """Add up how long a step was at work, in all its passes and tries."""
    tries = [one for occurrence in passes_of(record, history) for one in occurrence.tries]
    if tries:
        return sum((now if one.ended_at is None else one.ended_at) - one.started_at for one in tries)
    ended = record.ended_at
    return None if record.started_at is None or ended is None else ended - record.started_at


def values_differ(a: Look, b: Look, one: Value | None, other: Value | None) -> bool:
    """Compare two results; what is stored apart is known by its hash."""
    if one is None or other is None:
        return False
    if one.ref is not None and other.ref is not None:
        return one.ref != other.ref
    return not same(a.loaded(one).data, b.loaded(other).data)


@dataclass(frozen=True, slots=True)
class _Joiner:
    """Lays one drawing over the other: a box is as B has it unless only A went in."""

    pairs: dict[str, Pair]
    parting: Pair | None
    step: str

    def join(self, a: Drawn, b: Drawn) -> Drawn:
        pair = None if b.lanes else self.pairs.get(b.path)
        status = a.status if b.status in NOT_RUN else b.status
        if pair is not None:
            plain = {one.name: getattr(b, one.name) for one in fields(Drawn)}
            marks = {"status": status, "selected": b.path == self.step, "pair": pair, "parting": pair is self.parting}
            return PairedNode(**{**plain, **marks})
        lanes = tuple(
            replace(lane, node=self.join(other.node, lane.node), folds=False, fold=None)
            for other, lane in zip(a.lanes, b.lanes, strict=False)
        )
        return replace(b, lanes=lanes, status=status, open=a.open or b.open)


def facts_of(found: Comparison, now: int) -> Iterator[Fact]:
    """List what is told at the head of each run."""
    a, b = found.a, found.b
    one, other = a.head, b.head
    yield Fact(_("Status"), "status", one.status, other.status)
    yield Fact(_("Started"), "instant", one.started_at, other.started_at)
    yield Fact(_("Elapsed"), "duration", *(elapsed(look, now) for look in (a, b)))
    yield Fact(_("Started by"), "text", one.started_by, other.started_by)
    yield Fact(_("Version"), "text", version_of(a), version_of(b))
    sides = ([pair.a for pair in found.pairs], [pair.b for pair in found.pairs])
    yield Fact(_("Steps run"), "text", *(sum(side.ran for side in of_run) for of_run in sides))
    yield Fact(_("Error"), "text", one.error or "", other.error or "")


def version_of(look: Look) -> str:
    """Name the graph of a run by its number and how its fingerprint begins."""
    number = Version.number_of(look.head.workflow_id, look.history.fingerprint)
    mark = look.history.fingerprint[:7]
    return mark if number is None else _("v%(number)d %(mark)s") % {"number": number, "mark": mark}


def elapsed(look: Look, now: int) -> int | None:
    history = look.history
    return None if history.started_at is None else (history.finished_at or now) - history.started_at


def sections_of(found: Comparison, step: str, ignored: frozenset[str]) -> list[Section]:
    """Compare the values of a step; without a step those of the runs as a whole."""
    histories = (found.a.history, found.b.history)
    owners: list[Any] = [history.find(step) for history in histories] if step else list(histories)
    names = OF_A_STEP if step else OF_A_RUN
    return [
        _section(found, name.capitalize(), [getattr(owner, name, None) for owner in owners], ignored) for name in names
    ]


def _section(found: Comparison, title: str, values: list[Value | None], ignored: frozenset[str]) -> Section:
    sides = zip((found.a, found.b), values, strict=True)
    loaded = [None if value is None else look.loaded(value) for look, value in sides]
    match loaded:
        case [None, None]:
            return Section(title, Diff((), more=False), is_there=False)
        case [Value() as a, None]:
            diff = Diff((Line(str(WHOLE), "removed", a=shown(a.data)),), more=False)
        case [None, Value() as b]:
            diff = Diff((Line(str(WHOLE), "added", b=shown(b.data)),), more=False)
        case [Value() as a, Value() as b]:
            diff = diff_of(a.data, b.data, ignored)
    return Section(title, diff, is_there=True)
