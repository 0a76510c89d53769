"""Section S: waiting for an event from outside."""

from __future__ import annotations

import pytest

from tests.engine.conformance.fixtures import (
    Options,
    RunLike,
    Steps,
    Value,
    WorkflowLike,
    World,
    status_becomes,
)
from workflows_app import create_workflow
from workflows_app.errors import InvalidData


async def waiting_run(world: World, steps: Steps, **options: Options) -> tuple[WorkflowLike, RunLike]:
    workflow = create_workflow(id="wf").wait_for_event("paid", id="wait", **options).then(steps.echo("next")).commit()
    world.engine(workflow)
    run = await workflow.create_run()
    assert (await run.start(input_data={"order": 1})).status == "suspended"
    return workflow, run


def test_s1_an_event_wakes_the_run_and_is_the_entrys_output(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow, run = await waiting_run(world, steps)
        assert await world.living[0].send_event("paid", {"amount": 5}) == 1
        await status_becomes(workflow, run.run_id, "success")
        record = await workflow.get_workflow_run_by_id(run.run_id)
        assert record.steps["wait"].output == {"amount": 5}
        assert steps.inputs["next"] == [{"amount": 5}]

    world.run(scenario())


def test_s1_an_event_wakes_only_what_it_matches(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow, run = await waiting_run(world, steps, match={"order": 1})
        engine = world.living[0]
        assert await engine.send_event("paid", {"order": 2}) == 0
        assert await engine.send_event("other", {"order": 1}) == 0
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "suspended"
        assert await engine.send_event("paid", {"order": 1, "amount": 5}) == 1
        await status_becomes(workflow, run.run_id, "success")

    world.run(scenario())


def test_s1_an_event_wakes_everybody_who_waits_and_is_not_kept(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow, first = await waiting_run(world, steps)
        second = await workflow.create_run()
        await second.start(input_data={})
        engine = world.living[0]
        assert await engine.send_event("paid", {"amount": 5}) == 2
        for run in (first, second):
            await status_becomes(workflow, run.run_id, "success")
        late = await workflow.create_run()
        assert (await late.start(input_data={})).status == "suspended"

    world.run(scenario())


def test_s1_an_event_that_never_comes_fails_the_entry(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow, run = await waiting_run(world, steps, timeout=1.0)
        await status_becomes(workflow, run.run_id, "failed")
        record = await workflow.get_workflow_run_by_id(run.run_id)
        assert record.steps["wait"].error["name"] == "StepTimeout"
        assert steps.calls["next"] == 0

    world.run(scenario())


def test_s1_an_event_against_its_schema_is_refused(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow, run = await waiting_run(world, steps, schema=Value)
        with pytest.raises(InvalidData):
            await world.living[0].send_event("paid", {"value": "much"})
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "suspended"

    world.run(scenario())
