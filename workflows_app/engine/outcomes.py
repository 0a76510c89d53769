"""What a node answers when it is asked to advance: done, failed, bailed, or blocked on waits.

What every turn makes anew is a named tuple, here and beside: it cannot be changed either, and is made several
times faster than a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from .events import Instant
from .schema import Json, Value


class Call(NamedTuple):
    """Run this step: the try `(path, attempt)`, which is also the fence against late outcomes.

    `node` is the step, `within` the workflow that it stands in; whether values are checked, the run's own
    workflow says for all inside.
    """

    path: str
    attempt: int
    node: Any
    within: Any
    validates: bool = True


@dataclass(frozen=True, slots=True)
class Timer:
    """Wake the run then."""

    path: str
    due: Instant


@dataclass(frozen=True, slots=True)
class Suspension:
    """Ask a person, or wait for an event of this name."""

    path: str
    attempt: int
    event: str | None = None


Wait: TypeAlias = Call | Timer | Suspension


class Done(NamedTuple):
    output: Value


class Failed(NamedTuple):
    error: Json
    non_retryable: bool = False


class Bailed(NamedTuple):
    output: Value


class Blocked(NamedTuple):
    """Not done yet. `active` tells whether anything but people is waited for."""

    waits: tuple[Wait, ...] = ()
    active: bool = True


def is_news(wait: Wait, before: Wait | None) -> bool:
    """Tell whether a wait is another one than the run has had; one that was recorded knows no node."""
    if type(wait) is Call and type(before) is Call:
        return wait.attempt != before.attempt
    return wait != before


Outcome: TypeAlias = Done | Failed | Bailed | Blocked

HELD = Blocked()


def join(members: Mapping[str, Outcome], composed: Callable[[Mapping[str, Value]], Outcome]) -> Outcome:
    """Combine what runs side by side: still active, then failed, then suspended, then bailed, then done."""
    outcomes = members.values()
    blocked = gather(outcomes)
    if blocked is not None and blocked.active:
        return blocked
    failed = next((o for o in outcomes if isinstance(o, Failed)), None)
    if failed is not None:
        return failed
    if blocked is not None:
        return blocked
    bailed = next((o for o in outcomes if isinstance(o, Bailed)), None)
    if bailed is not None:
        return bailed
    return composed({key: o.output for key, o in members.items() if isinstance(o, Done)})


def gather(outcomes: Iterable[Outcome]) -> Blocked | None:
    """Collect the waits of everything that is blocked."""
    waits: list[Wait] = []
    active = False
    found = False
    for outcome in outcomes:
        if isinstance(outcome, Blocked):
            waits += outcome.waits
            active = active or outcome.active
            found = True
    return Blocked(tuple(waits), active) if found else None
