"""Section I: nested workflows."""

from __future__ import annotations

import pytest

from tests.engine.conformance.fixtures import (
    Json,
    RunLike,
    StepLike,
    Steps,
    Value,
    WorkflowLike,
    World,
    chain,
    restarted,
)
from workflows_app import StepContext, clone_workflow, create_workflow
from workflows_app.errors import InvalidResumeData, RunError


def test_i1_a_nested_workflow_is_one_step_with_steps_below_it(world: World, steps: Steps) -> None:
    nested = chain("nested", steps.inc("a"), steps.inc("b", by=10))
    result = world.outcome(chain("outer", nested, steps.echo("final")), {"value": 1})
    assert result.steps["nested"].status == "success"
    assert result.steps["nested"].output == {"value": 12}
    assert result.steps["nested.a"].output == {"value": 2}
    assert result.steps["nested.b"].output == {"value": 12}
    assert steps.inputs["final"] == [{"value": 12}]
    assert result.step_execution_path == ["nested", "nested.a", "nested.b", "final"]


def test_i1_one_run_is_listed_for_a_nested_workflow(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        nested = chain("nested", steps.echo("a"))
        outer = chain("outer", nested)
        world.engine(outer, nested)
        await (await outer.create_run()).start(input_data=1)
        assert (await outer.list_workflow_runs()).total == 1
        assert (await nested.list_workflow_runs()).total == 0

    world.run(scenario())


def test_i1_inner_results_are_out_of_reach(world: World, steps: Steps) -> None:
    def reach(ctx: StepContext) -> Json:
        return [ctx.get_step_result(id) for id in ("nested", "a", "nested.a")]

    result = world.outcome(chain("outer", chain("nested", steps.give("a", 1)), steps.step("reach", reach)))
    assert result.result == [1, None, None]


def test_i2_a_failing_inner_step_fails_all_above_it(world: World, steps: Steps) -> None:
    nested = chain("nested", steps.boom("bad", ValueError("deep inside")))
    result = world.outcome(chain("outer", nested, steps.echo("final")))
    assert result.status == "failed"
    assert result.steps["nested"].status == "failed"
    assert result.steps["nested.bad"].status == "failed"
    assert result.error == result.steps["nested.bad"].error
    assert result.error["message"] == "deep inside"
    assert steps.calls["final"] == 0


def test_i3_the_parents_output_is_the_nested_input(world: World, steps: Steps) -> None:
    nested = chain("nested", steps.step("a", lambda ctx: ctx.get_init_data().value + 1), input_schema=Value)
    result = world.outcome(chain("outer", steps.give("before", {"value": 4, "more": 1}), nested))
    assert result.steps["nested"].payload == {"value": 4}
    assert result.result == 5


def test_i3_the_nested_input_is_validated(world: World, steps: Steps) -> None:
    nested = chain("nested", steps.echo("a"), input_schema=Value)
    result = world.outcome(chain("outer", steps.give("before", {"value": "no"}), nested))
    assert result.status == "failed"
    assert result.steps["nested"].error["name"] == "InvalidInput"
    assert steps.calls["a"] == 0


@pytest.mark.parametrize(("given", "chosen", "other"), [(1, "small", "large"), (100, "large", "small")])
def test_i4_a_branch_chooses_between_workflows(world: World, steps: Steps, given: int, chosen: str, other: str) -> None:
    workflow = (
        create_workflow(id="outer")
        .branch(
            [
                (lambda ctx: ctx.input_data < 10, chain("small", steps.echo("a"))),
                (lambda ctx: ctx.input_data >= 10, chain("large", steps.echo("b"))),
            ]
        )
        .commit()
    )
    result = world.outcome(workflow, given)
    assert result.result == {chosen: given}
    assert other not in result.steps


def test_i5_results_come_up_from_three_levels_down(world: World, steps: Steps) -> None:
    low = chain("low", steps.inc("c"))
    mid = chain("mid", steps.inc("b"), low)
    result = world.outcome(chain("top", steps.inc("a"), mid, steps.inc("d")), {"value": 0})
    assert result.result == {"value": 4}
    assert result.steps["mid.low.c"].output == {"value": 3}
    assert result.steps["mid.low"].output == result.steps["mid"].output == {"value": 3}


def test_i6_a_nested_suspension_is_named_by_its_path(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.echo("outer-step"), chain("nested", steps.sus("inner"))), 1)
    assert result.status == "suspended"
    assert result.steps["outer-step"].status == "success"
    assert result.steps["nested"].status == "suspended"
    assert result.suspended == [["nested", "inner"]]


def test_i6_every_suspended_leaf_is_named(world: World, steps: Steps) -> None:
    nested = create_workflow(id="nested").parallel([steps.sus("a"), steps.sus("b")]).commit()
    result = world.outcome(chain("wf", nested))
    assert result.suspended == [["nested", "a"], ["nested", "b"]]


class Nesting:
    """begin -> nested(start, other (suspends), final) -> last."""

    def __init__(self, steps: Steps) -> None:
        async def ask(ctx: StepContext) -> Json:
            if ctx.resume_data is None:
                return await ctx.suspend({"question": "how many?"})
            return {"new": ctx.input_data["new"] + ctx.resume_data.value}

        self.other = steps.step("other", ask, resume_schema=Value)
        start = steps.step("start", lambda ctx: {"new": ctx.input_data["value"] + 1})
        final = steps.step("final", lambda ctx: {"final_value": ctx.input_data["new"]})
        self.nested = chain("nested", start, self.other, final)
        self.workflow = chain("wf", steps.echo("begin"), self.nested, steps.echo("last"))

    async def suspended(self, world: World) -> RunLike:
        world.engine(self.workflow)
        run = await self.workflow.create_run()
        assert (await run.start(input_data={"value": 0})).suspended == [["nested", "other"]]
        return run


@pytest.mark.parametrize("way", ["nested id", "list", "text", "objects", "nothing"])
def test_i7_a_nested_step_is_resumed_by_any_of_its_names(world: World, steps: Steps, way: str) -> None:
    async def scenario() -> None:
        nesting = Nesting(steps)
        ways: dict[str, dict[str, Json]] = {
            "nested id": {"step": "nested"},
            "list": {"step": ["nested", "other"]},
            "text": {"step": "nested.other"},
            "objects": {"step": [nesting.nested, nesting.other]},
            "nothing": {},
        }
        run = await nesting.suspended(world)
        result = await run.resume(resume_data={"value": 26}, **ways[way])
        assert result.status == "success"
        assert result.steps["nested"].output == {"final_value": 27}
        assert result.result == {"final_value": 27}
        assert steps.calls == {"begin": 1, "start": 1, "other": 2, "final": 1, "last": 1}

    world.run(scenario())


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ({"step": "nested.nope", "resume_data": {"value": 1}}, RunError),
        ({"step": "nested.other", "resume_data": {"value": "x"}}, InvalidResumeData),
    ],
    ids=["wrong-path", "wrong-data"],
)
def test_i11_a_wrong_path_or_wrong_data_leaves_the_run_suspended(
    world: World, steps: Steps, choice: Json, error: type[Exception]
) -> None:
    async def scenario() -> None:
        nesting = Nesting(steps)
        run = await nesting.suspended(world)
        with pytest.raises(error):
            await run.resume(**choice)
        record = await nesting.workflow.get_workflow_run_by_id(run.run_id)
        assert (record.status, record.suspended) == ("suspended", [["nested", "other"]])
        assert steps.calls["other"] == 1

    world.run(scenario())


def test_i11_the_bare_leaf_is_refused_with_the_paths_that_would_do(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await Nesting(steps).suspended(world)
        with pytest.raises(RunError, match=r"nested\.other"):
            await run.resume(step="other", resume_data={"value": 1})

    world.run(scenario())


def test_i13_the_record_shows_the_leaf_and_a_clean_container(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", chain("inner-loop", steps.sus("inner-step")))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        leaf = (await workflow.get_workflow_run_by_id(run.run_id)).steps["inner-loop.inner-step"]
        assert (leaf.status, leaf.suspend_payload) == ("suspended", {"ask": "inner-step"})
        await run.resume(resume_data=1)
        container = (await workflow.get_workflow_run_by_id(run.run_id)).steps["inner-loop"]
        assert container.status == "success"
        assert (container.suspend_payload, container.suspended_at) == (None, None)

    world.run(scenario())


def test_i14_a_nested_label_works_from_outside(world: World, steps: Steps) -> None:
    async def ask(ctx: StepContext) -> Json:
        if ctx.resume_data is None:
            return await ctx.suspend({}, resume_label="deep")
        return ctx.resume_data

    async def scenario() -> None:
        workflow = chain("wf", chain("nested", steps.step("inner", ask)))
        world.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data={})).resume_labels == {"deep": "nested.inner"}
        assert (await run.resume(label="deep", resume_data=4)).result == 4

    world.run(scenario())


def test_i16_the_payload_of_a_nested_suspension_is_untouched(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", chain("nested", steps.sus("inner"))))
    assert result.suspend_payload == {"nested.inner": {"ask": "inner"}}
    assert result.steps["nested.inner"].suspend_payload == {"ask": "inner"}


def test_i19_per_step_pauses_inside_a_nested_workflow(world: World, steps: Steps) -> None:
    workflow = chain("wf", chain("nested", steps.inc("a"), steps.inc("b")))
    result = world.outcome(workflow, {"value": 0}, per_step=True)
    assert result.status == "paused"
    assert result.steps["nested"].status == "paused"
    assert result.steps["nested.a"].status == "success"
    assert steps.calls == {"a": 1}


def test_i20_nested_success_gives_the_nested_output(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", chain("nested", steps.give("inner", {"x": 1}))))
    assert (result.status, result.steps["nested"].status) == ("success", "success")
    assert result.result == {"x": 1}


def test_i20_a_bail_ends_only_the_nested_workflow(world: World, steps: Steps) -> None:
    nested = chain("nested", steps.step("stop", lambda ctx: ctx.bail("enough")), steps.echo("never"))
    result = world.outcome(chain("wf", nested, steps.echo("after")))
    assert (result.status, result.result) == ("success", "enough")
    assert steps.order == ["stop", "after"]


def logging_step(steps: Steps, id: str) -> StepLike:
    async def log(ctx: StepContext) -> None:
        await ctx.set_state({"log": [*ctx.state["log"], id]})

    return steps.step(id, log)


async def state_after_crash(world: World, steps: Steps, build: object) -> Json:
    run = await world.begun(build(), {}, initial_state={"log": []})  # type: ignore[operator]
    await steps.called("hung")
    workflow: WorkflowLike = build()  # type: ignore[operator]
    world.restart_process(workflow)
    result = await restarted(await workflow.create_run(run_id=run.run_id))
    assert result.status == "success"
    return (await workflow.get_workflow_run_by_id(run.run_id)).state


def test_i21_nested_state_is_kept_over_a_crash(world: World, steps: Steps) -> None:
    def build() -> WorkflowLike:
        nested = chain("nested", logging_step(steps, "first"), logging_step(steps, "second"), steps.hung("hung"))
        return chain("wf", nested)

    assert world.run(state_after_crash(world, steps, build)) == {"log": ["first", "second"]}


def test_i21_a_nested_workflow_not_yet_begun_starts_with_the_parents_state(world: World, steps: Steps) -> None:
    def build() -> WorkflowLike:
        nested = chain("nested", logging_step(steps, "first"), logging_step(steps, "second"))
        return chain("wf", logging_step(steps, "parent"), steps.hung("hung"), nested)

    assert world.run(state_after_crash(world, steps, build)) == {"log": ["parent", "first", "second"]}


def test_i25_a_clone_is_a_step_of_its_own(world: World, steps: Steps) -> None:
    original = chain("original", steps.inc("a"))
    clone = clone_workflow(original, id="clone")
    result = world.outcome(chain("wf", original, clone, steps.echo("last")), {"value": 0})
    assert result.steps["original"].output == {"value": 1}
    assert result.steps["clone"].output == {"value": 2}
    assert result.steps["last"].payload == {"value": 2}
