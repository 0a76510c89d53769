"""What each verb means: pure functions that look at a run and give the events that start it on its way.

A verb checks everything before it gives an event, so a refused verb changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import events as e
from .answers import answer, check_answer, escalate
from .arguments import check_number, context_of, is_storable
from .breakpoints import checked_breakpoints
from .context import jsonable
from .drift import adopt, place
from .errors import (
    AmbiguousStep,
    InvalidInput,
    InvalidRequestContext,
    InvalidResumeData,
    InvalidState,
    NotActive,
    NotSuspended,
    ResumeAlreadyClaimed,
    RunAlreadyStarted,
    StillRunning,
    UnknownStep,
    glimpse,
)  # fmt: skip
from .events import Event, Instant
from .history import History
from .nodes.adopted import Reference
from .paths import ITEM, is_below, public, to_text
from .records import CONTAINERS, Record
from .registry import look_up
from .schema import ANY, Described, Json, Schema, Value, alike
from .snapshot import suspended_records
from .traces import checked_tracing
from .workflow import Workflow

Answer = Sequence[Event]


@dataclass(frozen=True, slots=True)
class Start:
    """What a run starts with, validated."""

    input: Value
    state: Value
    context: Value
    budget: int | None = None
    by: str | None = None
    breakpoints: tuple[str, ...] = ()
    tracing: Json = None


def checked_start(
    workflow: Workflow, input_data: Any, initial_state: Any, request_context: Mapping[str, Any] | None,
    *, per_step: bool = False, breakpoints: Sequence[Any] = (), tracing_options: Mapping[str, Any] | None = None,
    by: str | None = None,
) -> Start:  # fmt: skip
    """Validate what a run starts with.

    Raises: InvalidInput, InvalidState, InvalidRequestContext, UnknownStep
    """
    checks = workflow.validate_inputs
    value = (workflow.input_schema if checks else ANY).normalise(input_data, InvalidInput)
    folded = checked_state(workflow, {} if initial_state is None else initial_state)
    context = context_of(request_context)
    if checks and not workflow.request_context_schema.is_any:
        message = f"Request context validation failed for workflow {workflow.id!r}: "
        workflow.request_context_schema.normalise(context, InvalidRequestContext, message)
    stops = checked_breakpoints(workflow, breakpoints)
    tracing = checked_tracing(tracing_options)
    return Start(value, folded, jsonable(context), 1 if per_step else None, by, stops, tracing)


def checked_state(workflow: Workflow, given: Any) -> Value:
    """Validate the state that a run begins or goes on with. Raises: InvalidState"""
    state = (workflow.state_schema if workflow.validate_inputs else ANY).normalise(given, InvalidState)
    if not isinstance(state.data, dict):
        raise InvalidState(f"The state of a workflow is a dict, got {state.shown:.80}.")
    return state


def start(workflow: Workflow, history: History, given: Start, now: Instant) -> Answer:
    """Start a pending run. Raises: RunAlreadyStarted"""
    if history.status == "canceled" and history.started_at is None:
        return ()
    if history.status != "pending":
        raise RunAlreadyStarted(f"The run was already started; its status is {history.status!r}.")
    return [
        e.RunStarted(
            now, given.input, given.state, given.context, workflow.fingerprint, given.budget, given.by,
            given.breakpoints, given.tracing,
        )
    ]  # fmt: skip


def resume(
    workflow: Workflow, history: History, now: Instant, *, step: Any = None, resume_data: Any = None,
    label: str | None = None, for_each_index: int | None = None, all: bool = False,
    request_context: Mapping[str, Any] | None = None, per_step: bool = False, force: bool = False,
    by: str | None = None, groups: Collection[str] = (), asked: int | None = None, requester: str | None = None,
) -> Answer:  # fmt: skip
    """Answer a suspension, or several. `asked` is the seq of the question that was seen.

    `by` speaks for the `groups`, where one of each must answer.

    Raises: NotSuspended, UnknownStep, AmbiguousStep, ResumeAlreadyClaimed, InvalidResumeData, AnswerRefused,
        DefinitionChanged
    """
    adopted = adopt(workflow, history, now, force=force, by=by)
    records = targets(workflow, history, step=step, label=label, index=for_each_index, everything=all)
    context = context_given(request_context)
    budget = 1 if per_step else None
    for record in records:
        check_answer(record, by, groups, requester, asked)
    answers = [resume_value(workflow, record, resume_data) for record in records]
    events: list[Event] = list(adopted)
    for record, data in zip(records, answers, strict=True):
        schema = resume_schema(workflow, record.path, record.form)
        events += answer(record, data, schema, now, context=context, budget=budget, by=by, groups=groups)
    return events


def context_given(request_context: Any) -> Value | None:
    """Read what a verb adds to the request context. Raises: InvalidRequestContext"""
    return jsonable(context_of(request_context)) if request_context is not None else None


def resume_value(workflow: Workflow, record: Record, data: Any) -> Value:
    """Validate an answer against the leaf's own schema. Raises: InvalidResumeData"""
    schema = resume_schema(workflow, record.path) if workflow.validate_inputs else ANY
    return schema.normalise(data, InvalidResumeData)


def resume_schema(workflow: Workflow, path: str, form: Json = None) -> Schema:
    """Find what an answer to the node at this path must look like; else what its question says of it."""
    node = place_of(workflow, path)
    schema = ANY if node is None else node.answer_schema
    definition = getattr(node, "definition", None)
    if isinstance(definition, Reference) and definition.kind == "tool":
        tool = look_up(workflow.bound().registry.tools, definition.id)
        schema = ANY if tool is None else tool.resume_schema
    return schema if schema or not form else Described(form)


def place_of(workflow: Workflow, path: str) -> Any:
    """Find the node that a path stands for; None when the graph has none."""
    return workflow.places.get(place(path))


def targets(
    workflow: Workflow, history: History, *, step: Any, label: str | None, index: int | None, everything: bool
) -> list[Record]:
    """Pick the suspensions that a resume means.

    Raises: NotSuspended, UnknownStep, AmbiguousStep, ResumeAlreadyClaimed
    """
    over = history.finished or history.canceled_at is not None
    waiting = [] if over else suspended_records(history, workflow.places)
    if index is not None:
        check_number("for_each_index", index)
    found = waiting
    if label is not None:
        found = [record for record in waiting if label in record.labels]
        if not found:
            raise _unknown(f"the resume label {label!r}", waiting)
        found = _both(label, found, step, index)
    elif step is not None:
        found = _by_address(workflow, history, waiting, to_text(step), index)
    elif index is not None:
        found = _by_index(history, waiting, index)
    if not found:
        raise _not_suspended(history, waiting)
    if len(found) > 1 and not everything:
        names = ", ".join(f"[{public(record.path)}]" for record in found)
        raise AmbiguousStep(f"Multiple suspended steps found: {names}. Please specify one, or pass all=True.")
    return found


def _both(label: str, found: list[Record], step: Any, index: int | None) -> list[Record]:
    """Keep what the label and the address both mean. Raises: InvalidInput when they mean different steps"""
    address = "" if step is None else to_text(step)
    below = [record for record in found if not address or is_below(public(record.path), address)]
    both = [record for record in below if index is None or f"[{index}]" in record.path]
    if not both:
        item = "" if index is None else f" with for_each_index={index}"
        raise InvalidInput(
            f"The label {label!r} is of {public(found[0].path)!r}, not of {address or 'the step'!r}{item}. "
            "Give one of the two."
        )
    return both


def _by_address(
    workflow: Workflow, history: History, waiting: list[Record], address: str, index: int | None
) -> list[Record]:
    if index is not None and address.endswith("]"):
        if not address.endswith(f"[{index}]"):
            raise InvalidInput(f"{address!r} and for_each_index={index} name different items. Give one of them.")
    elif index is not None:
        _check_index(history, address, index)
        address = f"{address}[{index}]"
    found = [record for record in waiting if is_below(public(record.path), address)]
    if found:
        return found
    check_items(history, address)
    if place(address) not in workflow.places:
        raise _unknown(f'This workflow step "{address}"', waiting)
    raise _not_suspended(history, waiting, address)


def check_items(history: History, address: str) -> None:
    """Refuse an index that the foreach at this place of the address does not have. Raises: UnknownStep"""
    for found in ITEM.finditer(address):
        _check_index(history, address[: found.start()], int(found[0][1:-1]))


def _check_index(history: History, address: str, index: int) -> None:
    items = history.items.get(history.latest.get(address, address))
    if items is None and history.find(address) is not None:
        raise UnknownStep(f"{address!r} does not run over a list, so it has no item {index}.")
    if items is not None and not 0 <= index < items.total:
        raise UnknownStep(f"{address} has the items 0 to {items.total - 1}, not {index}.")


def _by_index(history: History, waiting: list[Record], index: int) -> list[Record]:
    found = [record for record in waiting if f"[{index}]" in record.path]
    if not found:
        for path in history.items:
            _check_index(history, path, index)
    return found


def _unknown(what: str, waiting: list[Record]) -> UnknownStep:
    return UnknownStep(_not_among(what, waiting))


def _not_among(what: str, waiting: list[Record]) -> str:
    shown = ", ".join(public(record.path) for record in waiting)
    return f"{what} was not suspended. Available suspended steps: [{shown}]"


def _not_suspended(history: History, waiting: list[Record], address: str | None = None) -> Exception:
    goes_on = not waiting and history.status == "running"
    # Who comes when the step has ended already, and the run is behind it, was too late as well.
    ended = ("success",) if goes_on and address is not None else ()
    answered = [
        record
        for record in history.records.values()
        if record.resumed_at is not None
        and record.status in ("ready", "running", *ended)
        and record.role not in CONTAINERS
        and (address is None or is_below(public(record.path), address))
    ]
    if answered:
        return claimed(history, answered[0].path)
    if address is None or not waiting:
        return NotSuspended()
    return NotSuspended(_not_among(f'This workflow step "{address}"', waiting))


def claimed(history: History, path: str | None) -> ResumeAlreadyClaimed:
    """Say who answered a suspension that was still open when the caller looked; the newest, if not said which."""
    answered = [record for record in history.records.values() if record.resumed_at is not None]
    newest = max(answered, key=lambda record: record.resumed_at or 0, default=None)
    record = newest if path is None else history.record(path)
    if record is None:
        return ResumeAlreadyClaimed()
    return ResumeAlreadyClaimed(details={"path": public(record.path), "by": record.by, "at": record.resumed_at})


def cancel(history: History, now: Instant, *, grace: float, reason: str | None = None, by: str | None = None) -> Answer:
    """Cancel a run; a finished or canceled one stays as it is. Raises: InvalidInput"""
    if reason is not None and not is_storable(reason):
        raise InvalidInput(f"The reason of a cancel is a text without NUL or half a character, got {glimpse(reason)}.")
    if history.finished or history.canceled_at is not None:
        return ()
    return [e.RunCancelled(now, reason, grace, by)]


def restart(
    workflow: Workflow, history: History, now: Instant, *, dead: Mapping[str, int], force: bool = False,
    request_context: Mapping[str, Any] | None = None, by: str | None = None,
) -> Answer:  # fmt: skip
    """Take over an active run whose worker is gone; a finished one stays as it is.

    `dead` are the tries whose worker is not heard of any more; a try that somebody opened since then, or that
    is alive, refuses the restart. Raises: NotActive, StillRunning, DefinitionChanged
    """
    if history.finished and history.status in ("success", "failed", "tripwire"):
        return ()
    if history.status != "running":
        raise NotActive(details={"status": history.status})
    alive = [path for path in history.running if dead.get(path) != history.records[path].attempt]
    if alive and not force:
        raise StillRunning(details={"calls": alive})
    adopted = adopt(workflow, history, now, force=force, by=by)
    context = context_given(request_context)
    return [*adopted, e.RunRestarted(now, tuple(sorted(history.running)), context, by)]


def unpause(workflow: Workflow, history: History, now: Instant, *, budget: int | None, by: str | None = None) -> Answer:
    """Let a paused run go on, for one step or to the end. Raises: NotActive, DefinitionChanged"""
    adopted = adopt(workflow, history, now, by=by)
    if history.status != "paused":
        raise NotActive(f"The run is not paused; its status is {history.status!r}.")
    return [*adopted, e.RunUnpaused(now, budget, by)]


def wake(history: History, path: str, now: Instant) -> Answer:
    """Fire a timer that is due; one that is not wanted any more does nothing."""
    record = history.record(path)
    if path == "":
        role = "cancel"
    elif record is None:
        return ()
    elif record.status == "suspended" and record.role != "event":
        return escalate(record, now, history.budget) if record.alarm is not None and record.alarm <= now else ()
    elif record.status == "failed":
        role = "retry"
    else:
        role = "sleep" if record.role == "sleep" else "timeout"
    fired = e.TimerFired(now, path, role)
    due = record.due if record is not None else None
    return [fired] if history.accepts(fired) and (due is None or due <= now) else ()


def lose(history: History, path: str, attempt: int, now: Instant, *, crashed: bool = True) -> Answer:
    """Note that a call's worker is gone."""
    lost = e.StepLost(now, path, attempt, crashed)
    return [lost] if history.accepts(lost) else ()


def receive(
    workflow: Workflow, history: History, name: str, payload: Any, given: Mapping[str, Any], now: Instant
) -> Answer:
    """Answer every wait for this event whose match fits. Raises: InvalidInput"""
    answers: list[Event] = []
    for record in suspended_records(history, workflow.places):
        node = place_of(workflow, record.path)
        if record.role != "event" or getattr(node, "name", None) != name:
            continue
        if all(key in given and alike(wanted, given[key]) for key, wanted in (node.match or {}).items()):
            answers.append(e.StepResumed(now, record.path, node.schema.normalise(payload, InvalidInput)))
    return answers
