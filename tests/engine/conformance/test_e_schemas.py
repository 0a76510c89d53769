"""Section E: schemas, state and request context."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from tests.engine.conformance.fixtures import (
    Json,
    Options,
    StepLike,
    Steps,
    Value,
    WorkflowLike,
    World,
    chain,
    plain,
)
from workflows_app import RequestContext, StepContext, create_workflow
from workflows_app.errors import InvalidData, InvalidInput, InvalidRequestContext


class WithDefault(BaseModel):
    name: str
    size: int = 7


class OnlyX(BaseModel):
    x: int


class Caller(BaseModel):
    user: str


class Counter(BaseModel):
    counter: int = 0


def setting(steps: Steps, id: str, partial: Json, **options: Options) -> StepLike:
    async def set_state(ctx: StepContext) -> Json:
        await ctx.set_state(partial)
        return plain(ctx.state)

    return steps.step(id, set_state, **options)


def reading(steps: Steps, id: str = "read", **options: Options) -> StepLike:
    return steps.step(id, lambda ctx: plain(ctx.state), **options)


def test_e1_invalid_input_is_refused_and_the_run_can_start_again(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.inc("a"), input_schema=Value)
        world.engine(workflow)
        run = await workflow.create_run()
        with pytest.raises(InvalidInput) as caught:
            await run.start(input_data={"value": "not a number"})
        assert caught.value.code == "invalid_input"
        assert [error["path"] for error in caught.value.errors] == ["value"]
        assert all(error["message"] for error in caught.value.errors)
        assert "- value: " in str(caught.value)
        assert caught.value.errors[0]["message"] in str(caught.value)
        assert steps.calls["a"] == 0
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "pending"
        assert (await run.start(input_data={"value": 1})).result == {"value": 2}

    world.run(scenario())


def test_e1_the_path_of_a_nested_value_is_dotted(world: World, steps: Steps) -> None:
    class Order(BaseModel):
        lines: list[OnlyX]

    async def scenario() -> None:
        with pytest.raises(InvalidInput) as caught:
            await world.start(chain("wf", steps.echo("a"), input_schema=Order), {"lines": [{"x": "no"}]})
        assert [error["path"] for error in caught.value.errors] == ["lines.0.x"]

    world.run(scenario())


def test_e2_defaults_of_the_input_are_filled_in(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.echo("a"), input_schema=WithDefault), {"name": "n"})
    assert steps.inputs["a"] == [{"name": "n", "size": 7}]
    assert result.input == {"name": "n", "size": 7}


def test_e4_defaults_of_a_steps_input_are_filled_in(world: World, steps: Steps) -> None:
    workflow = chain("wf", steps.give("a", {"name": "n"}), steps.echo("b", input_schema=WithDefault))
    world.outcome(workflow)
    assert steps.inputs["b"] == [{"name": "n", "size": 7}]


def test_e4_invalid_step_input_fails_the_step(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.give("a", {"value": "x"}), steps.inc("b")))
    assert result.status == "failed"
    assert result.steps["b"].status == "failed"
    assert result.steps["b"].error["name"] == "InvalidInput"
    assert steps.calls["b"] == 0


def test_e5_unknown_keys_are_stripped(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.give("a", {"x": 1, "y": 2, "z": 3}), steps.echo("b", input_schema=OnlyX)))
    assert result.status == "success"
    assert steps.inputs["b"] == [{"x": 1}]


def test_e7_state_set_in_a_nested_workflow_reaches_the_parent(world: World, steps: Steps) -> None:
    child = chain("child", setting(steps, "inner", {"value": "test-state!!!"}))
    result = world.outcome(chain("wf", child, reading(steps)), {}, initial_state={"value": "old"})
    assert result.result == {"value": "test-state!!!"}


def test_e8_a_nested_step_sees_the_parents_state(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", chain("child", reading(steps))), {}, initial_state={"value": "parent's"})
    assert result.result == {"value": "parent's"}


def test_e9_set_state_merges_and_shows_in_the_next_step(world: World, steps: Steps) -> None:
    result = world.outcome(
        chain("wf", setting(steps, "set", {"a": 1}), reading(steps)), {}, initial_state={"a": 0, "b": 2}
    )
    assert result.steps["set"].output == {"a": 0, "b": 2}
    assert result.steps["read"].output == {"a": 1, "b": 2}


def test_e9_update_state_builds_on_the_latest_state(world: World, steps: Steps) -> None:
    async def add_one(ctx: StepContext) -> None:
        await ctx.update_state(lambda state: {"n": state["n"] + 1})

    members = [steps.step(id, add_one) for id in ("a", "b", "c")]
    workflow = create_workflow(id="wf").parallel(members).then(reading(steps)).commit()
    assert world.outcome(workflow, {}, initial_state={"n": 0}).result == {"n": 3}


def test_e9_the_state_in_a_step_is_a_copy(world: World, steps: Steps) -> None:
    def tamper(ctx: StepContext) -> None:
        ctx.state["a"] = "tampered"

    workflow = chain("wf", steps.step("tamper", tamper), reading(steps))
    assert world.outcome(workflow, {}, initial_state={"a": 0}).result == {"a": 0}


def test_e12_state_against_the_steps_schema_fails_the_step(world: World, steps: Steps) -> None:
    bad = setting(steps, "set", {"counter": "not a number"}, state_schema=Counter)
    result = world.outcome(chain("wf", bad, state_schema=Counter), {}, initial_state={"counter": 0})
    assert result.status == "failed"
    assert result.steps["set"].status == "failed"
    assert result.steps["set"].error["name"] == "InvalidState"


def test_e12_a_partial_state_is_enough(world: World, steps: Steps) -> None:
    class Two(BaseModel):
        a: int
        b: int

    workflow = chain("wf", setting(steps, "set", {"a": 1}), reading(steps), state_schema=Two)
    assert world.outcome(workflow, {}, initial_state={"a": 0, "b": 2}).result == {"a": 1, "b": 2}


def test_e15_callbacks_see_the_final_state(world: World, steps: Steps) -> None:
    seen: list[Json] = []
    workflow = chain("wf", setting(steps, "set", {"counter": 1}), on_finish=lambda info: seen.append(plain(info.state)))
    world.outcome(workflow, {}, initial_state={"counter": 0})
    assert seen == [{"counter": 1}]


@pytest.mark.parametrize(("wanted", "expected"), [(True, {"counter": 1}), (False, None)])
def test_e16_the_result_has_the_state_when_asked_for(world: World, steps: Steps, wanted: bool, expected: Json) -> None:
    workflow = chain("wf", setting(steps, "set", {"counter": 1}))
    result = world.outcome(workflow, {}, initial_state={"counter": 0}, include_state=wanted)
    assert plain(result.state) == expected


@pytest.mark.parametrize("wrap", [dict, RequestContext])
def test_e17_a_step_reads_the_request_context(world: World, steps: Steps, wrap: type) -> None:
    workflow = chain("wf", steps.step("a", lambda ctx: ctx.request_context.get("tier")))
    assert world.outcome(workflow, {}, request_context=wrap({"tier": "pro"})).result == "pro"


def test_e18_a_value_set_in_one_step_is_read_in_the_next(world: World, steps: Steps) -> None:
    workflow = chain(
        "wf",
        steps.step("a", lambda ctx: ctx.request_context.set("from-a", 5)),
        steps.step("b", lambda ctx: [ctx.request_context.get("from-a"), ctx.request_context.has("nope")]),
    )
    assert world.outcome(workflow, {}).result == [5, False]


def guarded(steps: Steps) -> WorkflowLike:
    return chain("guarded-wf", steps.give("a", "ran"), request_context_schema=Caller)


def test_e19_a_valid_request_context_passes(world: World, steps: Steps) -> None:
    assert world.outcome(guarded(steps), {}, request_context={"user": "ada"}).result == "ran"


@pytest.mark.parametrize("context", [{}, {"user": 5}], ids=["e20-missing", "e21-wrong-type"])
def test_e20_e21_e22_an_invalid_request_context_is_refused_before_any_step(
    world: World, steps: Steps, context: Json
) -> None:
    async def scenario() -> None:
        with pytest.raises(InvalidRequestContext, match="guarded-wf") as caught:
            await world.start(guarded(steps), {}, request_context=context)
        assert isinstance(caught.value, InvalidData)
        assert caught.value.code == "invalid_request_context"
        assert [error["path"] for error in caught.value.errors] == ["user"]
        assert steps.calls["a"] == 0

    world.run(scenario())


@pytest.mark.parametrize("options", [{}, {"request_context": {"anything": 1}}])
def test_e24_without_a_schema_any_context_will_do(world: World, steps: Steps, options: Json) -> None:
    assert world.outcome(chain("wf", steps.give("a", "ran")), {}, **options).result == "ran"


def test_e25_the_request_context_is_a_mapping(world: World, steps: Steps) -> None:
    workflow = chain("wf", steps.step("a", lambda ctx: dict(ctx.request_context)))
    assert world.outcome(workflow, {}, request_context={"a": 1, "b": [2]}).result == {"a": 1, "b": [2]}


@pytest.mark.parametrize("fresh", [False, True])
def test_e26_the_request_context_survives_a_suspension(world: World, steps: Steps, fresh: bool) -> None:
    def build() -> WorkflowLike:
        async def ask(ctx: StepContext) -> Json:
            if ctx.resume_data is None:
                ctx.request_context.set("note", "kept")
                return await ctx.suspend({})
            return ctx.request_context.get("note")

        read = steps.step("read", lambda ctx: [ctx.input_data, ctx.request_context.get("note")])
        return chain("wf", steps.step("ask", ask), read)

    async def scenario() -> None:
        workflow = build()
        world.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data={})).status == "suspended"
        if fresh:
            workflow = build()
            world.restart_process(workflow)
            run = await workflow.create_run(run_id=run.run_id)
        assert (await run.resume(resume_data=True)).result == ["kept", "kept"]

    world.run(scenario())


def test_a_step_of_a_workflow_that_validates_nothing_gets_any_answer(world: World, steps: Steps) -> None:
    async def ask(ctx: StepContext) -> Json:
        return await ctx.suspend({"y": 1}) if ctx.resume_data is None else ctx.resume_data

    async def scenario() -> None:
        asking = steps.step("ask", ask, suspend_schema=OnlyX, resume_schema=OnlyX)
        workflow = chain("wf", asking, validate_inputs=False)
        world.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data={})).status == "suspended"
        assert (await run.resume(resume_data={"x": "no number"})).result == {"x": "no number"}

    world.run(scenario())
