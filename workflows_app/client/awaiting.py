"""The client for code that awaits: `AsyncStudio`."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
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


class AsyncLine:
    """Carries requests to a studio while others run."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.watches: set[asyncio.Task[None]] = set()

    async def perform(self, exchange: Exchange[T]) -> T:
        """Carry what an exchange wants, until it has what its caller wants."""
        proceed, answer = exchange.send, None
        while True:
            try:
                wanted = proceed(answer)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                proceed, answer = exchange.send, await self.carry(wanted)
            except WorkflowsError as error:
                proceed, answer = exchange.throw, error

    async def carry(self, wanted: Request | Pause) -> Any:
        if isinstance(wanted, Pause):
            return await asyncio.sleep(wanted.seconds)
        try:
            return answer_of(await self.http.request(**written(wanted)))
        except httpx.TransportError as error:
            raise unreachable(error) from error

    @asynccontextmanager
    async def opened(self, request: Request) -> AsyncIterator[httpx.Response]:
        """Hold an answer open while it comes. Raises: what it refuses; Unreachable when the line breaks"""
        try:
            async with self.http.stream(**written(request)) as response:
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    answer_of(response)
                yield response
        except httpx.TransportError as error:
            raise unreachable(error) from error


def awaiting(
    described: Callable[Concatenate[S, P], Exchange[T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Make a method that awaits an exchange."""

    @functools.wraps(described)
    async def method(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        line: AsyncLine = self.line  # type: ignore[attr-defined]
        return await line.perform(described(self, *args, **kwargs))

    return method


class AsyncStream:
    """The events of a run, each once, over as many connections as it takes; await `result` for how it then stands."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.line: AsyncLine = course.run.line

    async def __aiter__(self) -> AsyncIterator[Event]:
        while not self.course.ended:
            try:
                async with self.line.opened(self.course.next()) as response:
                    self.course.opened(response.headers)
                    async for chunk in response.aiter_bytes():
                        for event in self.course.take(chunk):
                            yield event
                self.course.closed()
            except (Unreachable, TooFast) as error:
                await asyncio.sleep(self.course.broken(error))

    @property
    def result(self) -> Awaitable[Result]:
        """Await it to read to the end and get the result. Raises: what the verb raises"""
        return self._finish()

    async def _finish(self) -> Result:
        async for _ in self:
            pass
        return await self.line.perform(runs.rested(self.course.run, include_state=self.course.include_state))


def streaming(described: Callable[Concatenate[S, P], Course]) -> Callable[Concatenate[S, P], AsyncStream]:
    """Make a method that gives a stream."""

    @functools.wraps(described)
    def method(self: S, /, *args: P.args, **kwargs: P.kwargs) -> AsyncStream:
        return AsyncStream(described(self, *args, **kwargs))

    return method


async def watch(course: Course, callback: Callable[[Event], Any]) -> None:
    """Call back with every event of a run, until this is cancelled."""
    try:
        async for event in AsyncStream(course):
            await tell(course.run.run_id, callback, event)
    except WorkflowsError as error:
        logger.warning("The run %s is no longer watched: %s", course.run.run_id, error)


async def tell(run_id: str, callback: Callable[[Event], Any], event: Event) -> None:
    try:
        answer = callback(event)
        if inspect.isawaitable(answer):
            await answer
    except Exception:
        logger.exception("a watcher of the run %s raised", run_id)


class AsyncRun(runs.OfRun):
    __doc__ = runs.OfRun.__doc__
    start = awaiting(runs.start)
    start_async = awaiting(runs.start_async)
    stream = streaming(runs.stream)
    resume = awaiting(runs.resume)
    resume_async = awaiting(runs.resume_async)
    resume_stream = streaming(runs.resume_stream)
    restart = awaiting(runs.restart)
    restart_async = awaiting(runs.restart_async)
    step = awaiting(runs.step)
    step_async = awaiting(runs.step_async)
    resume_all_steps = awaiting(runs.resume_all_steps)
    resume_all_steps_async = awaiting(runs.resume_all_steps_async)
    break_before = awaiting(runs.break_before)
    clear_breakpoints = awaiting(runs.clear_breakpoints)
    time_travel = awaiting(runs.time_travel)
    time_travel_async = awaiting(runs.time_travel_async)
    time_travel_stream = streaming(runs.time_travel_stream)
    cancel = awaiting(runs.cancel)
    preview = awaiting(runs.preview)
    standing = awaiting(runs.standing)
    list_events = awaiting(runs.list_events)
    observe_stream = streaming(runs.observe_stream)

    async def watch(self, callback: Callable[[Event], Any]) -> Callable[[], None]:
        """Call back with every event from now on, until the returned function is called."""
        line: AsyncLine = self.line
        task = asyncio.create_task(watch(await line.perform(runs.watched(self)), callback))
        line.watches.add(task)
        task.add_done_callback(line.watches.discard)

        def unsubscribe() -> None:
            task.cancel()

        return unsubscribe


class AsyncWorkflow(workflows.OfWorkflow[AsyncRun]):
    __doc__ = workflows.OfWorkflow.__doc__
    run_kind = AsyncRun
    create_run = awaiting(workflows.create_run)
    get_run = awaiting(workflows.get_run)
    list_workflow_runs = awaiting(workflows.list_workflow_runs)
    get_workflow_run_by_id = awaiting(workflows.get_workflow_run_by_id)
    delete_workflow_run_by_id = awaiting(workflows.delete_workflow_run_by_id)
    list_active_workflow_runs = awaiting(workflows.list_active_workflow_runs)
    restart_all_active_workflow_runs = awaiting(workflows.restart_all_active_workflow_runs)


class AsyncApproval(approvals.OfApproval):
    __doc__ = approvals.OfApproval.__doc__
    decide = awaiting(approvals.decide)
    list_comments = awaiting(approvals.list_comments)
    comment = awaiting(approvals.comment)


class AsyncStudio(studios.OfStudio[AsyncWorkflow, AsyncApproval]):
    """A studio at an address, for code that awaits. Close it, or use it in an `async with` statement.

    `token` is an API token, which the studio's settings make; `transport` is one of httpx, for a proxy or a
    certificate of your own.
    """

    workflow_kind = AsyncWorkflow
    approval_kind = AsyncApproval

    def __init__(
        self, address: str, *, token: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(address, token)
        self.line = AsyncLine(httpx.AsyncClient(**options_of(self.address, self.headers), transport=transport))

    list_workflows = awaiting(studios.list_workflows)
    get_workflow = awaiting(studios.get_workflow)
    list_active_workflow_runs = awaiting(studios.list_active_workflow_runs)
    restart_all_active_workflow_runs = awaiting(studios.restart_all_active_workflow_runs)
    send_event = awaiting(studios.send_event)
    list_approvals = awaiting(studios.list_approvals)
    get_approval = awaiting(studios.get_approval)

    async def close(self) -> None:
        for task in tuple(self.line.watches):
            task.cancel()
        await self.line.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
