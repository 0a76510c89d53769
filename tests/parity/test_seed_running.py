"""The seed document on running workflows: start, stream, statuses and output."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.seed import Formatted, Message, finished, run, shouting, two_steps
from workflows_app import StepContext, create_step, create_workflow


def test_running_a_workflow_with_start() -> None:
    async def scenario() -> None:
        run_of_it = await two_steps().create_run()
        result = await run_of_it.start(input_data={"message": "Hello world"})
        assert result.status == "success"
        assert result.result == {"emphasized": "HELLO WORLD!!!"}

    run(scenario())


def test_running_a_workflow_with_stream() -> None:
    async def scenario() -> None:
        run_of_it = await two_steps().create_run()
        stream = run_of_it.stream(input_data={"message": "Hello world"})
        chunks = [chunk async for chunk in stream]
        assert (chunks[0]["type"], chunks[-1]["type"]) == ("workflow-start", "workflow-finish")
        ended = [chunk["payload"]["id"] for chunk in chunks if chunk["type"] == "workflow-step-result"]
        assert ended == ["step-1", "step-2"]
        assert (await stream.result).result == {"emphasized": "HELLO WORLD!!!"}

    run(scenario())


async def ask(ctx: StepContext) -> Any:
    return await ctx.suspend({"question": "Go on?"})


async def fail(ctx: StepContext) -> Any:
    raise ValueError("no")


@pytest.mark.parametrize(("status", "execute"), [("success", lambda ctx: "done"), ("suspended", ask), ("failed", fail)])
def test_workflow_status_types(status: str, execute: Any) -> None:
    workflow = create_workflow(id="test-workflow").then(create_step(id="step-1", execute=execute)).commit()
    assert finished(workflow, {}).status == status


def test_a_workflow_under_way_is_running() -> None:
    async def scenario() -> None:
        async def look(ctx: StepContext) -> Any:
            record = await workflow.get_workflow_run_by_id(ctx.run_id)
            return record and record.status

        workflow = create_workflow(id="test-workflow").then(create_step(id="look", execute=look)).commit()
        assert (await (await workflow.create_run()).start(input_data={})).result == "running"

    run(scenario())


def without_times(steps: dict[str, Any]) -> dict[str, Any]:
    return {
        id: {key: value for key, value in step.items() if key not in ("startedAt", "endedAt")}
        for id, step in steps.items()
        if id != "input"
    }


def test_workflow_output() -> None:
    output = finished(two_steps(), {"message": "Hello world"}).to_json()
    assert output["status"] == "success"
    assert without_times(output["steps"]) == {
        "step-1": {
            "status": "success",
            "payload": {"message": "Hello world"},
            "output": {"formatted": "HELLO WORLD"},
        },
        "step-2": {
            "status": "success",
            "payload": {"formatted": "HELLO WORLD"},
            "output": {"emphasized": "HELLO WORLD!!!"},
        },
    }
    assert output["input"] == {"message": "Hello world"}
    assert output["result"] == {"emphasized": "HELLO WORLD!!!"}


def test_the_whole_output_of_one_step() -> None:
    workflow = create_workflow(id="test-workflow", input_schema=Message, output_schema=Formatted)
    output = finished(workflow.then(shouting()).commit(), {"message": "Hello world"}).to_json()
    assert set(output) == {"status", "steps", "input", "result", "runId", "stepExecutionPath"}
    assert set(output["steps"]["step-1"]) == {"status", "payload", "output", "startedAt", "endedAt"}
    assert output["steps"]["input"] == {"message": "Hello world"}
    assert output["stepExecutionPath"] == ["step-1"]
