"""What a verb would do, said before it is done: the engine's dry run, in the words and lists of a dialog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from workflows_app import runtime
from workflows_app.errors import RunError
from workflows_app.web.http import why_not

LISTED: Final = 12


@dataclass(frozen=True, slots=True)
class Names:
    """Some steps by name; past `LISTED` they are only counted."""

    all: tuple[str, ...] = ()

    @property
    def listed(self) -> str:
        return ", ".join(self.all[:LISTED])

    @property
    def left_out(self) -> int:
        return max(0, len(self.all) - LISTED)


@dataclass(frozen=True, slots=True)
class Foresight:
    """What will happen, or the obstacle that keeps it from happening."""

    obstacle: str = ""
    again: Names = Names()
    reused: Names = Names()
    stopped: Names = Names()
    withdrawn: Names = Names()
    effects: tuple[tuple[str, str], ...] = ()


def foresee(run_id: str, verb: str, **arguments: Any) -> Foresight:
    """Ask the engine what a verb would do with these arguments."""
    try:
        run = runtime.call(runtime.get_engine().get_run(run_id))
        plan = runtime.call(run.preview(verb, **arguments))
    except RunError as error:
        return Foresight(obstacle=why_not(error)[1])
    return Foresight(
        again=names(plan.runs_again),
        reused=names(plan.reused),
        stopped=names(plan.canceled),
        withdrawn=names(plan.withdrawn),
        effects=tuple((path, ", ".join(effects)) for path, effects in plan.effects.items()),
    )


def names(paths: Iterable[str]) -> Names:
    return Names(tuple(paths))
