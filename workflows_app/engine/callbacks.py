"""The callbacks of a workflow: on_start, which is a gate, and on_finish and on_error, which only hear.

on_finish and on_error of a nested workflow hear each time that it ends, for good or until somebody answers. A
try of it that is followed by another is no end. on_start is the gate of a run: that of a nested workflow, whose
steps are part of the run around it, is not asked.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from . import events as e
from .context import RequestContext
from .current import Within, about, log_error
from .drift import place
from .errors import stop_of
from .events import Event
from .history import History
from .paths import is_below
from .ports import RunHead
from .schema import ANY, Json, Schema, Value
from .snapshot import Result, StepResult, nested_result
from .verbs import Start
from .workflow import Workflow

logger = logging.getLogger("workflows")


@dataclass(frozen=True, slots=True)
class CallbackInfo:
    """What a callback is told."""

    run_id: str
    workflow_id: str
    resource_id: str | None
    request_context: RequestContext
    state: Json
    engine: Any
    logger: logging.Logger
    get_init_data: Callable[[], Any]
    status: str = "pending"
    result: Json = None
    error: Json = None
    tripwire: Json = None
    steps: dict[str, StepResult] = field(default_factory=dict)
    step_execution_path: list[str] = field(default_factory=list)


async def call_start(engine: Any, workflow: Workflow, head: RunHead, given: Start) -> None:
    """Ask on_start whether the run may start. Raises: whatever it raises"""
    if workflow.on_start is None:
        return
    info = info_of(engine, head, workflow, given.input, given.state, given.context, workflow.validate_inputs)
    try:
        with Within(head):
            await call(workflow.on_start, info)
    except Exception as error:
        log_error(logger, error, "on_start of %s refused the run %s", workflow.id, head.id, extra=about(head))
        raise


@dataclass(frozen=True, slots=True)
class End:
    """How a workflow ended that has callbacks: the run's own, or a nested one."""

    workflow: Workflow
    result: Result
    given: Value
    state: Value
    context: Value
    validates: bool


def end_of(workflow: Workflow, history: History, result: Result) -> End:
    """Note how the run itself ended."""
    return End(workflow, result, history.input, history.state, history.context, workflow.validate_inputs)


def nested_ends(workflow: Workflow, run_id: str, history: History, happened: Sequence[Event]) -> Iterator[End]:
    """Note how nested workflows with callbacks ended by these events, innermost first."""
    if not workflow.heard:
        return
    for event in happened:
        for path, status in ended_by(event, history):
            nested = workflow.heard.get(place(path))
            record = history.record(path)
            if nested is not None and record is not None and record.role == "nested":
                result = nested_result(run_id, history, record, status)
                yield End(nested, result, record.input, history.state, history.context, workflow.validate_inputs)


def ended_by(event: Event, history: History) -> list[tuple[str, str]]:
    """Name the paths that an event ends, and how."""
    match event:
        case e.StepSucceeded(path=path):
            return [(path, "success")]
        case e.StepFailed(path=path, error=error, final=True):
            return [(path, "tripwire" if stop_of(error) else "failed")]
        case e.StepCanceled(path=path):
            return [(path, "canceled")]
        case e.RunSuspended():
            asking = [record.path for record in history.suspended]
            around = [path for path in history.records if any(is_below(one, path) and one != path for one in asking)]
            return [(path, "suspended") for path in sorted(around, key=lambda path: -path.count("."))]
    return []


async def call_finished(engine: Any, head: RunHead, end: End) -> None:
    """Tell on_finish, then on_error if it failed or a guard stopped it; what they raise is logged."""
    workflow = end.workflow
    for callback in (workflow.on_finish, workflow.on_error if end.result.status in ("failed", "tripwire") else None):
        if callback is None:
            continue
        # Its own copy, so that whoever awaits the result gets it as it was.
        result = deepcopy(end.result)
        try:
            info = info_of(
                engine, head, workflow, end.given, end.state, end.context, end.validates, status=result.status,
                result=result.result, error=result.error, tripwire=result.tripwire, steps=result.steps,
                step_execution_path=result.step_execution_path,
            )  # fmt: skip
            with Within(head):
                await call(callback, info)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            log_error(logger, error, "a callback of %s raised for the run %s", workflow.id, head.id, extra=about(head))


def info_of(
    engine: Any, head: RunHead, workflow: Workflow, given: Value, state: Value, context: Value,
    validates: bool, **end: Any,
) -> CallbackInfo:  # fmt: skip
    """Gather what a callback is told; values are shaped by their schemas where they are checked."""

    def read(schema: Schema, value: Value) -> Any:
        return (schema if validates else ANY).parse(engine.vault.open(value))

    return CallbackInfo(
        run_id=head.id, workflow_id=workflow.id, resource_id=head.resource_id,
        request_context=RequestContext(engine.vault.open(context).data), state=read(workflow.state_schema, state),
        engine=engine, logger=engine.logger, get_init_data=lambda: read(workflow.input_schema, given), **end,
    )  # fmt: skip


async def call(callback: Callable[[Any], Any], info: CallbackInfo) -> None:
    answer = callback(info)
    if inspect.isawaitable(answer):
        await answer
