"""What a run shows to its test: the answer to give it next, and whether it did as expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workflows_app.engine import events as e
from workflows_app.engine.drift import place
from workflows_app.engine.events import Event
from workflows_app.engine.history import History
from workflows_app.engine.paths import public
from workflows_app.engine.ports import Stored
from workflows_app.engine.records import Record
from workflows_app.engine.snapshot import result_of

from .expectations import Answer, Expectation, Finding, Outcome


def next_answer(answers: Sequence[Answer], events: Iterable[Event], history: History) -> tuple[Record, Answer] | None:
    """Choose a question that the run waits with and the test has an answer to: as many as were taken are gone.

    What is there for a step without an index goes to its items, one after another, unless an item has its own.
    """
    taken = Counter(public(event.path) for event in events if isinstance(event, e.StepResumed))
    for record in history.suspended:
        step, whole = public(record.path), place(record.path)
        own = named(answers, step)[taken[step] :]
        shared = named(answers, whole) if whole != step else []
        used = sum(max(0, n - len(named(answers, path))) for path, n in taken.items() if place(path) == whole)
        left = own or shared[used:]
        if left and record.role != "event":
            return record, left[0]
    return None


def named(answers: Iterable[Answer], step: str) -> list[Answer]:
    return [answer for answer in answers if answer.step == step]


def answers_in(events: Iterable[Event]) -> list[Answer]:
    """List the answers that people gave to a run, in their order."""
    given = (event for event in events if isinstance(event, e.StepResumed))
    return [Answer(step=public(event.path), data=event.data.data) for event in given]


def outcome_of(stored: Stored, places: Mapping[str, Any]) -> Outcome:
    """Draw how a run stands."""
    history = History(stored.events)
    result = result_of(stored.head.id, history, places)
    started, last = history.started_at, history.finished_at or history.updated_at
    return Outcome(
        status=result.status,
        result=result.result,
        error=str((result.error or {}).get("message", "")),
        steps=result.steps,
        asked=frozenset(public(event.path) for event in stored.events if isinstance(event, e.StepSuspended)),
        took=last - started if started is not None and last is not None else 0,
    )


def judge(expectations: Iterable[Expectation], outcome: Outcome) -> list[Finding]:
    """Hold a run against what is expected of it."""
    return [expectation.finding(outcome) for expectation in expectations]
