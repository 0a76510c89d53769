"""Section F: what is stored, and how runs are found again."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from tests.engine.conformance.fixtures import Json, Steps, World, chain, restarted
from workflows_app import MemoryJournal, StepContext


def test_f1_finished_runs_are_listed(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        results = [await (await workflow.create_run()).start(input_data=n) for n in range(2)]
        page = await workflow.list_workflow_runs()
        assert page.total == 2
        assert {run.run_id for run in page.runs} == {result.run_id for result in results}
        for run in page.runs:
            assert (run.workflow_id, run.status) == ("wf", "success")
            assert isinstance(run.created_at, datetime)
            assert run.created_at <= run.updated_at

    world.run(scenario())


def test_f1_a_page_holds_the_newest_first_and_the_total_ignores_it(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        for n in range(3):
            await (await workflow.create_run(run_id=f"run-{n}")).start(input_data=n)
            await asyncio.sleep(0.005)
        page = await workflow.list_workflow_runs(page=0, per_page=2)
        assert [run.run_id for run in page.runs] == ["run-2", "run-1"]
        assert page.total == 3
        assert [run.run_id for run in (await workflow.list_workflow_runs(page=1, per_page=2)).runs] == ["run-0"]

    world.run(scenario())


def test_f1_runs_are_filtered_by_status(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.sus("a"))
        world.engine(workflow)
        waiting, done = await workflow.create_run(), await workflow.create_run()
        await waiting.start(input_data={})
        await done.start(input_data={})
        await done.resume(resume_data=1)
        page = await workflow.list_workflow_runs(status="suspended")
        assert [run.run_id for run in page.runs] == [waiting.run_id]

    world.run(scenario())


def test_f2_a_run_is_found_until_it_is_deleted(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        result = await world.start(workflow, {"x": 1})
        record = await workflow.get_workflow_run_by_id(result.run_id)
        assert record.status == "success"
        assert record.steps["a"].output == {"x": 1}
        await workflow.delete_workflow_run_by_id(result.run_id)
        assert await workflow.get_workflow_run_by_id(result.run_id) is None

    world.run(scenario())


def test_f2_an_unknown_run_is_none(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        assert await workflow.get_workflow_run_by_id("nobody") is None

    world.run(scenario())


def test_f3_runs_are_found_by_their_resource(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.step("a", lambda ctx: ctx.resource_id))
        world.engine(workflow)
        run = await workflow.create_run(resource_id="user-1")
        await (await workflow.create_run(resource_id="user-2")).start(input_data={})
        assert (await run.start(input_data={})).result == "user-1"
        page = await workflow.list_workflow_runs(resource_id="user-1")
        assert [each.run_id for each in page.runs] == [run.run_id]
        assert (await workflow.get_workflow_run_by_id(run.run_id)).resource_id == "user-1"

    world.run(scenario())


def test_f5_fields_limit_the_record(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        result = await world.start(workflow, {"x": 1})
        only_status = await workflow.get_workflow_run_by_id(result.run_id, fields=["status"])
        assert (only_status.status, only_status.steps, only_status.result) == ("success", None, None)
        with_steps = await workflow.get_workflow_run_by_id(result.run_id, fields=["status", "steps"])
        assert (with_steps.status, list(with_steps.steps), with_steps.result) == ("success", ["a"], None)
        whole = await workflow.get_workflow_run_by_id(result.run_id)
        assert (whole.workflow_id, whole.run_id) == ("wf", result.run_id)
        assert (whole.status, list(whole.steps), whole.result) == ("success", ["a"], {"x": 1})
        assert whole.input == {"x": 1}

    world.run(scenario())


def test_f8_f9_all_steps_are_stored_in_order(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", *[steps.inc(id) for id in ("a", "b", "c", "d")])
        result = await world.start(workflow, {"value": 0})
        record = await workflow.get_workflow_run_by_id(result.run_id)
        assert record.status == "success"
        assert list(record.steps) == ["a", "b", "c", "d"]
        assert [step.output["value"] for step in record.steps.values()] == [1, 2, 3, 4]

    world.run(scenario())


def test_f10_each_run_has_a_record_of_its_own(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        for n in range(3):
            await (await workflow.create_run(run_id=f"run-{n}")).start(input_data=n)
        records = [await workflow.get_workflow_run_by_id(f"run-{n}") for n in range(3)]
        assert [record.result for record in records] == [0, 1, 2]

    world.run(scenario())


class CountingJournal:
    """A journal that counts what it is asked to do and how often a marked value is handed to it."""

    def __init__(self, marker: str) -> None:
        self.inner: Any = MemoryJournal()
        self.marker = marker
        self.requests = 0
        self.marked = 0

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.inner, name)
        if not callable(attribute):
            return attribute

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.requests += 1
            self.marked += self.marker in repr((args, kwargs))
            return attribute(*args, **kwargs)

        return counted


def cost(length: int) -> tuple[int, int]:
    steps, journal = Steps(), CountingJournal(marker="big-payload" * 1000)
    last = [steps.give(f"s{n}", n) for n in range(length)]
    world = World(journal)
    world.outcome(chain("wf", steps.give("big", journal.marker), *last), {})
    return journal.requests, journal.marked


def test_f13_writes_grow_linearly_and_a_big_payload_is_not_written_again() -> None:
    (small, marked_small), (middle, _), (large, marked_large) = cost(10), cost(20), cost(40)
    assert large - middle <= 3 * (middle - small)
    assert marked_large == marked_small


def test_f15_a_repeated_step_knows_and_bears_the_same_key(world: World, steps: Steps) -> None:
    async def effect(ctx: StepContext) -> Json:
        steps.seen["effect"].append((ctx.restarted, ctx.idempotency_key))
        if len(steps.seen["effect"]) == 1:
            await asyncio.Event().wait()
        return "done"

    async def scenario() -> None:
        run = await world.begun(chain("wf", steps.step("s", effect)), {})
        await steps.called("s")
        workflow = chain("wf", steps.step("s", effect))
        world.restart_process(workflow)
        result = await restarted(await workflow.create_run(run_id=run.run_id))
        assert result.result == "done"
        assert [seen for seen, _ in steps.seen["effect"]] == [False, True]
        keys = {key for _, key in steps.seen["effect"]}
        assert len(keys) == 1
        assert all(isinstance(key, str) and key for key in keys)

    world.run(scenario())


def test_f16_overlapping_runs_never_mix(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        barrier = asyncio.Barrier(2)

        async def meet(ctx: StepContext) -> Json:
            await asyncio.wait_for(barrier.wait(), 20)
            return ctx.input_data

        workflow = chain("wf", steps.step("a", meet), steps.step("b", meet))
        world.engine(workflow)
        runs = [await workflow.create_run(), await workflow.create_run()]
        results = await asyncio.gather(*(run.start(input_data=n) for n, run in enumerate(runs)))
        assert [result.result for result in results] == [0, 1]
        records = [await workflow.get_workflow_run_by_id(run.run_id) for run in runs]
        assert [record.steps["b"].payload for record in records] == [0, 1]

    world.run(scenario())


def test_f17_an_unregistered_workflow_runs_suspends_and_is_found(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("lonely", steps.sus("ask"))
        run = await workflow.create_run()
        assert (await run.start(input_data={})).status == "suspended"
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "suspended"
        assert (await run.resume(resume_data=1)).result == {"got": 1}
        assert (await workflow.list_workflow_runs()).total == 1

    world.run(scenario())


def test_f17_a_failing_step_is_logged_by_name(world: World, steps: Steps, caplog: pytest.LogCaptureFixture) -> None:
    world.outcome(chain("wf", steps.boom("shaky-step")), {})
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert any("shaky-step" in message for message in errors)
