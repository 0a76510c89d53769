"""The steps and the small world that every conformance case is built from.

`Steps` makes steps that remember how often, in which order and with what they were called, so a case can
say "b ran once, with a's output". `World` stands for the machine: one journal, and the engines (processes)
that were started over it. Killing an engine and starting another one over the same journal is a crash.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel

from workflows_app import Engine, StepContext, create_step, create_workflow
from workflows_app.errors import StillRunning

T = TypeVar("T")
Json: TypeAlias = Any
Body: TypeAlias = Callable[[StepContext], Any]
Options: TypeAlias = Any
WorkflowLike: TypeAlias = Any
StepLike: TypeAlias = Any
RunLike: TypeAlias = Any
ResultLike: TypeAlias = Any
Event: TypeAlias = dict[str, Any]

PATIENCE = 20.0
LEASE = 0.5
SPOKEN = {
    "workflow-start",
    "workflow-step-start",
    "workflow-step-result",
    "workflow-step-suspended",
    "workflow-step-waiting",
    "workflow-step-progress",
    "workflow-step-output",
    "workflow-canceled",
    "workflow-paused",
    "workflow-finish",
}


class Value(BaseModel):
    value: int


def plain(value: Json) -> Json:
    """Return a model as plain data, anything else as it is."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


async def forever() -> None:
    """Wait until the process dies."""
    await asyncio.Event().wait()


async def until(condition: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Wait until `condition`, sync or async, holds; fail the test when it never does."""
    deadline = time.monotonic() + patience
    while True:
        answer = condition()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        assert time.monotonic() < deadline, "the awaited condition never came true"
        await asyncio.sleep(0.005)


async def status_becomes(workflow: WorkflowLike, run_id: str, status: str) -> None:
    """Wait until the stored record of the run bears `status`."""

    async def reached() -> bool:
        record = await workflow.get_workflow_run_by_id(run_id)
        return record is not None and record.status == status

    await until(reached)


async def restarted(run: RunLike, **options: Options) -> ResultLike:
    """Restart `run` as soon as the lease of its dead worker has run out."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await run.restart(**options)
        except StillRunning:
            assert time.monotonic() < deadline, "the lease of the dead worker never ran out"
            await asyncio.sleep(0.02)


async def stored(workflow: WorkflowLike, run_id: str) -> RunLike:
    """Read what is recorded of a run that there is."""
    return await workflow.get_workflow_run_by_id(run_id)


async def events_of(stream: AsyncIterable[Event]) -> list[Event]:
    """Read a stream to its end."""
    return [event async for event in stream]


def spoken(events: Iterable[Event]) -> list[Event]:
    """Leave out the event types that may stand between the ones the contract names."""
    return [event for event in events if event["type"] in SPOKEN]


def types(events: Iterable[Event]) -> list[str]:
    """Name the types of the contract's events, in order."""
    return [event["type"] for event in spoken(events)]


def story(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Tell each step event as (what, step id), e.g. ("start", "a")."""
    steps = (event for event in spoken(events) if event["type"].startswith("workflow-step-"))
    return [
        (
            event["type"].removeprefix("workflow-step-"),
            event["payload"].get("id") or event["payload"]["stepName"],
        )
        for event in steps
    ]


def chain(id: str, *steps: StepLike, **options: Options) -> WorkflowLike:
    """Build and commit a workflow of `steps`, one after another."""
    workflow = create_workflow(id=id, **options)
    for step in steps:
        workflow = workflow.then(step)
    return workflow.commit()


class Steps:
    """Makes steps that keep a record of their calls."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.order: list[str] = []
        self.inputs: defaultdict[str, list[Json]] = defaultdict(list)
        self.seen: defaultdict[str, list[Json]] = defaultdict(list)
        self._releases: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def step(self, id: str, body: Body, **options: Options) -> StepLike:
        """Make a step that is counted and then does what `body`, sync or async, says."""

        async def execute(ctx: StepContext) -> Json:
            self.calls[id] += 1
            self.order.append(id)
            self.inputs[id].append(plain(ctx.input_data))
            outcome = body(ctx)
            return await outcome if inspect.isawaitable(outcome) else outcome

        return create_step(id=id, execute=execute, **options)

    def inc(self, id: str, by: int = 1, **options: Options) -> StepLike:
        schemas = {"input_schema": Value, "output_schema": Value}
        return self.step(id, lambda ctx: Value(value=ctx.input_data.value + by), **schemas, **options)

    def echo(self, id: str, **options: Options) -> StepLike:
        return self.step(id, lambda ctx: ctx.input_data, **options)

    def give(self, id: str, value: Json, **options: Options) -> StepLike:
        return self.step(id, lambda ctx: value, **options)

    def boom(self, id: str, exc: BaseException | None = None, **options: Options) -> StepLike:
        def fail(ctx: StepContext) -> Json:
            raise exc or ValueError(f"{id} went wrong")

        return self.step(id, fail, **options)

    def slow(self, id: str, ms: float, **options: Options) -> StepLike:
        async def wait(ctx: StepContext) -> Json:
            await asyncio.sleep(ms / 1000)
            return ctx.input_data

        return self.step(id, wait, **options)

    def sus(self, id: str, **options: Options) -> StepLike:
        async def ask(ctx: StepContext) -> Json:
            if ctx.resume_data is None:
                return await ctx.suspend({"ask": id})
            return {"got": ctx.resume_data}

        return self.step(id, ask, **options)

    def asking(self, id: str, answer: Body, payload: Json = None, **options: Options) -> StepLike:
        """Make a step that suspends with `payload` first and then gives `answer(ctx)`."""

        async def ask(ctx: StepContext) -> Json:
            if ctx.resume_data is None:
                return await ctx.suspend(payload)
            return answer(ctx)

        return self.step(id, ask, **options)

    def held(self, id: str, body: Body | None = None, **options: Options) -> StepLike:
        """Make a step that waits in its first call until `release(id)`."""

        async def wait(ctx: StepContext) -> Json:
            if self.calls[id] == 1:
                await self._releases[id].wait()
            outcome = body(ctx) if body else ctx.input_data
            return await outcome if inspect.isawaitable(outcome) else outcome

        return self.step(id, wait, **options)

    def release(self, id: str) -> None:
        self._releases[id].set()

    def hung(self, id: str, body: Body | None = None, **options: Options) -> StepLike:
        """Make a step whose first call never ends (its process will die), and whose next calls do `body`."""

        async def hang_once(ctx: StepContext) -> Json:
            if self.calls[id] == 1:
                await forever()
            outcome = body(ctx) if body else ctx.input_data
            return await outcome if inspect.isawaitable(outcome) else outcome

        return self.step(id, hang_once, **options)

    async def called(self, id: str, times: int = 1) -> None:
        """Wait until the step was called that often."""
        await until(lambda: self.calls[id] >= times)


class World:
    """One journal and the engines that live over it."""

    def __init__(self, journal: Any) -> None:
        self.journal = journal
        self.living: list[Engine] = []

    def engine(self, *workflows: WorkflowLike, **options: Options) -> Engine:
        """Start one more process over the journal."""
        options = {"journal": self.journal, "lease": LEASE} | options
        engine = Engine(workflows=list(workflows), **options)
        self.living.append(engine)
        return engine

    def restart_process(self, *workflows: WorkflowLike, **options: Options) -> Engine:
        """Let every living process die, then start a new one over what it left behind."""
        for engine in self.living:
            engine.kill()
        self.living.clear()
        return self.engine(*workflows, **options)

    async def start(self, workflow: WorkflowLike, input_data: Json = None, **options: Options) -> ResultLike:
        """Register the workflow in a fresh engine and run it until it rests."""
        self.engine(workflow)
        run = await workflow.create_run()
        return await run.start(input_data=input_data, **options)

    async def begun(self, workflow: WorkflowLike, input_data: Json = None, **options: Options) -> RunLike:
        """Register the workflow in a fresh engine, start it in the background and hand over the run."""
        self.engine(workflow)
        run = await workflow.create_run()
        await run.start_async(input_data=input_data, **options)
        return run

    async def suspended(self, workflow: WorkflowLike, input_data: Json = None) -> RunLike:
        """Register the workflow in a fresh engine, run it up to its suspension and hand over the run."""
        self.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data=input_data)).status == "suspended"
        return run

    async def streamed(
        self, workflow: WorkflowLike, input_data: Json = None, **options: Options
    ) -> tuple[list[Event], ResultLike]:
        """Register the workflow in a fresh engine, stream it and give the events and the result."""
        self.engine(workflow)
        stream = (await workflow.create_run()).stream(input_data=input_data, **options)
        return await events_of(stream), await stream.result

    def outcome(self, workflow: WorkflowLike, input_data: Json = None, **options: Options) -> ResultLike:
        """`start`, for a test that needs nothing else."""
        return self.run(self.start(workflow, input_data, **options))

    def run(self, scenario: Coroutine[Any, Any, T], patience: float = 30.0) -> T:
        """Run a scenario to its end on an event loop of its own, and close the engines it leaves behind."""

        async def closing() -> T:
            try:
                return await asyncio.wait_for(scenario, patience)
            finally:
                await self._close()

        return asyncio.run(closing())

    async def _close(self) -> None:
        closings: list[Awaitable[None]] = [engine.close() for engine in self.living]
        self.living.clear()
        await asyncio.gather(*closings)
