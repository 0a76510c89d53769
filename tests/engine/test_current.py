"""What the running code belongs to: the run and the step, in tasks, threads and callbacks too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from workflows_app import Engine, StepContext, create_step, create_workflow
from workflows_app.engine.current import CURRENT, Current
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import Call
from workflows_app.engine.ports import RunHead


def test_a_step_knows_its_run_in_its_tasks_and_threads_and_nobody_does_afterwards() -> None:
    seen: list[Current | None] = []

    async def note() -> None:
        seen.append(CURRENT.get())

    async def awaited(ctx: StepContext) -> None:
        await asyncio.create_task(note())

    def threaded(ctx: StepContext) -> None:
        seen.append(CURRENT.get())

    inner = create_workflow(id="inner").then(create_step(id="threaded", execute=threaded)).commit()
    workflow = create_workflow(id="wf").then(create_step(id="awaited", execute=awaited)).then(inner).commit()

    async def scenario() -> None:
        run = await workflow.create_run(run_id="r-1")
        assert (await run.start()).status == "success"
        assert CURRENT.get() is None

    asyncio.run(scenario())
    assert seen == [Current("r-1", "wf", "awaited", 1), Current("r-1", "wf", "inner.threaded", 1)]


def test_each_try_is_another_one() -> None:
    tries: list[int] = []

    def shaky(ctx: StepContext) -> None:
        current = CURRENT.get()
        assert current is not None
        tries.append(current.attempt)
        if len(tries) < 2:
            raise ValueError("not yet")

    workflow = create_workflow(id="wf").then(create_step(id="shaky", execute=shaky, retries=1)).commit()

    async def scenario() -> None:
        await (await workflow.create_run()).start()

    asyncio.run(scenario())
    assert tries == [1, 2]


def test_a_process_may_put_something_around_every_call() -> None:
    seen: list[str] = []

    @contextmanager
    def around(head: RunHead, history: History, call: Call) -> Iterator[None]:
        seen.append(f"into {call.path} of {head.id}")
        yield
        seen.append(f"out of {call.path}")

    workflow = create_workflow(id="wf").map(lambda ctx: seen.append("work"), id="map").commit()

    async def scenario() -> None:
        engine = Engine([workflow])
        engine.turns.around = around
        await (await engine.get_workflow("wf").create_run(run_id="r-3")).start()

    asyncio.run(scenario())
    assert seen == ["into map of r-3", "work", "out of map"]


def test_callbacks_belong_to_the_run_and_to_no_step() -> None:
    seen: list[Current | None] = []

    def note(info: Any) -> None:
        seen.append(CURRENT.get())

    workflow = create_workflow(id="wf", on_start=note, on_finish=note).map(lambda ctx: 1).commit()

    async def scenario() -> None:
        await (await workflow.create_run(run_id="r-2")).start()

    asyncio.run(scenario())
    assert seen == [Current("r-2", "wf")] * 2


def test_what_the_engine_logs_of_a_run_names_it(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(info: Any) -> None:
        raise ValueError("closed today")

    workflow = create_workflow(id="wf", on_start=refuse).map(lambda ctx: 1).commit()

    async def scenario() -> None:
        engine = Engine([workflow])
        run = await engine.get_workflow("wf").create_run(run_id="r-3")
        with pytest.raises(ValueError, match="closed today"):
            await run.start()

    with caplog.at_level(logging.ERROR, "workflows"):
        asyncio.run(scenario())
    assert [(vars(record)["run_id"], vars(record)["workflow_id"]) for record in caplog.records] == [("r-3", "wf")]


def test_a_step_knows_nothing_of_who_started_the_run_or_of_the_step_before() -> None:
    whose: ContextVar[str] = ContextVar("whose", default="nobody")

    async def look(ctx: Any) -> str:
        found = whose.get()
        whose.set(ctx.run_id)
        return found

    async def scenario() -> None:
        whose.set("a request")
        members = [create_step(id=name, execute=look) for name in "ab"]
        workflow = create_workflow(id="wf").then(create_step(id="first", execute=look)).parallel(members).commit()
        result = await (await workflow.create_run()).start()
        assert {name: step.output for name, step in result.steps.items()} == dict.fromkeys(
            ("first", "a", "b"), "nobody"
        )

    asyncio.run(scenario())
