"""The seed document on registering a workflow and on getting hold of it again."""

from __future__ import annotations

import pytest

from tests.parity.seed import run, two_steps
from workflows_app import Engine, StepContext, create_step, create_workflow
from workflows_app.errors import DefinitionError, WorkflowNotFound


def test_registering_a_workflow() -> None:
    async def scenario() -> None:
        workflow = two_steps()
        engine = Engine(workflows={"testWorkflow": workflow})
        assert engine.list_workflows() == {"testWorkflow": workflow}
        run_of_it = await workflow.create_run()
        assert (await run_of_it.start(input_data={"message": "Hello"})).status == "success"
        await engine.close()

    run(scenario())


def test_a_registered_workflow_reaches_the_shared_resources() -> None:
    async def call_other(ctx: StepContext) -> object:
        ctx.logger.info("calling another workflow")
        other = ctx.engine.get_workflow("test-workflow")
        return (await (await other.create_run()).start(input_data={"message": ctx.input_data})).result

    async def scenario() -> None:
        caller = create_workflow(id="caller").then(create_step(id="call", execute=call_other)).commit()
        engine = Engine(workflows=[caller, two_steps()])
        result = await (await caller.create_run()).start(input_data="Hello")
        assert result.result == {"emphasized": "HELLO!!!"}
        await engine.close()

    run(scenario())


@pytest.mark.parametrize("name", ["testWorkflow", "test-workflow"])
def test_referencing_a_workflow(name: str) -> None:
    workflow = two_steps()
    assert Engine(workflows={"testWorkflow": workflow}).get_workflow(name) is workflow


def test_referencing_an_unknown_workflow_names_the_known_ones() -> None:
    with pytest.raises(WorkflowNotFound, match="testWorkflow") as caught:
        Engine(workflows={"testWorkflow": two_steps()}).get_workflow("nope")
    assert caught.value.code == "workflow_not_found"


def test_one_id_belongs_to_one_workflow() -> None:
    with pytest.raises(DefinitionError):
        Engine(workflows=[two_steps(), two_steps()])
    engine = Engine()
    engine.add_workflow(two_steps())
    with pytest.raises(DefinitionError):
        engine.add_workflow(two_steps())
