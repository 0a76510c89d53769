"""How a call ends: what its outcome, its output or its cancellation adds to the journal."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from . import events as e
from .active import Act, ActiveRun, Underway
from .current import about
from .errors import InvalidResumeData, RunFull
from .events import Event, Instant
from .outcomes import Call
from .paths import public
from .perform import Performed, told
from .ports import OpenCall
from .schema import Json, Value
from .usage import used
from .verbs import cancel, lose, resume_value

logger = logging.getLogger("workflows")


def outcome(
    run: ActiveRun, call: Call, underway: Underway, performed: Performed, chunks: list[Json], grace: float
) -> Sequence[Event]:
    """Record what a call came to; nothing when it comes too late."""
    forget(run, call, underway)
    history = run.known
    event = performed.settle(history)
    if not history.accepts(event):
        logger.debug("run %s: late outcome of %s dropped", run.head.id, call.path, extra=about(run.head))
        return []
    asked = cancel(history, event.at, grace=grace, reason="a step aborted the run") if performed.aborts else ()
    said = output(run, call, chunks, event.at)
    event = kept(run, event, said)
    return [*asked, *said, event, *carried(run, event)]


def never_begun(run: ActiveRun, recorded: Sequence[Event], now: Instant) -> Sequence[Event]:
    """End the calls that were opened in the very turn that cancels their run: nobody performs them."""
    opened = [event.path for event in recorded if type(event) is e.StepStarted]
    return [e.StepCanceled(now, path) for path in opened if path in run.known.running and path not in run.calls]


def lost(run: ActiveRun, call: OpenCall, now: Instant) -> Sequence[Event]:
    """Record that a call was begun here of which nothing is known any more."""
    return lose(run.known, call.path, call.attempt, now, crashed=False)


def kept(run: ActiveRun, event: Event, said: Sequence[Event]) -> Event:
    """Give an outcome as the run has room for it: one that is too large for the rest of it fails its step."""
    engine = run.workflow.bound()
    # Every value was bounded by itself, and what was said when it was said: far from the bound nothing is added up.
    if run.volume.size + e.MOST_VALUES * engine.max_payload <= engine.max_run:
        return event
    try:
        run.volume.check([*said, event], engine.max_run, public(event.path))
    except RunFull as error:
        return e.StepFailed(event.at, event.path, run.known.records[event.path].attempt, told(error))
    return event


def within_bounds(act: Act, engine: Any) -> Act:
    """Let a verb bring no more than may be kept. Raises: InvalidPayload, RunFull when it does"""

    def bounded(run: ActiveRun) -> Sequence[Event]:
        happened = act(run)
        check_room(run, happened, engine)
        return happened

    return bounded


def check_room(run: ActiveRun, events: Sequence[Event], engine: Any) -> None:
    """Refuse events that bring more than may be kept. Raises: InvalidPayload, RunFull"""
    for event in events:
        e.check_sizes(event, engine.max_payload, engine.max_state)
    run.volume.check(events, engine.max_run)


def output(run: ActiveRun, call: Call, chunks: list[Json], now: Instant) -> Sequence[Event]:
    """Record what a call wrote to its stream."""
    if not chunks:
        return []
    written = e.StepOutput(now, call.path, call.attempt, Value.of(chunks), len(chunks), used(chunks))
    return [written] if run.known.accepts(written) else []


def carried(run: ActiveRun, event: Event) -> Sequence[Event]:
    """Answer the first suspension after a rewind with the data that the rewind carried."""
    data = run.known.carried_resume
    if data is None or not isinstance(event, e.StepSuspended):
        return []
    try:
        given = run.workflow.bound().vault.open(data).data
        answer = resume_value(run.workflow, run.known.records[event.path], given)
    except InvalidResumeData as error:
        words = "run %s: the resume data of the time travel is ignored: %s"
        logger.warning(words, run.head.id, error, extra=about(run.head))
        return []
    return [e.StepResumed(event.at, event.path, answer, budget=run.known.budget)]


def cancelled(
    run: ActiveRun, call: Call, underway: Underway, chunks: list[Json], now: Instant, grace: float
) -> Sequence[Event]:
    """End a step that cancelled its own task, and with it the run."""
    forget(run, call, underway)
    record = run.known.record(call.path)
    if record is None or record.status != "running" or record.attempt != call.attempt:
        return []
    asked = cancel(run.known, now, grace=grace, reason="the step was cancelled")
    return [*asked, *output(run, call, chunks, now), e.StepCanceled(now, call.path)]


def forget(run: ActiveRun, call: Call, underway: Underway) -> None:
    """The call is not under way any more."""
    if run.calls.get(call.path) is underway:
        del run.calls[call.path]
