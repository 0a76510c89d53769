"""What can be asked of a run. Every verb is described here once, for both kinds of client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workflows_app.client.answers import REST, preview_of, result_of
from workflows_app.client.course import Course, Event
from workflows_app.client.requests import Exchange, Request, given, path_of, steadily
from workflows_app.engine import arguments
from workflows_app.engine.errors import InvalidInput
from workflows_app.engine.paths import to_text
from workflows_app.engine.preview import Preview
from workflows_app.engine.snapshot import Result

Context = Mapping[str, Any] | None
WAIT_SECONDS = 20
"""How long one question for a result is kept open; then it is asked again, for as long as the run takes."""
NEVER = 2**63 - 1
"""The number of an event that no run reaches."""


class OfRun:
    """The handle of a run in a studio. It is made by a workflow's `create_run` or `get_run`."""

    def __init__(self, line: Any, workflow_id: str, run_id: str, resource_id: str | None = None) -> None:
        self.line = line
        self.workflow_id, self.run_id, self.resource_id = workflow_id, run_id, resource_id

    def __repr__(self) -> str:
        return f"<Run {self.run_id} of {self.workflow_id}>"

    @property
    def id(self) -> str:
        return self.run_id

    def verb(self, name: str) -> str:
        return path_of("workflows", self.workflow_id, name)

    def post(self, verb: str, /, **body: Any) -> Request:
        return Request("POST", self.verb(verb), {"runId": self.run_id}, given(**body))

    def part(self, *names: str) -> str:
        return path_of("workflows", self.workflow_id, "runs", self.run_id, *names)


def standing(run: OfRun, *, wait: float = 0, include_state: bool = False) -> Exchange[Result]:
    """Give how the run stands: once it rests, or after so many seconds as it then is. Raises: RunNotFound"""
    query = {"wait": wait, "includeState": include_state}
    return result_of((yield from steadily(Request("GET", run.part("result"), query))))


def rested(run: OfRun, *, include_state: bool = False) -> Exchange[Result]:
    """Wait until a run rests, however long that takes. Raises: RunNotFound, Unreachable"""
    while True:
        result = yield from standing(run, wait=WAIT_SECONDS, include_state=include_state)
        if result.status in REST:
            return result


# Start


def start(
    run: OfRun, *, input_data: Any = None, initial_state: Any = None, request_context: Context = None,
    include_state: bool = False, per_step: bool = False, breakpoints: Sequence[Any] = (),
    tracing_options: Context = None,
) -> Exchange[Result]:  # fmt: skip
    """Run to the next rest and give the result; a step's failure is data in it.

    The run pauses before every step named in `breakpoints`, until `step` or `resume_all_steps`.
    Raises: InvalidInput, InvalidState, InvalidRequestContext, UnknownStep, RunAlreadyStarted
    """
    yield starting(run, "start", input_data, initial_state, request_context, per_step, breakpoints, tracing_options)
    return (yield from rested(run, include_state=include_state))


def start_async(
    run: OfRun, *, input_data: Any = None, initial_state: Any = None, request_context: Context = None,
    per_step: bool = False, breakpoints: Sequence[Any] = (), tracing_options: Context = None,
) -> Exchange[str]:  # fmt: skip
    """Start and return the run's id at once. Raises: as start"""
    yield starting(run, "start", input_data, initial_state, request_context, per_step, breakpoints, tracing_options)
    return run.run_id


def stream(
    run: OfRun, *, input_data: Any = None, initial_state: Any = None, request_context: Context = None,
    close_on_suspend: bool = True, include_state: bool = False, per_step: bool = False,
    breakpoints: Sequence[Any] = (), tracing_options: Context = None,
) -> Course:  # fmt: skip
    """Start, and give the run's events as they are recorded. It starts when the stream is read. Raises: as start"""
    first = starting(
        run, "stream", input_data, initial_state, request_context, per_step, breakpoints, tracing_options,
        close_on_suspend,
    )  # fmt: skip
    return Course(run, first, close_on_suspend=close_on_suspend, include_state=include_state)


def starting(
    run: OfRun, verb: str, input_data: Any, initial_state: Any, request_context: Context, per_step: bool,
    breakpoints: Sequence[Any], tracing_options: Context, close_on_suspend: bool = True,
) -> Request:  # fmt: skip
    return run.post(
        verb, input_data=input_data, initial_state=initial_state, request_context=context_of(request_context),
        per_step=per_step, breakpoints=[to_text(name) for name in breakpoints], resource_id=run.resource_id,
        close_on_suspend=close_on_suspend, tracing_options=options_of(tracing_options),
    )  # fmt: skip


def context_of(context: Context) -> dict[str, Any] | None:
    return None if context is None else arguments.context_of(context)


def options_of(options: Context) -> dict[str, Any] | None:
    return None if options is None else arguments.entries("The tracing options", options)


# Go on


def resume(
    run: OfRun, *, step: Any = None, resume_data: Any = None, label: str | None = None,
    for_each_index: int | None = None, all: bool = False, request_context: Context = None, per_step: bool = False,
    include_state: bool = False, force: bool = False,
) -> Exchange[Result]:  # fmt: skip
    """Answer a suspension and wait for the next rest; with `force` even when the graph has changed.

    Raises: NotSuspended, UnknownStep, AmbiguousStep, ResumeAlreadyClaimed, InvalidResumeData, AnswerRefused,
        DefinitionChanged
    """
    yield resuming(run, "resume", step, resume_data, label, for_each_index, all, request_context, per_step, force)
    return (yield from rested(run, include_state=include_state))


def resume_async(
    run: OfRun, *, step: Any = None, resume_data: Any = None, label: str | None = None,
    for_each_index: int | None = None, all: bool = False, request_context: Context = None, per_step: bool = False,
    force: bool = False,
) -> Exchange[str]:  # fmt: skip
    """Answer a suspension and return the run's id at once. Raises: as resume"""
    yield resuming(run, "resume", step, resume_data, label, for_each_index, all, request_context, per_step, force)
    return run.run_id


def resume_stream(
    run: OfRun, *, step: Any = None, resume_data: Any = None, label: str | None = None,
    for_each_index: int | None = None, all: bool = False, request_context: Context = None, per_step: bool = False,
    close_on_suspend: bool = True, force: bool = False,
) -> Course:  # fmt: skip
    """Answer a suspension when the stream is read, and give the events from there. Raises: as resume"""
    first = resuming(
        run, "resume-stream", step, resume_data, label, for_each_index, all, request_context, per_step, force
    )
    return Course(run, first, close_on_suspend=close_on_suspend)


def resuming(
    run: OfRun, verb: str, step: Any, resume_data: Any, label: str | None, for_each_index: int | None, all: bool,
    request_context: Context, per_step: bool, force: bool,
) -> Request:  # fmt: skip
    return run.post(
        verb, step=step_of(step), resume_data=resume_data, label=label, for_each_index=for_each_index, all=all,
        request_context=context_of(request_context), per_step=per_step, force=force,
    )  # fmt: skip


def step_of(step: Any) -> str | None:
    return None if step is None else to_text(step)


def restart(
    run: OfRun, *, request_context: Context = None, include_state: bool = False, force: bool = False
) -> Exchange[Result]:
    """Go on with an active run whose worker is gone; a finished one gives its stored outcome.

    Raises: NotActive, StillRunning, DefinitionChanged
    """
    yield run.post("restart", request_context=context_of(request_context), force=force)
    return (yield from rested(run, include_state=include_state))


def restart_async(run: OfRun, *, request_context: Context = None, force: bool = False) -> Exchange[str]:
    """Restart and return the run's id at once. Raises: as restart"""
    yield run.post("restart", request_context=context_of(request_context), force=force)
    return run.run_id


def step(run: OfRun) -> Exchange[Result]:
    """Run the next step of a paused run. Raises: NotActive"""
    yield run.post("step")
    return (yield from rested(run))


def step_async(run: OfRun) -> Exchange[None]:
    """Have the next step of a paused run performed; returns at once. Raises: NotActive"""
    yield run.post("step")


def resume_all_steps(run: OfRun) -> Exchange[Result]:
    """Let a paused run go on to its end. Raises: NotActive"""
    yield run.post("resume-all-steps")
    return (yield from rested(run))


def resume_all_steps_async(run: OfRun) -> Exchange[None]:
    """Let a paused run go on; returns at once. Raises: NotActive"""
    yield run.post("resume-all-steps")


def break_before(run: OfRun, steps: Sequence[Any]) -> Exchange[list[str]]:
    """Have the run pause before more steps; gives all it pauses before then. Raises: NotActive, UnknownStep"""
    return breakpoints_of((yield run.post("break-before", steps=[to_text(step) for step in steps])))


def clear_breakpoints(run: OfRun, steps: Sequence[Any] | None = None) -> Exchange[list[str]]:
    """Have the run not pause before some steps any more, or before none; gives those left. Raises: NotActive"""
    names = None if steps is None else [to_text(step) for step in steps]
    return breakpoints_of((yield run.post("clear-breakpoints", steps=names)))


def breakpoints_of(answer: Any) -> list[str]:
    found: list[str] = answer["breakpoints"]
    return found


# Go back


def time_travel(
    run: OfRun, *, step: Any = None, input_data: Any = None, resume_data: Any = None, initial_state: Any = None,
    context: Context = None, nested_steps_context: Context = None, request_context: Context = None,
    per_step: bool = False, include_state: bool = False, fork: bool = False,
) -> Exchange[Result]:  # fmt: skip
    """Go back to before a step and run from there, in this run or in a fork of it.

    Raises: StillRunning, UnknownStep, MissingResult, InvalidInput
    """
    run_id = yield from time_travel_async(
        run, step=step, input_data=input_data, resume_data=resume_data, initial_state=initial_state, context=context,
        nested_steps_context=nested_steps_context, request_context=request_context, per_step=per_step, fork=fork,
    )  # fmt: skip
    went_on = OfRun(run.line, run.workflow_id, run_id)
    return (yield from rested(went_on, include_state=include_state))


def time_travel_async(
    run: OfRun, *, step: Any = None, input_data: Any = None, resume_data: Any = None, initial_state: Any = None,
    context: Context = None, nested_steps_context: Context = None, request_context: Context = None,
    per_step: bool = False, fork: bool = False,
) -> Exchange[str]:  # fmt: skip
    """Go back and return at once the id of the run that goes on: this one, or its fork. Raises: as time_travel"""
    answer = yield travelling(
        run, "time-travel", step, input_data, resume_data, initial_state, context, nested_steps_context,
        request_context, per_step, fork,
    )  # fmt: skip
    return str(answer.get("runId", run.run_id))


def time_travel_stream(
    run: OfRun, *, step: Any = None, input_data: Any = None, resume_data: Any = None, initial_state: Any = None,
    context: Context = None, nested_steps_context: Context = None, request_context: Context = None,
    per_step: bool = False, fork: bool = False, close_on_suspend: bool = True,
) -> Course:  # fmt: skip
    """Time travel when the stream is read, and give the events from there. Raises: as time_travel"""
    first = travelling(
        run, "time-travel-stream", step, input_data, resume_data, initial_state, context, nested_steps_context,
        request_context, per_step, fork,
    )  # fmt: skip
    return Course(run, first, close_on_suspend=close_on_suspend)


def travelling(
    run: OfRun, verb: str, step: Any, input_data: Any, resume_data: Any, initial_state: Any, context: Context,
    nested_steps_context: Context, request_context: Context, per_step: bool, fork: bool,
) -> Request:  # fmt: skip
    return run.post(
        verb, step=step_of(step), input_data=input_data, resume_data=resume_data, initial_state=initial_state,
        context=context, nested_steps_context=nested_steps_context, request_context=context_of(request_context),
        per_step=per_step, fork=fork,
    )  # fmt: skip


# Stop and look on


def cancel(run: OfRun, reason: str | None = None) -> Exchange[None]:
    """Cancel the run; returns when that is recorded. A finished run stays as it is."""
    yield Request("POST", run.part("cancel"), body=given(reason=reason))


def preview(run: OfRun, /, verb: str, **arguments: Any) -> Exchange[Preview]:
    """Say what restart, time_travel, resume or cancel would do with these arguments; nothing changes.

    Raises: what the verb raises, InvalidInput for another verb
    """
    if "step" in arguments:
        arguments["step"] = step_of(arguments["step"])
    return preview_of((yield run.post("preview", verb=verb, **arguments)))


def list_events(run: OfRun, after: int = 0, *, limit: int = 1000) -> Exchange[list[Event]]:
    """Give what was recorded after so many events, up to a limit, and wait for nothing."""
    answer = yield from steadily(Request("GET", run.part("events"), {"after": after, "limit": limit}))
    events: list[Event] = answer["events"]
    return events


def observe_stream(run: OfRun, offset: int = 0, *, close_on_suspend: bool = True) -> Course:
    """Give everything recorded after `offset` events, then what follows live. Raises: InvalidInput"""
    if not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
        raise InvalidInput(f"offset must be a whole number from 0, got {offset!r:.80}.")
    return Course(run, offset=offset, close_on_suspend=close_on_suspend)


def watched(run: OfRun) -> Exchange[Course]:
    """Give all that happens from now on, also after the run has ended."""
    answer = yield from steadily(Request("GET", run.part("events"), {"after": NEVER, "limit": 1}))
    return Course(run, offset=answer["last"], endless=True)
