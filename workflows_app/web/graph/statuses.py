"""The status that pages show of a record, and of a box by what is in it."""

from __future__ import annotations

from collections.abc import Iterable

from workflows_app.engine.errors import stop_of
from workflows_app.engine.history import History
from workflows_app.engine.records import Items, Record

SETTLED = frozenset({"success", "bailed", "skipped"})
STOPPED = frozenset({"failed", "tripwire"})
BUSY = frozenset({"running", "ready", "suspended", "waiting", "paused"}) | STOPPED
PRECEDENCE = ("running", "ready", "suspended", "waiting", "paused", "failed", "tripwire", "bailed", "canceled")


def shown_status(record: Record | None) -> str:
    """Name the status that pages show.

    A failed try that is to be repeated waits, it has not failed; nor has what a guard stopped.
    """
    if record is None:
        return "pending"
    if record.status == "failed" and not record.final and record.due is not None:
        return "waiting"
    if record.status == "failed" and stop_of(record.error):
        return "tripwire"
    if record.role == "event" and record.status == "suspended":
        return "waiting"
    return record.status


def states_of(path: str, items: Items, history: History) -> dict[int, str]:
    """Name the status of each item that is not done; one that failed and is tried again waits."""

    def shown(index: int, status: str) -> str:
        record = history.records.get(f"{path}[{index}]") if status == "failed" else None
        return "waiting" if record is not None and shown_status(record) == "waiting" else status

    return {index: shown(index, status) for index, status in items.open.items()}


def waits_for(history: History) -> str:
    """Tell what a run waits for that is neither a person nor its own sleep: an `event`, or to try `again`."""
    if history.status == "suspended" and all(record.role == "event" for record in history.suspended):
        return "event"
    stopped = [record for record in history.records.values() if record.status in ("waiting", "failed")]
    waiting = {record.status for record in stopped if shown_status(record) == "waiting"}
    return "again" if waiting == {"failed"} else ""


def tries_of(record: Record) -> int:
    """Count the tries, the one that comes next among them; going on after an answer is no other try."""
    lost = sum(1 for this in record.tries if this.status in ("failed", "lost"))
    return lost if record.status == "failed" and record.final else lost + 1


def combined(statuses: Iterable[str], finished: bool) -> str:
    """Derive the status of a box from what is in it."""
    found = set(statuses)
    for status in PRECEDENCE:
        if status in found:
            return status
    if found == {"skipped"}:
        return "skipped"
    if found <= {"success", "skipped"} and found:
        return "success"
    if "success" not in found:
        return "pending"
    return "canceled" if finished else "running"


def final(status: str, finished: bool) -> str:
    """Show what a finished run left open as canceled: nothing will come of it."""
    return "canceled" if finished and status in BUSY - STOPPED else status
