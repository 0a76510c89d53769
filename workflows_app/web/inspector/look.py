"""A run as one page sees it: what was read of it, at a moment, with the tree of its workflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from workflows_app import runtime
from workflows_app.engine import create_step
from workflows_app.engine.history import History
from workflows_app.engine.loading import needed
from workflows_app.engine.nodes import Node, Sequence
from workflows_app.engine.ports import RunHead, Stored
from workflows_app.engine.schema import ANY, Json, Schema, Value
from workflows_app.engine.verbs import resume_schema
from workflows_app.engine.workflow import Workflow
from workflows_app.errors import RunNotFound
from workflows_app.web.inspector.readings import Moment, Reading, Shelf

shelf = Shelf()


@dataclass(frozen=True, slots=True)
class Look:
    """A run as it was read for one page; without a workflow its code is not there."""

    moment: Moment
    workflow: Workflow | None

    @property
    def head(self) -> RunHead:
        return self.moment.reading.head

    @property
    def history(self) -> History:
        return self.moment.history

    @property
    def root(self) -> Node:
        """Give the tree; of a workflow whose code is gone, what was recorded of its outermost steps."""
        if self.workflow is not None:
            return self.workflow.root
        latest = self.moment.reading.history.latest
        names = dict.fromkeys(path for path in latest if path.isprintable() and "." not in path)
        plain = [name for name in names if "[" not in name]
        return Sequence(id=self.head.workflow_id, nodes=tuple(create_step(id=n, execute=gone) for n in plain))

    def answer_schema(self, path: str) -> Schema:
        """Find what an answer at a path must look like; where the code is gone nothing is known."""
        record = self.history.record(path)
        form = record.form if record is not None else None
        return ANY if self.workflow is None else resume_schema(self.workflow, path, form)

    def output_of(self, step: str) -> Json:
        """Read what a step gave; nothing when it gave nothing yet."""
        record = self.history.find(step)
        return self.loaded(record.output).data if record is not None and record.output is not None else None

    def loaded(self, value: Value) -> Value:
        """Read a value that is stored apart; the one that is remembered stays small."""
        if value.loaded:
            return value
        copy = Value(None, ref=value.ref, size=value.size)
        runtime.call(runtime.get_engine().journal.resolve(self.head.id, [copy]))
        return copy


def gone(_: object) -> None:
    """Stand for a step whose code is not there; it is drawn, never performed."""


def look_at(run_id: str, at: int | None = None) -> Look:
    """Read a run from its beginning, for whoever holds on to it. Raises: RunNotFound"""
    return _look(_read(run_id, None), at)


@contextmanager
def looking_at(run_id: str, at: int | None = None) -> Iterator[Look]:
    """Lend a run as it is now, or as it was after an event. Raises: RunNotFound"""
    known, reading = shelf.take(run_id), None
    try:
        reading = _read(run_id, known)
        yield _look(reading, at)
    finally:
        shelf.put(run_id, reading)


def _look(reading: Reading, at: int | None) -> Look:
    workflow = runtime.get_engine().registry.by_id.get(reading.head.workflow_id)
    return Look(reading.moment(at), workflow)


def _read(run_id: str, known: Reading | None) -> Reading:
    """Read what is new of a run; all of it when it is not the one that is known."""
    stored = _stored(run_id, len(known.events) if known else 0)
    if known is not None and not known.goes_on_as(stored.head):
        known, stored = None, _stored(run_id, 0)
    if known is None:
        return Reading(stored.head, stored.events)
    known.extend(stored.head, stored.events)
    return known


def _stored(run_id: str, after: int) -> Stored:
    engine = runtime.get_engine()
    stored = runtime.call(engine.at_home(engine.journal.read(run_id, after=after, resolve=False)))
    if stored is None:
        raise RunNotFound(f"Run {run_id!r} not found.")
    if missing := needed(stored.events):
        runtime.call(engine.journal.resolve(run_id, missing))
    return stored
