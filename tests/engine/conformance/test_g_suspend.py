"""Section G: suspend and resume."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from tests.engine.conformance.fixtures import (
    Json,
    StepLike,
    Steps,
    Value,
    World,
    chain,
    plain,
)
from workflows_app import StepContext, create_workflow
from workflows_app.errors import AmbiguousStep, InvalidResumeData, NotSuspended, RunIdTaken, UnknownStep


class Request(BaseModel):
    approval_required: bool
    requested_by: str
    amount: int


class Answer(BaseModel):
    value: int = 21


def yes(ctx: StepContext) -> bool:
    return True


def test_g1_a_given_run_id_names_one_run(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        run = await workflow.create_run(run_id="mine")
        result = await run.start(input_data=1)
        assert (result.status, result.run_id) == ("success", "mine")
        again = await workflow.create_run(run_id="mine")
        assert again.run_id == "mine"
        assert (await workflow.list_workflow_runs()).total == 1
        assert (await again.restart()).result == 1

    world.run(scenario())


def test_g1_a_run_id_of_another_workflow_is_taken(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        one, other = chain("one", steps.echo("a")), chain("other", steps.echo("a"))
        world.engine(one, other)
        await one.create_run(run_id="mine")
        with pytest.raises(RunIdTaken) as caught:
            await other.create_run(run_id="mine")
        assert caught.value.code == "run_id_taken"

    world.run(scenario())


def test_g2_g5_a_run_suspends_and_goes_on_with_the_answer(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.inc("a"), steps.sus("sus"), steps.echo("c"))
        world.engine(workflow)
        run = await workflow.create_run()
        result = await run.start(input_data={"value": 1})
        assert result.status == "suspended"
        assert result.steps["sus"].status == "suspended"
        assert result.steps["sus"].suspend_payload == {"ask": "sus"}
        assert result.suspended == [["sus"]]
        assert result.suspend_payload == {"sus": {"ask": "sus"}}
        assert result.result is None
        assert "c" not in result.steps
        assert steps.calls["c"] == 0
        result = await run.resume(step="sus", resume_data={"answer": 42})
        assert result.status == "success"
        assert result.result == {"got": {"answer": 42}}
        assert result.steps["sus"].payload == {"value": 2}
        assert result.steps["sus"].resume_payload == {"answer": 42}
        assert result.steps["sus"].resumed_at >= result.steps["sus"].started_at
        assert steps.calls == {"a": 1, "sus": 2, "c": 1}

    world.run(scenario())


def test_g3_a_suspension_needs_no_payload(world: World, steps: Steps) -> None:
    async def ask(ctx: StepContext) -> Json:
        return await ctx.suspend()

    result = world.outcome(chain("wf", steps.step("ask", ask)))
    assert result.status == "suspended"
    assert result.steps["ask"].status == "suspended"
    assert result.suspend_payload == {}


def test_g4_a_payload_is_kept_as_it_was_given(world: World, steps: Steps) -> None:
    payload = {"approval_required": True, "requested_by": "ada", "amount": 500}
    step = steps.asking("step1", lambda ctx: "ok", payload, suspend_schema=Request)
    assert world.outcome(chain("wf", step)).steps["step1"].suspend_payload == payload


def test_g4_a_payload_against_its_schema_fails_the_step(world: World, steps: Steps) -> None:
    step = steps.asking("step1", lambda ctx: "ok", {"amount": "many"}, suspend_schema=Request)
    result = world.outcome(chain("wf", step))
    assert result.status == "failed"
    assert result.steps["step1"].error["name"] == "InvalidSuspendData"


def test_g6_an_arm_may_suspend(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf")
        .then(steps.give("check", {"needed": True}))
        .branch(
            [
                (lambda ctx: ctx.input_data["needed"], steps.sus("approval")),
                (lambda ctx: not ctx.input_data["needed"], steps.give("auto", 1)),
            ]
        )
        .commit()
    )
    result = world.outcome(workflow)
    assert result.status == "suspended"
    assert result.steps["approval"].status == "suspended"
    assert result.steps["approval"].suspend_payload == {"ask": "approval"}
    assert steps.calls["auto"] == 0


def test_g7_state_set_before_a_suspension_is_kept(world: World, steps: Steps) -> None:
    async def ask(ctx: StepContext) -> Json:
        if ctx.resume_data is None:
            await ctx.set_state({"asked": True})
            return await ctx.suspend({})
        return plain(ctx.state)

    async def scenario() -> None:
        run = await world.suspended(chain("wf", steps.step("ask", ask), steps.echo("next")), {})
        assert steps.calls["next"] == 0
        assert (await run.resume(resume_data=1)).result == {"asked": True}

    world.run(scenario())


def test_g8_parallel_one_suspends(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").parallel([steps.give("ok", 1), steps.sus("sus")]).commit()
    result = world.outcome(workflow)
    assert result.status == "suspended"
    assert (result.steps["ok"].status, result.steps["ok"].output) == ("success", 1)
    assert result.steps["sus"].status == "suspended"
    assert result.steps["sus"].suspend_payload == {"ask": "sus"}


def test_g8_a_failed_member_outranks_a_suspended_one(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").parallel([steps.sus("sus"), steps.boom("bad")]).commit()
    assert world.outcome(workflow).status == "failed"


def test_g10_two_suspended_arms_are_resumed_one_by_one(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        arms = [(yes, steps.sus("first-arm")), (yes, steps.sus("second-arm"))]
        workflow = create_workflow(id="wf").branch(arms).commit()
        world.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data={})).suspended == [["first-arm"], ["second-arm"]]
        with pytest.raises(AmbiguousStep, match=r"first-arm.*second-arm") as caught:
            await run.resume(resume_data=1)
        assert caught.value.code == "ambiguous_step"
        result = await run.resume(step="first-arm", resume_data=1)
        assert result.status == "suspended"
        assert result.suspended == [["second-arm"]]

    world.run(scenario())


@pytest.mark.parametrize("choice", [{"step": "sus"}, {}, {"step": ["sus"]}])
def test_g11_one_suspension_needs_no_name(world: World, steps: Steps, choice: Json) -> None:
    async def scenario() -> None:
        run = await world.suspended(chain("wf", steps.sus("sus")))
        assert (await run.resume(resume_data=5, **choice)).result == {"got": 5}

    world.run(scenario())


def test_g11_a_step_object_names_its_suspension(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        sus = steps.sus("sus")
        run = await world.suspended(chain("wf", sus))
        assert (await run.resume(step=sus, resume_data=5)).result == {"got": 5}

    world.run(scenario())


def test_g12_g28_a_finished_run_is_not_suspended(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await world.suspended(chain("wf", steps.sus("sus")))
        await run.resume(resume_data=5)
        calls = dict(steps.calls)
        with pytest.raises(NotSuspended, match=r"(?i)not suspended") as caught:
            await run.resume(resume_data=5)
        assert caught.value.code == "not_suspended"
        assert dict(steps.calls) == calls

    world.run(scenario())


def test_g14_invalid_resume_data_leaves_the_run_suspended(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        step = steps.asking("ask", lambda ctx: ctx.resume_data.value + 1, resume_schema=Value)
        workflow = chain("wf", step)
        run = await world.suspended(workflow)
        with pytest.raises(InvalidResumeData) as caught:
            await run.resume(resume_data={"number": 2})
        assert [error["path"] for error in caught.value.errors] == ["value"]
        assert caught.value.errors[0]["message"] in str(caught.value)
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "suspended"
        assert (await run.resume(resume_data={"value": 21})).result == 22

    world.run(scenario())


def test_g15_defaults_of_the_resume_data_are_filled_in(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        step = steps.asking("ask", lambda ctx: ctx.resume_data.value + 1, resume_schema=Answer)
        run = await world.suspended(chain("wf", step))
        assert (await run.resume(resume_data={})).result == 22

    world.run(scenario())


def labelled(steps: Steps) -> StepLike:
    async def ask(ctx: StepContext) -> Json:
        if ctx.resume_data is None:
            return await ctx.suspend({"why": "label"}, resume_label="my-custom-label")
        return ctx.resume_data

    return steps.step("ask", ask)


def test_g16_a_label_names_a_suspension(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", labelled(steps))
        world.engine(workflow)
        run = await workflow.create_run()
        result = await run.start(input_data={})
        assert result.resume_labels == {"my-custom-label": "ask"}
        result = await run.resume(label="my-custom-label", resume_data={"x": 1})
        assert (result.status, result.result) == ("success", {"x": 1})

    world.run(scenario())


@pytest.mark.parametrize("choice", [{"label": "unknown"}, {"step": "unknown"}], ids=["label", "step"])
def test_g17_an_unknown_label_or_step_is_refused(world: World, steps: Steps, choice: Json) -> None:
    async def scenario() -> None:
        workflow = chain("wf", labelled(steps))
        run = await world.suspended(workflow)
        with pytest.raises(UnknownStep) as caught:
            await run.resume(resume_data=1, **choice)
        assert caught.value.code == "unknown_step"
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "suspended"
        assert steps.calls["ask"] == 1

    world.run(scenario())


def test_g17_a_known_step_that_is_not_suspended_is_refused(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await world.suspended(chain("wf", steps.echo("a"), steps.sus("sus")))
        with pytest.raises(NotSuspended):
            await run.resume(step="a", resume_data=1)

    world.run(scenario())


def test_g18_the_resumed_step_reads_what_it_suspended_with(world: World, steps: Steps) -> None:
    async def ask(ctx: StepContext) -> Json:
        if ctx.resume_data is None:
            payload = {"reason": "User confirmation required", "original_value": ctx.input_data["value"]}
            return await ctx.suspend(payload)
        seen = plain(ctx.suspend_data)
        return f"Processed {seen['original_value']} after {seen['reason']}"

    async def scenario() -> None:
        run = await world.suspended(chain("wf", steps.step("ask", ask)), {"value": "test-value"})
        result = await run.resume(resume_data={"confirmed": True})
        assert result.result == "Processed test-value after User confirmation required"

    world.run(scenario())
