"""The client for code that waits: `Studio`."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from workflows_app.client import approvals, runs, studios, workflows
from workflows_app.client.carrying import answer_of, options_of, unreachable, written
from workflows_app.client.course import Course, Event
from workflows_app.client.faults import TooFast, Unreachable
from workflows_app.client.requests import Exchange, Pause, Request
from workflows_app.engine.errors import WorkflowsError
from workflows_app.engine.snapshot import Result

logger = logging.getLogger("workflows")
P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")


class Line:
    """Carries requests to a studio, one after the other."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.watched: set[Course] = set()

    def perform(self, exchange: Exchange[T]) -> T:
        """Carry what an exchange wants, until it has what its caller wants."""
        proceed, answer = exchange.send, None
        while True:
            try:
                wanted = proceed(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                proceed, answer = exchange.send, self.carry(wanted)
            except WorkflowsError as error:
                proceed, answer = exchange.throw, error

    def carry(self, wanted: Request | Pause) -> Any:
        if isinstance(wanted, Pause):
            return time.sleep(wanted.seconds)
        try:
            return answer_of(self.http.request(**written(wanted)))
        except httpx.TransportError as error:
            raise unreachable(error) from error

    @contextmanager
    def opened(self, request: Request) -> Iterator[httpx.Response]:
        """Hold an answer open while it comes. Raises: what it refuses; Unreachable when the line breaks"""
        try:
            with self.http.stream(**written(request)) as response:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    answer_of(response)
                yield response
        except httpx.TransportError as error:
            raise unreachable(error) from error


def blocking(described: Callable[Concatenate[S, P], Exchange[T]]) -> Callable[Concatenate[S, P], T]:
    """Make a method that waits for an exchange."""

    @functools.wraps(described)
    def method(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        line: Line = self.line  # type: ignore[attr-defined]
        return line.perform(described(self, *args, **kwargs))

    return method


class Stream:
    """The events of a run, each once, over as many connections as it takes; `result` is how the run then stands."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.line: Line = course.run.line

    def __iter__(self) -> Iterator[Event]:
        while not self.course.ended:
            try:
                with self.line.opened(self.course.next()) as response:
                    self.course.opened(response.headers)
                    for chunk in response.iter_bytes():
                        yield from self.course.take(chunk)
                self.course.closed()
            except (Unreachable, TooFast) as error:
                time.sleep(self.course.broken(error))

    @property
    def result(self) -> Result:
        """Read to the end, and give the result. Raises: what the verb raises"""
        for _ in self:
            pass
        return self.line.perform(runs.rested(self.course.run, include_state=self.course.include_state))


def streaming(described: Callable[Concatenate[S, P], Course]) -> Callable[Concatenate[S, P], Stream]:
    """Make a method that gives a stream."""

    @functools.wraps(described)
    def method(self: S, /, *args: P.args, **kwargs: P.kwargs) -> Stream:
        return Stream(described(self, *args, **kwargs))

    return method


class Watch(threading.Thread):
    """Calls back with every event of a run, until it is stopped or the studio is closed."""

    def __init__(self, course: Course, callback: Callable[[Event], Any]) -> None:
        super().__init__(name=f"watch {course.run.run_id}", daemon=True)
        self.course, self.callback = course, callback
        # Before the thread begins, so that a studio which is closed at once ends it too.
        course.run.line.watched.add(course)

    def run(self) -> None:
        try:
            for event in Stream(self.course):
                if self.course.ended:
                    return
                self._tell(event)
        except Exception as error:
            if not self.course.ended:
                logger.warning("The run %s is no longer watched: %s", self.course.run.run_id, error)
        finally:
            self.course.run.line.watched.discard(self.course)

    def _tell(self, event: Event) -> None:
        try:
            self.callback(event)
        except Exception:
            logger.exception("a watcher of the run %s raised", self.course.run.run_id)

    def stop(self) -> None:
        self.course.ended = True


class Run(runs.OfRun):
    __doc__ = runs.OfRun.__doc__
    start = blocking(runs.start)
    start_async = blocking(runs.start_async)
    stream = streaming(runs.stream)
    resume = blocking(runs.resume)
    resume_async = blocking(runs.resume_async)
    resume_stream = streaming(runs.resume_stream)
    restart = blocking(runs.restart)
    restart_async = blocking(runs.restart_async)
    step = blocking(runs.step)
    step_async = blocking(runs.step_async)
    resume_all_steps = blocking(runs.resume_all_steps)
    resume_all_steps_async = blocking(runs.resume_all_steps_async)
    break_before = blocking(runs.break_before)
    clear_breakpoints = blocking(runs.clear_breakpoints)
    time_travel = blocking(runs.time_travel)
    time_travel_async = blocking(runs.time_travel_async)
    time_travel_stream = streaming(runs.time_travel_stream)
    cancel = blocking(runs.cancel)
    preview = blocking(runs.preview)
    standing = blocking(runs.standing)
    list_events = blocking(runs.list_events)
    observe_stream = streaming(runs.observe_stream)

    def watch(self, callback: Callable[[Event], Any]) -> Callable[[], None]:
        """Call back with every event from now on, in a thread, until the returned function is called."""
        watch = Watch(self.line.perform(runs.watched(self)), callback)
        watch.start()
        return watch.stop


class Workflow(workflows.OfWorkflow[Run]):
    __doc__ = workflows.OfWorkflow.__doc__
    run_kind = Run
    create_run = blocking(workflows.create_run)
    get_run = blocking(workflows.get_run)
    list_workflow_runs = blocking(workflows.list_workflow_runs)
    get_workflow_run_by_id = blocking(workflows.get_workflow_run_by_id)
    delete_workflow_run_by_id = blocking(workflows.delete_workflow_run_by_id)
    list_active_workflow_runs = blocking(workflows.list_active_workflow_runs)
    restart_all_active_workflow_runs = blocking(workflows.restart_all_active_workflow_runs)


class Approval(approvals.OfApproval):
    __doc__ = approvals.OfApproval.__doc__
    decide = blocking(approvals.decide)
    list_comments = blocking(approvals.list_comments)
    comment = blocking(approvals.comment)


class Studio(studios.OfStudio[Workflow, Approval]):
    """A studio at an address, for code that waits. Close it, or use it in a `with` statement.

    `token` is an API token, which the studio's settings make; `transport` is one of httpx, for a proxy or a
    certificate of your own.
    """

    workflow_kind = Workflow
    approval_kind = Approval

    def __init__(self, address: str, *, token: str | None = None, transport: httpx.BaseTransport | None = None) -> None:
        super().__init__(address, token)
        self.line = Line(httpx.Client(**options_of(self.address, self.headers), transport=transport))

    list_workflows = blocking(studios.list_workflows)
    get_workflow = blocking(studios.get_workflow)
    list_active_workflow_runs = blocking(studios.list_active_workflow_runs)
    restart_all_active_workflow_runs = blocking(studios.restart_all_active_workflow_runs)
    send_event = blocking(studios.send_event)
    list_approvals = blocking(studios.list_approvals)
    get_approval = blocking(studios.get_approval)

    def close(self) -> None:
        for course in tuple(self.line.watched):
            course.ended = True
        self.line.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
