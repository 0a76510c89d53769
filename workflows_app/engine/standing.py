"""How a run stands that this process takes up: what it waits for, and what is next."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from . import events as e
from .active import ActiveRun, Key
from .current import about, log_error
from .decide import Decision, decide
from .drift import differences
from .errors import describe
from .events import Instant
from .history import History
from .outcomes import Call, Suspension, Timer, Wait
from .records import WAKEABLE

logger = logging.getLogger("workflows")


class Standing(NamedTuple):
    """What a run is recorded to wait for, what of that its graph still wants, and which timers wake it here."""

    recorded: Sequence[Wait]
    wanted: Sequence[Wait]
    timers: Sequence[Timer]


def standing(active: ActiveRun, now: Instant) -> Standing:
    """Look at a run. Where another process has taken it to what the graph known here lacks, that is not asked."""
    history = active.known
    if differences(active.workflow, history):
        recorded = recorded_waits(history)
        return Standing(recorded, recorded, ())
    decision = decide(active.workflow, history, now)
    fresh = {event.path for event in decision.opened}
    known = [wait for wait in decision.waits if wait.path not in fresh]
    timers = [wait for wait in known if type(wait) is Timer]
    # A changed graph may come to what is recorded only later, and then waits for it anew.
    is_changed = history.fingerprint not in ("", active.workflow.fingerprint)
    return Standing(recorded_waits(history) if is_changed else known, decision.waits, timers)


def recorded_waits(history: History) -> tuple[Wait, ...]:
    """Say what a run waits for by its records alone, where its graph is not known here."""
    if history.finished or history.status in ("pending", "paused"):
        return ()
    if history.canceled_at is not None:
        return (Timer("", history.grace_until),)
    records = history.records
    calls = [Call(path, records[path].attempt, None, None) for path in history.running]
    asked = [Suspension(record.path, record.attempt) for record in history.suspended]
    timers = [Timer(path, r.alarm) for path, r in records.items() if r.status in WAKEABLE and r.alarm is not None]
    return (*calls, *asked, *timers)


def decided(active: ActiveRun, now: Instant) -> Decision:
    """Decide; a workflow whose own functions break that fails."""
    try:
        return decide(active.workflow, active.known, now)
    except Exception as error:
        log_error(logger, error, "run %s cannot be decided; it fails", active.head.id, extra=about(active.head))
        return Decision((e.RunFinished(now, "failed", error=describe(error)),), (), "failed")


def by_key(waits: Sequence[Wait]) -> dict[Key, Wait]:
    return {(type(wait), wait.path): wait for wait in waits}
