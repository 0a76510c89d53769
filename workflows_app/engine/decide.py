"""The pure heart: given a workflow, what happened so far and the time, what is next?

`decide` runs no user code, reads no clock and touches no store; `now` is an argument. Its answer is the
events that it opens, the complete set of waits that the run has from now on, and the run's status.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from . import events as e
from .errors import stop_of
from .events import Event, Instant
from .history import History
from .nodes import Cursor, Draft
from .outcomes import Blocked, Call, Failed, Suspension, Timer, Wait


class Decision(NamedTuple):
    """What follows: the events opened, every wait of the run, and its status.

    `again` tells that what was closed left room for what had been held back: fold this and decide anew.
    """

    opened: tuple[Event, ...]
    waits: tuple[Wait, ...]
    status: str
    again: bool = False


NOTHING: tuple[Wait, ...] = ()


def decide(workflow: Any, history: History, now: Instant) -> Decision:
    """Say what a run does next."""
    if history.finished or history.status == "pending":
        return Decision((), NOTHING, history.status)
    if history.canceled_at is not None:
        return wind_down(history, now)
    if history.status == "paused":
        return Decision((), open_questions(workflow, history, now), "paused")
    draft = Draft(workflow, history, now)
    outcome = workflow.root.advance(Cursor(draft, workflow), history.input)
    if isinstance(outcome, Blocked):
        if draft.has_held and draft.has_closed:
            return Decision(tuple(draft.opened), outcome.waits, "running", again=True)
        return rest_or_go_on(draft, outcome)
    draft.cancel(lambda path: True)
    if isinstance(outcome, Failed):
        status = "tripwire" if stop_of(outcome.error) else "failed"
        draft.emit(e.RunFinished(now, status, error=outcome.error))
        return Decision(tuple(draft.opened), NOTHING, status)
    draft.emit(e.RunFinished(now, "success", outcome.output))
    return Decision(tuple(draft.opened), NOTHING, "success")


def open_questions(workflow: Any, history: History, now: Instant) -> tuple[Wait, ...]:
    """Give what a paused run waits for still: the questions that are open beside what is held."""
    draft = Draft(workflow, history, now)
    draft.budget = 0
    outcome = workflow.root.advance(Cursor(draft, workflow), history.input)
    waits = outcome.waits if isinstance(outcome, Blocked) else NOTHING
    return tuple(wait for wait in waits if type(wait) is Suspension)


def rest_or_go_on(draft: Draft, blocked: Blocked) -> Decision:
    """Announce that the run rests, if nothing is left but to wait for people or for the next step."""
    status = status_of(blocked.waits, active=blocked.active)
    if status == "paused":
        draft.emit(e.RunPaused(draft.now, tuple(sorted(draft.stops))))
    elif status == "suspended" and draft.history.status != "suspended":
        draft.emit(e.RunSuspended(draft.now))
    return Decision(tuple(draft.opened), blocked.waits, status)


def status_of(waits: tuple[Wait, ...], *, active: bool) -> str:
    """Derive the status of a run that is not done from what it waits for."""
    kinds = {type(wait) for wait in waits}
    if Call in kinds:
        return "running"
    if not active:
        return "suspended"
    return "waiting" if Timer in kinds else "paused"


def wind_down(history: History, now: Instant) -> Decision:
    """End a canceled run: calls under way have a grace to return, then all that is open is closed."""
    if history.running and not history.grace_over:
        return Decision((), (Timer("", history.grace_until),), "canceled")
    open_paths = [path for path, record in history.records.items() if record.is_open]
    closed: list[Event] = [e.StepCanceled(now, path) for path in open_paths]
    return Decision((*closed, e.RunFinished(now, "canceled")), NOTHING, "canceled")
