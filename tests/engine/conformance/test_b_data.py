"""Section B: data passing, map and templates."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.conformance.fixtures import Steps, World, plain
from workflows_app import StepContext, const, create_workflow, from_context, from_init, from_step, template
from workflows_app.errors import WorkflowsError


class Greeting(BaseModel):
    name: str
    mood: str = "calm"


def test_b1_a_step_sees_the_fields_of_the_input(world: World, steps: Steps) -> None:
    step = steps.step("s", lambda ctx: f"{ctx.input_data.name} is {ctx.input_data.mood}", input_schema=Greeting)
    workflow = create_workflow(id="wf", input_schema=Greeting).then(step).commit()
    assert world.outcome(workflow, {"name": "Ada", "mood": "glad"}).result == "Ada is glad"


def test_b2_a_step_reads_earlier_results_by_step_and_by_id(world: World, steps: Steps) -> None:
    a = steps.give("a", {"x": 1})
    b = steps.step("b", lambda ctx: [ctx.get_step_result(a), ctx.get_step_result("a"), ctx.get_step_result("not-run")])
    result = world.outcome(create_workflow(id="wf").then(a).then(b).commit())
    assert result.result == [{"x": 1}, {"x": 1}, None]


def test_b3_the_original_parsed_input_stays_at_hand(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf", input_schema=Greeting)
        .then(steps.give("a", 1))
        .then(steps.give("b", 2))
        .then(steps.step("c", lambda ctx: plain(ctx.get_init_data())))
        .commit()
    )
    assert world.outcome(workflow, {"name": "Ada"}).result == {"name": "Ada", "mood": "calm"}


def test_b4_a_map_takes_a_path_out_of_a_step(world: World, steps: Steps) -> None:
    a = steps.give("a", {"nested": {"value": "x"}})
    workflow = (
        create_workflow(id="wf")
        .then(a)
        .map({"prev_value": from_step(a, "nested.value")})
        .then(steps.echo("b"))
        .commit()
    )
    assert world.outcome(workflow).steps["b"].payload == {"prev_value": "x"}


def test_b5_a_map_gives_constants(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").map({"k": const("target"), "n": const(5)}).then(steps.echo("b")).commit()
    assert world.outcome(workflow).steps["b"].payload == {"k": "target", "n": 5}


def test_b5_a_map_reads_input_and_request_context(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf").then(steps.give("a", 1)).map({"i": from_init("x"), "c": from_context("user")}).commit()
    )
    assert world.outcome(workflow, {"x": 7}, request_context={"user": "ada"}).result == {"i": 7, "c": "ada"}


def test_b6_a_map_may_be_an_async_function(world: World, steps: Steps) -> None:
    async def candidates(ctx: StepContext) -> dict[str, Any]:
        return {"candidates": [ctx.input_data["x"], ctx.input_data["x"] * 2]}

    workflow = create_workflow(id="wf").map(candidates).then(steps.echo("b")).commit()
    assert world.outcome(workflow, {"x": 3}).steps["b"].payload == {"candidates": [3, 6]}


def test_b7_functions_and_paths_stand_side_by_side(world: World, steps: Steps) -> None:
    a = steps.give("a", {"x": {"y": 4}})
    workflow = (
        create_workflow(id="wf")
        .then(a)
        .map({"path": from_step("a", "x.y"), "computed": lambda ctx: ctx.input_data["x"]["y"] + 1})
        .commit()
    )
    assert world.outcome(workflow).result == {"path": 4, "computed": 5}


def test_b8_a_map_with_an_id_is_a_step_of_that_id(world: World) -> None:
    workflow = create_workflow(id="wf").map(lambda ctx: {"mapped": True}, id="step1-mapping").commit()
    result = world.outcome(workflow)
    assert result.steps["step1-mapping"].status == "success"
    assert result.steps["step1-mapping"].output == {"mapped": True}


def rendered(world: World, text: str, data: object, **options: Any) -> object:
    workflow = create_workflow(id="wf").map({"text": template(text)}).commit()
    return world.outcome(workflow, data, **options).result["text"]


def test_b10_a_template_reads_the_step_input(world: World) -> None:
    text = "${inputData.name} is ${inputData.temp}°C"
    assert rendered(world, text, {"name": "Helsinki", "temp": 22}) == "Helsinki is 22°C"


def test_b11_a_template_reads_all_sources(world: World, steps: Steps) -> None:
    text = "${initData.a} ${inputData.b} ${state.c} ${requestContext.d} ${stepResults.one.b}"
    workflow = create_workflow(id="wf").then(steps.give("one", {"b": "B"})).map({"text": template(text)}).commit()
    result = world.outcome(workflow, {"a": "A"}, initial_state={"c": "C"}, request_context={"d": "D"})
    assert result.result == {"text": "A B C D B"}


def test_b13_an_object_renders_as_compact_json(world: World) -> None:
    assert rendered(world, "<${inputData.o}>", {"o": {"a": 1, "b": [1, 2]}}) == '<{"a":1,"b":[1,2]}>'


def test_b14_nothing_renders_as_empty_text(world: World) -> None:
    assert rendered(world, "a=${inputData.a} b=[${inputData.b}]", {"a": "x", "b": None}) == "a=x b=[]"


def test_b15_an_unknown_step_fails_the_mapping(world: World) -> None:
    workflow = create_workflow(id="wf").map({"t": template("${stepResults.nope.x}")}, id="m").commit()
    result = world.outcome(workflow)
    assert result.status == "failed"
    assert result.steps["m"].status == "failed"


def test_b15_a_missing_key_renders_as_empty_text(world: World) -> None:
    assert rendered(world, "[${inputData.nope}]", {"a": 1}) == "[]"


def test_b16_an_unknown_namespace_is_refused_when_built() -> None:
    with pytest.raises(WorkflowsError):
        create_workflow(id="wf").map({"t": template("${foo.bar}")})


LONG = "word ${inputData.a} " * 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("no placeholders", "no placeholders"),
        ("${inputData.a}${inputData.b}", "AB"),
        ("$5 then ${inputData.a}", "$5 then A"),
        ("${inputData.list.0.name}", "first"),
        ("one\n${inputData.a}\nthree\n", "one\nA\nthree\n"),
        (LONG, "word A " * 100),
    ],
)
def test_b17_edge_texts(world: World, text: str, expected: str) -> None:
    assert rendered(world, text, {"a": "A", "b": "B", "list": [{"name": "first"}]}) == expected


def test_b18_mapping_ids_are_the_same_in_every_build(world: World) -> None:
    for _ in range(2):
        workflow = (
            create_workflow(id="wf").map(lambda ctx: 1).map(lambda ctx: 2).map(lambda ctx: 3, id="explicit").commit()
        )
        assert list(world.outcome(workflow).steps) == ["mapping_wf_0", "mapping_wf_1", "explicit"]


def test_b18_mapping_ids_of_parent_and_child_do_not_collide(world: World) -> None:
    child = create_workflow(id="child").map(lambda ctx: "inner").commit()
    parent = create_workflow(id="parent").map(lambda ctx: "outer").then(child).commit()
    result = world.outcome(parent)
    assert result.steps["mapping_parent_0"].output == "outer"
    assert result.steps["child.mapping_child_0"].output == "inner"


def test_b21_a_map_after_a_foreach_sums_its_items(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf")
        .foreach(steps.step("add", lambda ctx: ctx.input_data + 11))
        .map(lambda ctx: {"inputValue": sum(ctx.input_data)}, id="map-step")
        .then(steps.echo("final"))
        .commit()
    )
    result = world.outcome(workflow, [1, 22, 333])
    assert result.steps["map-step"].output == {"inputValue": 389}
    assert steps.inputs["final"] == [{"inputValue": 389}]
