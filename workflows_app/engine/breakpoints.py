"""Breakpoints: the steps before which a run pauses, named when it starts or while it is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import events as e
from .errors import NotActive, UnknownStep
from .events import Event, Instant
from .history import History
from .paths import to_text
from .workflow import Workflow


def checked_breakpoints(workflow: Workflow, given: Sequence[Any]) -> tuple[str, ...]:
    """Read the steps to pause before; what is in a nested workflow is named with it. Raises: UnknownStep"""
    names = tuple(to_text(name) for name in given)
    known = [path for path, node in workflow.places.items() if node.kind != "nested"] if names else []
    if unknown := sorted(set(names) - set(known)):
        raise UnknownStep(f"No run of {workflow.id!r} can pause before {', '.join(unknown)}; it can before {known}.")
    return names


def break_before(
    workflow: Workflow, history: History, now: Instant, steps: Sequence[Any], *, by: str | None = None
) -> Sequence[Event]:
    """Have a run that is under way pause before more steps. Raises: NotActive, UnknownStep"""
    more = checked_breakpoints(workflow, steps)
    return _changed(history, history.breakpoints.union(more), now, by)


def clear_breakpoints(
    history: History, now: Instant, steps: Sequence[Any] | None, *, by: str | None = None
) -> Sequence[Event]:
    """Have a run that is under way not pause before some steps any more, or before none. Raises: NotActive"""
    gone = history.breakpoints if steps is None else {to_text(step) for step in steps}
    return _changed(history, history.breakpoints - gone, now, by)


def _changed(history: History, wanted: frozenset[str], now: Instant, by: str | None) -> Sequence[Event]:
    """Record the breakpoints that hold from now on, unless they do already. Raises: NotActive"""
    if history.status == "pending":
        raise NotActive("The run has not started; name its breakpoints when you start it.")
    if history.finished or history.canceled_at is not None:
        raise NotActive(details={"status": history.status})
    return () if wanted == history.breakpoints else [e.BreakpointsSet(now, tuple(sorted(wanted)), by)]
