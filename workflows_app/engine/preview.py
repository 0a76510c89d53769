"""The dry run of a verb: what would run again and what is reused, without changing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .decide import decide
from .events import Event, Instant, StepStarted
from .history import History
from .paths import is_helper, public
from .records import LEAVES, SETTLED
from .schema import Json
from .snapshot import graph_key
from .verbs import place_of
from .workflow import Workflow


@dataclass(frozen=True, slots=True)
class Preview:
    """What a verb would do. Shape: public paths in the order of the graph; `effects` by path."""

    verb: str
    runs_again: list[str]
    reused: list[str]
    canceled: list[str]
    withdrawn: list[str]
    effects: dict[str, list[str]]

    def to_json(self) -> dict[str, Json]:
        """Give the camelCase document."""
        plain = asdict(self)
        return {"runsAgain": plain.pop("runs_again"), **plain}


def preview(
    workflow: Workflow, verb: str, before: History, after: History, happened: Sequence[Event], now: Instant
) -> Preview:
    """Apply a verb's events to a copy of the history, and compare."""
    open_questions = {record.path for record in before.suspended}
    # They have some time to return, so the fold leaves them running.
    stopped = {path for path in before.running if is_step(before, path)} if verb == "cancel" and happened else set()
    done = steps_with(before, SETTLED)
    for event in happened:
        after.apply(event)
    started = started_by(workflow, after, now)
    kept = steps_with(after, SETTLED) & done
    again = {path for path in done if path not in kept} | {path for path in started if path in before.records}
    steps = ordered(workflow, {path for path in again if is_step(before, path)})
    return Preview(
        verb=verb,
        runs_again=steps,
        reused=ordered(workflow, {path for path in kept if path not in again}),
        canceled=ordered(workflow, stopped),
        withdrawn=ordered(workflow, open_questions - started - {record.path for record in after.suspended})
        if verb in ("cancel", "time_travel")
        else [],
        effects={path: list(effects) for path in steps if (effects := effects_of(workflow, path))},
    )


def started_by(workflow: Workflow, history: History, now: Instant) -> set[str]:
    """Fold what follows into a history, and name what starts."""
    decision = decide(workflow, history, now)
    for event in decision.opened:
        history.apply(event)
    started = {event.path for event in decision.opened if isinstance(event, StepStarted)}
    return started | started_by(workflow, history, now) if decision.again else started


def steps_with(history: History, statuses: frozenset[str]) -> set[str]:
    return {path for path, record in history.records.items() if record.status in statuses and is_step(history, path)}


def is_step(history: History, path: str) -> bool:
    record = history.records.get(path)
    return record is not None and record.role in LEAVES and not is_helper(path)


def ordered(workflow: Workflow, paths: set[str]) -> list[str]:
    order = {path: number for number, path in enumerate(workflow.places)}
    return list(dict.fromkeys(public(path) for path in sorted(paths, key=lambda path: graph_key(path, order))))


def effects_of(workflow: Workflow, path: str) -> tuple[str, ...]:
    effects: tuple[str, ...] = getattr(place_of(workflow, path), "effects", ())
    return effects
