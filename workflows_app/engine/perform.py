"""Runs one call: the only place where user code runs.

`perform` validates the input, calls the function (a coroutine on the loop, a plain function in a thread),
times it out, and turns whatever comes of it into one event. Whatever an author's function raises, returns or
forgets ends as data in that event; only a cancellation and what ends the process pass through.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import math
from collections.abc import Callable, Mapping, Set
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from . import events as e
from .abort import AbortSignal, within
from .context import StateChange, StepContext
from .current import Within, log_error
from .errors import (
    DefinitionError,
    InvalidData,
    InvalidInput,
    InvalidOutput,
    InvalidRequestContext,
    StepTimeout,
    describe,
    message_of,
    storable,
)
from .events import SECOND, Event, Instant
from .history import History, merged
from .nodes.step import Step
from .options import checked_seconds
from .outcomes import Call
from .ports import RunHead
from .records import LEAVES, Record
from .schema import NULL, Json, Value, trusted
from .secrets import Knowing, LogFilter, hidden, unsealed

logger = logging.getLogger("workflows")
logger.addFilter(LogFilter())
Around = Callable[[RunHead, History, Call], AbstractContextManager[object]]
"""What a process puts around the work of every call, such as the span that the call's own spans belong to."""


class Performance(NamedTuple):
    """What a call needs of the process that runs it."""

    engine: Any
    head: RunHead
    history: History
    signal: AbortSignal
    emit: Callable[[Json, int], None]
    now: Callable[[], Instant]
    executor: Executor | None = None
    around: Around | None = None


class Performed(NamedTuple):
    """The outcome of a call: its event, state changes still to be applied, and whether it asked to cancel."""

    event: Event
    changes: tuple[StateChange, ...] = ()
    context: StepContext | None = None
    aborts: bool = False
    known: Set[str] = frozenset()

    def settle(self, history: History) -> Event:
        """Apply state changes that are functions to the newest state, at the moment of recording."""
        if not self.changes or self.context is None or not isinstance(self.event, e.StepSucceeded | e.StepSuspended):
            return self.event
        with Knowing(self.known):
            return self._settled(self.event, self.context, history.state)

    def _settled(self, event: e.StepSucceeded | e.StepSuspended, context: StepContext, state: Value) -> Event:
        state = context.opened(state)
        patch: dict[str, Any] = {}
        try:
            for change in self.changes:
                made = change if isinstance(change, Mapping) else change(context.view(state))
                checked = context.patch(made, unsealed(state.raw))
                patch.update(checked)
                state = trusted({**state.raw, **checked})
            if state.size > context.engine.max_state:
                raise e.too_large("state", state.size, context.engine.max_state)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            return e.StepFailed(event.at, event.path, event.attempt, told(error))
        return replace(event, state=Value.of(patch))


async def perform(call: Call, work: Performance) -> Performed:
    """Run one call and give its outcome, in which no secret that it knew is in the clear."""
    with Within(work.head, call.path, call.attempt), Knowing() as known:
        if work.around is None:
            return await _performed(call, work, known)
        with work.around(work.head, work.history, call):
            return await _performed(call, work, known)


async def _performed(call: Call, work: Performance, known: set[str]) -> Performed:
    record = work.history.records[call.path]
    context: StepContext | None = None
    try:
        context = prepare(call, record, work)
        returned = await invoke(call, context, work)
        event = conclude(call, context, returned, work.now())
        e.check_sizes(event, work.engine.max_payload, work.engine.max_state)
        check_context(event, work)
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        event = fail(call, record, error, work.now())
        log_failure(work.head.id, call, event, error)
    changes = tuple(context.changes) if context and not isinstance(event, e.StepFailed) else ()
    aborts = context.wants_abort if context else False
    return Performed(event, changes, context, aborts, known)


def check_context(event: Event, work: Performance) -> None:
    """Refuse an addition that makes the request context too large. Raises: InvalidPayload"""
    added, limit = getattr(event, "context", None), work.engine.max_payload
    if added is not None:
        size = merged(work.history.context, added).size
        if size > limit:
            raise e.too_large("context", size, limit)


def prepare(call: Call, record: Record, work: Performance) -> StepContext:
    """Validate what the step gets and make its context. Raises: InvalidInput, InvalidRequestContext"""
    step, validates = call.node, call.validates
    context = StepContext(
        call=call, record=record, history=work.history, value=None, run=work.head, engine=work.engine,
        signal=work.signal, emit=work.emit, logger=logger,
    )  # fmt: skip
    if validates and not step.request_context_schema.is_any:
        step.request_context_schema.normalise(dict(context.request_context), InvalidRequestContext)
    given = context.opened(record.input)
    context.input_data = step.input_schema.parse(given, InvalidInput) if validates else given.data
    return context


async def invoke(call: Call, context: StepContext, work: Performance) -> Any:
    """Call the author's function. Raises: whatever it raises, StepTimeout"""
    step: Step = call.node
    if step.timeout is None:
        return await run_function(step, context, work.executor)
    ended = await within(step.timeout, context.abort_signal, run_function(step, context, work.executor))
    if ended is None:
        raise StepTimeout(f"The step {step.id!r} did not end in {step.timeout:g} s.")
    return ended.result()


async def run_function(step: Step, context: StepContext, executor: Executor | None) -> Any:
    """Await a coroutine function, run a plain one in a thread; a lambda that only decides or maps runs at once."""
    function = step.execute
    if step.is_async:
        returned = await function(context)
    elif step.is_lambda and step.role != "step":
        returned = function(context)
    else:
        ambient = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        returned = await loop.run_in_executor(executor, ambient.run, without_stop, function, context)
    return await returned if inspect.isawaitable(returned) else returned


def without_stop(function: Callable[..., Any], context: StepContext) -> Any:
    """Call a function in a thread; what ends a generator or a coroutine could not pass to whoever awaits it."""
    try:
        return function(context)
    except (StopIteration, GeneratorExit) as error:
        raise RuntimeError(f"The function raised {type(error).__name__}.") from error


def conclude(call: Call, context: StepContext, returned: Any, now: Instant) -> Event:
    """Turn a return into an event: suspended before bailed before done."""
    changed, gone = context.request_context.changes, context.request_context.gone
    asked = context.asked
    if asked is not None:
        output = None if returned is None else Value.of(returned)
        return e.StepSuspended(
            now, call.path, call.attempt, asked.payload, output, asked.labels, hidden(asked.title), asked.due,
            asked.assign_to, None, changed, asked.approvals, asked.allow_requester, asked.on_due,
            asked.form, hidden(asked.body), asked.priority, asked.proposal, asked.groups, gone,
        )  # fmt: skip
    if context.bailed is not None:
        return e.StepSucceeded(now, call.path, call.attempt, context.bailed, None, changed, True, gone)
    return e.StepSucceeded(now, call.path, call.attempt, read_output(call, returned), None, changed, gone=gone)


def read_output(call: Call, returned: Any) -> Value:
    """Encode what a call returned, as its role wants it. Raises: InvalidPayload, InvalidOutput, InvalidData"""
    step: Step = call.node
    match step.role:
        case "condition":
            return trusted(bool(returned))
        case "duration":
            return trusted(max(0.0, duration(returned)))
        case "until":
            return trusted(epoch(returned))
        case "concurrency":
            return trusted(at_least_one(returned))
        case "input":
            return step.input_schema.normalise(returned, InvalidInput)
    if step.strict_output:
        return step.output_schema.normalise(returned, InvalidOutput)
    return NULL if returned is None else Value.of(returned)


def duration(given: Any) -> float:
    try:
        return checked_seconds(given)
    except DefinitionError as error:
        raise InvalidData(error.message) from None


def epoch(moment: Any) -> float:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidData(f"sleep_until needs an aware datetime, got {moment!r}.")
    return moment.timestamp()


def at_least_one(limit: Any) -> int:
    usable = isinstance(limit, int | float) and math.isfinite(limit) and limit >= 1
    return int(limit) if usable else 1


def fail(call: Call, record: Record, error: BaseException, now: Instant) -> Event:
    """Turn an exception into an event, which says whether and when another try follows.

    A class of an author's may raise when it is asked about; then the step fails for good.
    """
    try:
        return judged(call, record, error, now)
    except Exception as problem:
        log_error(logger, problem, "what the failure of %s comes to cannot be told; it fails for good", call.path)
        return e.StepFailed(now, call.path, call.attempt, told(error))


def told(error: BaseException) -> Json:
    """Write an exception as data; of one whose class raises when it is asked, what can be had."""
    try:
        return hidden(describe(error))
    except Exception:
        return {"name": storable(type(error).__name__), "message": hidden(message_of(error))}


def judged(call: Call, record: Record, error: BaseException, now: Instant) -> Event:
    """Say what a failure comes to by the retry policy. Raises: what the author's classes raise"""
    described = hidden(describe(error))
    if call.node.role not in LEAVES:
        return e.StepFailed(now, call.path, call.attempt, described)
    policy = call.node.policy(call.within.retry)
    hopeless = policy.gives_up(error)
    if record.failures >= policy.attempts or hopeless or stays_invalid(call, error):
        return e.StepFailed(now, call.path, call.attempt, described, True, hopeless)
    delay = policy.delay_after(record.failures + 1)
    return e.StepFailed(now, call.path, call.attempt, described, False, False, now + int(delay * SECOND))


def stays_invalid(call: Call, error: BaseException) -> bool:
    """Tell whether data is wrong in a way that another try would not mend; an agent may answer better."""
    return isinstance(error, InvalidData) and not (call.node.role == "agent" and isinstance(error, InvalidOutput))


def log_failure(run_id: str, call: Call, event: Event, error: BaseException) -> None:
    """Log a failure for the author: with its traceback once no other try follows."""
    where = f"{call.node.role} {call.path} of run {run_id}"
    if isinstance(event, e.StepFailed) and not event.final:
        logger.warning("%s failed and is tried again: %s", where, message_of(error))
    else:
        log_error(logger, error, "%s failed: %s", where, message_of(error))
