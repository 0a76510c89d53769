"""A run as it is printed: what went in, what each step did and who decided, what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from workflows_app.engine.records import Record
from workflows_app.engine.schema import Value
from workflows_app.models import Approval
from workflows_app.web.graph.flow import draw
from workflows_app.web.inspector.errors import ErrorView, error_view
from workflows_app.web.inspector.look import Look
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.inspector.timeline import Row, places, row_of
from workflows_app.web.values.jsontree import Tree, tree_of

MOST = 1_000
"""How many steps are printed; more fill a book that nobody reads."""


@dataclass(frozen=True, slots=True)
class Line:
    """A step: its row, when it began, and by whom it was answered."""

    row: Row
    started_at: int | None
    answered_by: str


@dataclass(frozen=True, slots=True)
class Printed:
    """A run on paper. Values are left out for who may not read them."""

    lines: Sequence[Line]
    left_out: int
    questions: Sequence[Approval]
    input: Tree | None = None
    result: Tree | None = None
    error: ErrorView | None = None
    why: str = ""


def printed(look: Look, now: int, *, may_see: bool) -> Printed:
    """Gather what is printed of a run."""
    history = look.history
    # As it is drawn first: long lists closed, except for what failed or is open in them.
    found = places(draw(look.root, history, now), history, Selection(), "")
    rows = [row_of(place, history, "") for place in islice(found, MOST)]
    lines = [_line(row, history.find(row.path) if row.path else None) for row in rows]
    questions = list(Approval.objects.filter(run=look.head.id).order_by("asked_at", "pk"))
    paper = Printed(lines, max(0, len(found) - MOST), questions)
    if not may_see:
        return paper
    shown, result = _tree(look, history.input), _tree(look, history.result)
    why = history.cancel_reason or ""
    return replace(paper, input=shown, result=result, error=error_view(history.error), why=why)


def _line(row: Row, record: Record | None) -> Line:
    if record is None:
        return Line(row, None, "")
    return Line(row, record.started_at, record.by or "")


def _tree(look: Look, value: Value | None) -> Tree | None:
    return None if value is None else tree_of(look.loaded(value))
