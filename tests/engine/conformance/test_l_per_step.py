"""Section L: one step at a time."""

from __future__ import annotations

from tests.engine.conformance.fixtures import Steps, World, chain
from workflows_app import create_workflow


def test_l1_one_step_runs_and_the_run_pauses(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.inc("step1"), steps.inc("step2"))
        result = await world.start(workflow, {"value": 0}, per_step=True)
        assert result.status == "paused"
        assert result.steps["step1"].status == "success"
        assert "step2" not in result.steps
        assert result.result is None
        assert (await workflow.get_workflow_run_by_id(result.run_id)).status == "paused"
        assert steps.calls == {"step1": 1}

    world.run(scenario())


def test_l1_step_by_step_to_the_end(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", *[steps.inc(f"step{n}") for n in range(1, 5)])
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={"value": 0}, per_step=True)
        result = await run.step()
        assert (result.status, result.steps["step2"].output) == ("paused", {"value": 2})
        assert steps.calls == {"step1": 1, "step2": 1}
        result = await run.resume_all_steps()
        assert (result.status, result.result) == ("success", {"value": 4})
        assert steps.calls == {f"step{n}": 1 for n in range(1, 5)}

    world.run(scenario())


def test_l3_a_branch_behind_the_step_is_not_entered(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf").then(steps.inc("deciding")).branch([(lambda ctx: True, steps.inc("arm"))]).commit()
    )
    result = world.outcome(workflow, {"value": 0}, per_step=True)
    assert result.status == "paused"
    assert steps.calls == {"deciding": 1}
    assert "arm" not in result.steps


def test_l4_a_nested_workflow_behind_the_step_is_not_entered(world: World, steps: Steps) -> None:
    workflow = chain("wf", steps.inc("outer"), chain("nested", steps.inc("inner")))
    result = world.outcome(workflow, {"value": 0}, per_step=True)
    assert result.status == "paused"
    assert steps.calls == {"outer": 1}
    assert (list(result.steps), result.step_execution_path) == (["outer"], ["outer"])


def test_a_list_behind_the_step_is_not_begun(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").then(steps.inc("outer")).foreach(steps.inc("each")).commit()
    result = world.outcome(workflow, {"value": 0}, per_step=True)
    # What comes next takes a list and gets none; nobody has asked for it yet.
    assert (result.status, list(result.steps), result.step_execution_path) == ("paused", ["outer"], ["outer"])
