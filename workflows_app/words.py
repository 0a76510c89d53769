"""The words pages use for statuses, durations, sizes and numbers, the same everywhere.

Durations are microseconds, as the engine counts them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

WORDS: Final = {
    "success": gettext_noop("succeeded"),
    "running": gettext_noop("running"),
    "ready": gettext_noop("queued"),
    "suspended": gettext_noop("waiting for a person"),
    "paused": gettext_noop("paused"),
    "waiting": gettext_noop("sleeping"),
    "failed": gettext_noop("failed"),
    "tripwire": gettext_noop("stopped by a guard"),
    "bailed": gettext_noop("ended early"),
    "canceled": gettext_noop("canceled"),
    "skipped": gettext_noop("skipped"),
    "pending": gettext_noop("not started"),
}
UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EVENT: Final = gettext_noop("waiting for an event")
AGAIN: Final = gettext_noop("waiting to try again")
TRIED: Final = frozenset({"step", "agent", "map", "tool", "nested"})
"""What waits only because it failed and is tried again."""
KINDS: Final = {
    "step": gettext_noop("step"),
    "agent": gettext_noop("agent"),
    "map": gettext_noop("map"),
    "condition": gettext_noop("condition"),
    "nested": gettext_noop("workflow"),
    "sequence": gettext_noop("sequence"),
    "parallel": gettext_noop("parallel"),
    "branch": gettext_noop("branch"),
    "when": gettext_noop("when"),
    "loop": gettext_noop("loop"),
    "foreach": gettext_noop("foreach"),
    "sleep": gettext_noop("sleep"),
    "event": gettext_noop("wait for event"),
}
"""What the constructs of a workflow are called."""
CHANGES: Final = {
    "added": gettext_noop("added"),
    "removed": gettext_noop("removed"),
    "changed": gettext_noop("changed"),
    "moved": gettext_noop("moved"),
}
IN_SCRIPTS: Final = (
    gettext_noop("1 step done"),
    gettext_noop("Catching up"),
    gettext_noop("Connecting"),
    gettext_noop("Copied {name}"),
    gettext_noop("Copied"),
    gettext_noop("Deleted"),
    gettext_noop("Finished"),
    gettext_noop("Live"),
    gettext_noop("Live, asking every 2 s"),
    gettext_noop("Not allowed"),
    gettext_noop("Nothing is called like that."),
    gettext_noop("Pause"),
    gettext_noop("Play from here"),
    gettext_noop("Reconnecting, last event {at}"),
    gettext_noop("Reconnecting, last news {at}"),
    gettext_noop("The studio does not answer."),
    gettext_noop("This step has changed while you were writing. What you wrote is kept."),
    gettext_noop("Value. Arrows walk its keys, c copies where one stands."),
    gettext_noop("You may not look at this any more"),
    gettext_noop("all that match"),
    gettext_noop("auto"),
    gettext_noop("dark"),
    gettext_noop("deleted"),
    gettext_noop("event {at} of {last}"),
    gettext_noop("event {at}"),
    gettext_noop("light"),
    gettext_noop("none open"),
    gettext_noop("show it as it is now"),
    gettext_noop("{n} selected"),
    gettext_noop("{n} steps done"),
    gettext_noop("{step} waits for a person"),
    EVENT,
    AGAIN,
)
"""What scripts say beside the statuses, by the words that stand in them."""
UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def status_word(status: str) -> str:
    """Say a status in the words a person reads."""
    return _(WORDS[status]) if status in WORDS else status


def step_word(status: str, *kinds: str) -> str:
    """Say how a step of a kind stands, or a box with steps of such kinds: not all that waits sleeps."""
    if status != "waiting" or not kinds:
        return status_word(status)
    if kinds == ("event",):
        return _(EVENT)
    return _(AGAIN) if TRIED.issuperset(kinds) else status_word(status)


def kind_word(kind: str) -> str:
    """Name a construct of a workflow."""
    return _(KINDS[kind]) if kind in KINDS else kind


def change_word(change: str) -> str:
    """Say what became of something between two versions or values."""
    return _(CHANGES[change]) if change in CHANGES else change


def words_of_scripts() -> dict[str, str]:
    """Give what scripts say otherwise in the language of the page; in English that is nothing."""
    said = ((text, _(text)) for text in (*WORDS.values(), *IN_SCRIPTS))
    return {text: words for text, words in said if words != text}


def duration(microseconds: int | None) -> str:
    """Say a duration the way the studio does everywhere: 84 ms, 2.4 s, 12 m 04 s, 3 h 48 m, 2 d 4 h."""
    if microseconds is None:
        return "—"
    if microseconds < 1_000:
        return "<1 ms"
    if microseconds < 999_500:
        return f"{round(microseconds / 1_000)} ms"
    if microseconds < 9_995_000:
        return f"{microseconds / 1_000_000:.3g} s"
    return _whole(round(microseconds / 1_000_000))


def clock(microseconds: int) -> str:
    """Say a time since the start, as the axis of a timeline does."""
    return duration(microseconds) if microseconds else "0 s"


def _whole(seconds: int) -> str:
    for index, (size, unit) in enumerate(UNITS[:-1]):
        if seconds >= size:
            small, name = UNITS[index + 1]
            rest = seconds % size // small
            width = 2 if name in "sm" else 1
            return f"{seconds // size} {unit} {rest:0{width}d} {name}" if rest else f"{seconds // size} {unit}"
    return f"{seconds} s"


def size(count: int | None) -> str:
    """Say a number of bytes."""
    if count is None:
        return "—"
    if count < 1_000:
        return f"{count} B"
    if count < 999_500:
        return f"{count / 1_000:.3g} kB"
    return f"{count / 1_000_000:.3g} MB"


def tokens(usage: Mapping[str, float]) -> str:
    """Say how much models read and wrote."""
    counts = {"read": f"{usage['inputTokens']:,.0f}", "written": f"{usage['outputTokens']:,.0f}"}
    return _("%(read)s in, %(written)s out") % counts


def grouped(count: int) -> str:
    """Write a number with its thousands apart."""
    return f"{count:,}"


def short_id(run_id: str) -> str:
    """Shorten a run's id to what tells it from others.

    One that was made up by chance differs at its beginning, one that somebody gave it at its end.
    """
    if UUID.fullmatch(run_id):
        return run_id[:8]
    return run_id if len(run_id) <= 16 else f"…{run_id[-8:]}"


def in_zone(at: datetime) -> datetime:
    """Give an instant in the reader's zone; at the ends of time, which that zone may not have, as it is."""
    try:
        return timezone.localtime(at)
    except OverflowError:
        return at
