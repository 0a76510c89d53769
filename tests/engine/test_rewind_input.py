"""Rewinds with data: in whose place it stands, and that it must fit."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.simulator import Simulator
from tests.engine.travel import echo, finished, nested, new, outputs, plan, travelled, worked
from workflows_app import Workflow, create_step, create_workflow
from workflows_app.engine.snapshot import execution_path
from workflows_app.errors import InvalidInput


def test_given_data_becomes_the_output_of_the_entry_before() -> None:
    world = finished(new().then(echo("a")).then(echo("b")))
    assert travelled(world, "b", input_data=10) == 11
    assert outputs(world) == {"a": 10, "b": 11}


def test_given_data_for_the_first_entry_becomes_the_input_of_the_run() -> None:
    world = finished(new(input_schema=int).then(echo("a")).then(echo("b")))
    assert travelled(world, "a", input_data=10) == 12
    assert world.history.input.data == 10
    with pytest.raises(InvalidInput):
        plan(world, "a", input_data="x")


@pytest.mark.parametrize("before", ["step", "nested", "foreach", "loop", "sleep"])
def test_given_data_stands_where_any_single_entry_was(before: str) -> None:
    inner = create_workflow(id="inner").then(echo("i")).commit()
    match before:
        case "step":
            workflow = new().then(echo("a"))
        case "nested":
            workflow = new().then(inner)
        case "foreach":
            workflow = new().foreach(echo("a"), timeout=1_000)
        case "loop":
            workflow = new().dountil(echo("a"), twice)
        case _:
            workflow = new().sleep(0, id="a")
    world = worked(Simulator(workflow.then(echo("b")).commit(), [1]))
    assert travelled(world, "b", input_data=10) == 11
    assert outputs(world)[{"nested": "inner", "loop": "a#2"}.get(before, "a")] == 10


def test_given_data_reaches_a_member_of_a_block_as_what_came_before_it() -> None:
    world = finished(new().then(echo("a")).parallel([echo("b"), [echo("c"), echo("d")]]))
    assert travelled(world, "b", input_data=10) == {"b": 11, "d": 4}
    assert outputs(world)["a"] == 10
    assert travelled(world, "c", input_data=20) == {"b": 11, "d": 22}
    assert outputs(world)["a"] == 20


def test_given_data_within_an_arm_is_the_targets_own_input() -> None:
    world = finished(new().then(echo("a")).parallel([echo("b"), [echo("c"), echo("d")]]).then(echo("z", 0)))
    assert travelled(world, "d", input_data=10) == {"b": 3, "d": 11}
    assert outputs(world)["a"] == 2


def test_given_data_after_a_block_is_the_targets_own_input() -> None:
    world = finished(new().parallel([echo("a")]).then(echo("z")))
    assert travelled(world, "z", input_data=10) == 11
    assert outputs(world)["a"] == 2


def test_given_data_for_an_item_is_the_items_own_input() -> None:
    world = finished(new().then(echo("a", 0)).foreach(echo("it")), [1, 2, 3])
    assert travelled(world, "it[1]", input_data=10) == [2, 11, 4]
    assert outputs(world)["a"] == [1, 2, 3]


class Line(BaseModel):
    sku: str
    count: int = 1


@pytest.mark.parametrize("is_workflow", [True, False])
def test_given_data_for_a_foreach_is_a_list_of_what_its_body_takes(is_workflow: bool) -> None:
    step = create_step(id="it", input_schema=Line, execute=lambda ctx: ctx.input_data)
    body = create_workflow(id="it", input_schema=Line).then(echo("x")).commit() if is_workflow else step
    world = finished(new().then(echo("a")).foreach(body).then(echo("z")), [{"sku": "a"}])
    given = [{"sku": "b"}, {"sku": "c", "count": 2}]
    assert travelled(world, "it", input_data=given) == [{"sku": "b", "count": 1}, {"sku": "c", "count": 2}]
    assert travelled(world, "it[1]", input_data={"sku": "d"})[1] == {"sku": "d", "count": 1}
    for wrong, path in (([{"sku": "b"}, {}], "1.sku"), ({"sku": "b"}, "value")):
        with pytest.raises(InvalidInput) as refused:
            plan(world, "it", input_data=wrong)
        assert [error["path"] for error in refused.value.errors] == [path]


def test_given_data_for_a_foreach_of_anything_is_a_list() -> None:
    world = finished(new().foreach(echo("it")), [1])
    assert travelled(world, "it", input_data=[4, 5]) == [5, 6]
    with pytest.raises(InvalidInput):
        plan(world, "it", input_data=4)


@pytest.mark.parametrize("step", ["inner.x", "inner.y"])
def test_given_data_for_a_step_of_a_nested_workflow_is_that_steps_input(step: str) -> None:
    world = finished(nested())
    travelled(world, step, input_data=10)
    assert world.history.records[step].input.data == 10


@pytest.mark.parametrize(
    ("step", "options", "result"),
    [("a", {"input_data": 10}, 13), ("b", {"input_data": 10}, 12), ("c", {"context": {"b": {"output": 7}}}, 8)],
)
def test_given_data_takes_the_place_of_what_came_before(step: str, options: Any, result: int) -> None:
    world = finished(new().then(echo("a")).then(echo("b")).then(echo("c")))
    assert travelled(world, step, **options) == result


@pytest.mark.parametrize("before", ["nothing", "step", "loop", "block"])
@pytest.mark.parametrize("target", ["l", "inner"])
def test_given_data_is_what_a_loop_begins_with(before: str, target: str) -> None:
    inner = create_workflow(id="inner", input_schema=int).then(echo("x")).commit()
    workflow = preceded(before).dowhile(inner if target == "inner" else echo("l"), small)
    world = finished(workflow, 0)
    assert travelled(world, target, input_data=7) == 9
    record = world.history.find(target)
    assert record is not None
    assert (record.iteration_count, world.history.records[f"{target}#1"].input.data) == (2, 7)


def small(ctx: Any) -> bool:
    return isinstance(ctx.input_data, int) and ctx.input_data < 9


def preceded(before: str) -> Workflow:
    match before:
        case "step":
            return new().then(echo("a"))
        case "loop":
            return new().dountil(echo("a"), twice)
        case "block":
            return new().map(lambda ctx: 0).parallel([echo("a")], id="block")
    return new()


@pytest.mark.parametrize("before", ["nothing", "step", "loop", "block"])
def test_given_data_passes_through_a_sleep(before: str) -> None:
    world = finished(preceded(before).sleep(1, id="nap").then(echo("z", 0)), 0)
    assert travelled(world, "nap", input_data=7) == 7
    assert world.history.records["nap"].input.data == 7


def test_given_data_reaches_a_wait_that_begins_anew() -> None:
    world = worked(Simulator(preceded("block").wait_for_event("e", id="wait").commit(), 0))
    world.turn([plan(world, "wait", input_data=7)])
    record = worked(world).history.records["wait"]
    assert (world.history.status, record.status, record.input.data) == ("suspended", "suspended", 7)


def test_a_rewind_names_what_starts_again_once_more() -> None:
    inner = create_workflow(id="inner").then(echo("x")).commit()
    loops = new().dountil(echo("l"), twice).dountil(inner, twice).sleep(0, id="nap")
    world = finished(loops, 0)
    once = ["l", "inner", "inner.x", "nap"]
    assert execution_path(world.history) == once
    travelled(world, "l")
    assert execution_path(world.history) == once * 2
    travelled(world, "inner")
    assert execution_path(world.history) == [*once * 2, *once[1:]]


def twice(ctx: Any) -> bool:
    return bool(ctx.iteration_count == 2)
