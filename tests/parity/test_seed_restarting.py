"""The seed document on restarting active runs, and on the request context."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.parity.seed import finished, run
from workflows_app import Engine, MemoryJournal, StepContext, create_step, create_workflow
from workflows_app.errors import StillRunning


class Crashing:
    """A workflow whose first process dies in its second step."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.journal = MemoryJournal()

    def build(self) -> Any:
        async def first(ctx: StepContext) -> Any:
            self.calls.append("first")
            return ctx.input_data

        async def second(ctx: StepContext) -> Any:
            self.calls.append("second")
            if self.calls.count("second") == 1:
                await asyncio.Event().wait()
            return {"value": f"{ctx.input_data['value']}, restarted"}

        steps = [create_step(id="first", execute=first), create_step(id="second", execute=second)]
        return create_workflow(id="test-workflow").then(steps[0]).then(steps[1]).commit()

    async def crashed(self) -> tuple[Engine, Any, str]:
        """Start a run, lose the process, and give a new one."""
        workflow = self.build()
        engine = Engine(workflows=[workflow], journal=self.journal, lease=0.3)
        run_id = await (await workflow.create_run()).start_async(input_data={"value": "initial data"})
        await until(lambda: "second" in self.calls)
        engine.kill()
        workflow = self.build()
        return Engine(workflows=[workflow], journal=self.journal, lease=0.3), workflow, run_id


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    for _ in range(1000):
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the awaited condition never came true")


@pytest.mark.parametrize("whole_engine", [False, True], ids=["one-workflow", "all-workflows"])
def test_restarting_all_active_runs(whole_engine: bool) -> None:
    async def scenario() -> None:
        crashing = Crashing()
        engine, workflow, run_id = await crashing.crashed()

        async def none_is_active() -> bool:
            await (engine if whole_engine else workflow).restart_all_active_workflow_runs()
            return not (await workflow.list_active_workflow_runs()).runs

        await until(none_is_active)
        record = await workflow.get_workflow_run_by_id(run_id)
        assert record.result == {"value": "initial data, restarted"}
        assert crashing.calls == ["first", "second", "second"]
        await engine.close()

    run(scenario())


def test_restarting_an_active_run() -> None:
    async def scenario() -> None:
        crashing = Crashing()
        engine, workflow, run_id = await crashing.crashed()
        run_of_it = await workflow.create_run(run_id=run_id)
        results: list[Any] = []

        async def restarted() -> bool:
            try:
                results.append(await run_of_it.restart())
            except StillRunning:
                return False
            return True

        await until(restarted)
        assert [result.result for result in results] == [{"value": "initial data, restarted"}]
        assert crashing.calls == ["first", "second", "second"]
        await engine.close()

    run(scenario())


def test_restarting_a_finished_run_gives_its_outcome() -> None:
    async def scenario() -> None:
        step = create_step(id="only", execute=lambda ctx: ctx.input_data)
        run_of_it = await create_workflow(id="test-workflow").then(step).commit().create_run()
        result = await run_of_it.start(input_data={"value": "initial data"})
        assert (await run_of_it.restart()).to_json() == result.to_json()

    run(scenario())


def test_identifying_active_runs() -> None:
    async def scenario() -> None:
        crashing = Crashing()
        engine, workflow, run_id = await crashing.crashed()
        [active] = (await workflow.list_active_workflow_runs()).runs
        assert (active.run_id, active.status) == (run_id, "running")
        await engine.close()

    run(scenario())


@pytest.mark.parametrize(("tier", "expected"), [("enterprise", 1000), ("pro", 50)])
def test_using_the_request_context(tier: str, expected: int) -> None:
    def limit(ctx: StepContext) -> dict[str, int]:
        return {"maxResults": 1000 if ctx.request_context.get("user-tier") == "enterprise" else 50}

    workflow = create_workflow(id="test-workflow").then(create_step(id="step-1", execute=limit)).commit()
    assert finished(workflow, {}, request_context={"user-tier": tier}).result == {"maxResults": expected}
