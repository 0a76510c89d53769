"""Rewinds of runs that ended before their time: by a bail, a failure, a time limit or a cancel."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.simulator import Simulator, randomly
from tests.engine.travel import broken, echo, finished, new, plan, travelled, worked
from workflows_app import RetryPolicy, Workflow, create_step, create_workflow
from workflows_app.engine.schema import Value


@pytest.mark.parametrize("start", [[1, 2], 1])
def test_what_ended_early_before_the_target_ends_nothing_any_more(start: Any) -> None:
    bailing = create_step(id="a", execute=lambda ctx: ctx.bail(5))
    workflow = new().foreach(bailing) if isinstance(start, list) else new().then(bailing)
    world = finished(workflow.then(echo("b")), start)
    assert world.history.records["a"].status == "bailed"
    assert travelled(world, "b") == 6


def limited(seconds: float, **options: Any) -> Workflow:
    return new(**options).parallel([echo("a"), echo("b")], timeout=seconds, id="block").then(echo("z", 0))


@pytest.mark.parametrize("workflow", [limited(5), limited(9, timeout=5)])
def test_a_target_whose_time_was_over_has_as_much_again(workflow: Workflow) -> None:
    world = Simulator(workflow.commit(), 1)
    world.fire(min(world.timers(), key=lambda timer: timer.due))
    assert world.history.status == "failed"
    world.turn([plan(world, "a", context={"b": {"output": 5}})])
    assert worked(world).history.result == Value.of({"a": 2, "b": 5})


def test_time_that_was_kept_before_the_target_counts_no_more() -> None:
    world = worked(Simulator(limited(5).commit(), 1))
    assert plan(world, "z").forget == ("z",)
    assert plan(world, "a").forget == ("z", "block/deadline", "a")


def test_a_branch_with_a_time_limit_is_as_it_was() -> None:
    arms = [(lambda ctx: True, echo("a")), (lambda ctx: False, echo("b"))]
    world = worked(Simulator(new().branch(arms, timeout=5).then(echo("z", 0)).commit(), 1))
    for target in ("z", "a"):
        world.turn([plan(world, target)])
        assert worked(world).history.result == Value.of({"a": 2})


def test_what_a_foreach_that_was_cut_short_had_is_kept() -> None:
    world = finished(new().foreach(broken("it", when=2), concurrency=3), [1, 2, 3])
    assert world.history.status == "failed"
    assert travelled(world, "it") == [1, 2, 3]
    assert [world.done[f"it[{n}]"] for n in range(3)] == [1, 2, 1]


@pytest.mark.parametrize(
    ("options", "result", "again"),
    [
        ({"input_data": [1, 2, 3]}, [1, 2, 3], [1, 2, 1]),
        ({"context": {"a": {"output": [1, 2, 3]}}}, [1, 2, 3], [1, 2, 1]),
        ({"input_data": [5, 6]}, [5, 6], [2, 2, 1]),
        ({"context": {"a": {"output": [5, 6]}}}, [5, 6], [2, 2, 1]),
    ],
)
def test_what_a_foreach_had_counts_for_the_same_list_only(options: Any, result: Any, again: list[int]) -> None:
    world = finished(new().then(echo("a")).foreach(broken("it", when=2), concurrency=3), [1, 2, 3])
    assert travelled(world, "it", **options) == result
    assert [world.done[f"it[{n}]"] for n in range(3)] == again


def test_a_foreach_that_had_no_list_has_nothing_to_keep() -> None:
    world = finished(new().foreach(echo("it")), 5)
    assert world.history.status == "failed"
    world.turn([plan(world, "it")])
    assert worked(world).history.status == "failed"
    assert travelled(world, "it", input_data=[1, 2]) == [2, 3]


def test_a_foreach_asks_again_how_many_at_a_time() -> None:
    asked: list[int] = []

    def at_a_time(ctx: Any) -> int:
        asked.append(1)
        return len(asked) // (len(asked) - 1)

    world = finished(new().foreach(echo("it"), concurrency=at_a_time), [1, 2])
    assert world.history.status == "failed"
    assert travelled(world, "it") == [2, 3]


@pytest.mark.parametrize("attempts", [0, 1])
def test_a_step_of_a_workflow_that_refused_its_input_can_be_reached(attempts: int) -> None:
    inner = create_workflow(id="inner", input_schema=int).then(echo("x")).commit()
    world = finished(new(retry=RetryPolicy(attempts=attempts)).then(inner), "no number")
    assert world.history.status == "failed"
    assert travelled(world, "inner.x", input_data=3) == 4


def ask(id: str) -> Any:
    return create_step(id=id, execute=lambda ctx: ctx.suspend({}) if ctx.resume_data is None else ctx.resume_data)


def asked(world: Simulator) -> list[str]:
    """Name what is asked, as recorded; it is what waits, too."""
    paths = [record.path for record in world.history.suspended]
    assert sorted(paths) == sorted(wait.path for wait in world.suspensions())
    return paths


@pytest.mark.parametrize("before", ["nested", "foreach", "loop", "member"])
def test_what_is_taken_as_done_asks_nobody_any_more(before: str) -> None:
    inner = create_workflow(id="inner").then(echo("x")).then(ask("q")).commit()
    match before:
        case "foreach":
            workflow = new().foreach(inner, concurrency=2)
        case "loop":
            workflow = new().dowhile(inner, lambda ctx: False)
        case "member":
            workflow = new().parallel([inner, echo("m")])
        case _:
            workflow = new().then(inner)
    world = worked(Simulator(workflow.then(ask("z")).commit(), [1, 2]))
    assert asked(world)
    world.turn([plan(world, "z", context={"inner": {"output": [3]}})])
    assert asked(worked(world)) == ["z"]


def test_what_is_open_beside_the_target_stays_open() -> None:
    inner = create_workflow(id="inner").then(ask("deep")).then(echo("i")).commit()
    nap = create_workflow(id="nap").sleep(60, id="bed").commit()
    arms = [echo("a"), [echo("b"), ask("c"), echo("d")], inner, nap, ask("e")]
    world = worked(Simulator(new().parallel(arms).then(echo("z", 0)).commit(), 1))
    world.turn([plan(world, "a", input_data=5, context={"e": {"output": 9}})])
    assert sorted(asked(worked(world))) == ["c", "inner.deep"]
    assert (world.done["a"], world.done["b"], len(world.timers())) == (2, 1, 1)
    world.run(randomly(1))
    assert world.history.result is not None
    assert (world.history.result.data["a"], world.history.result.data["e"]) == (6, 9)
    assert world.done["d"] == world.done["inner.i"] == 1


def canceled(workflow: Workflow, value: Any) -> Simulator:
    """Cancel a run while everything that it began with is open."""
    world = Simulator(workflow.commit(), value)
    while any("/" in path for path, _ in world.under_way):
        key = next(key for key in world.under_way if "/" in key[0])
        world.perform(key)
        world.deliver(key)
    return canceled_now(world)


def canceled_now(world: Simulator) -> Simulator:
    world.cancel()
    world.fire(world.timers()[0])
    assert world.history.status == "canceled"
    return world


def test_the_other_items_of_a_canceled_foreach_run_too() -> None:
    world = canceled(new().foreach(echo("it"), concurrency=2), [1, 2, 3])
    assert travelled(world, "it[0]") == [2, 3, 4]


def test_an_item_that_was_canceled_while_it_waited_for_an_event_waits_again() -> None:
    inner = create_workflow(id="inner").then(echo("x")).wait_for_event("paid", id="wait").commit()
    world = Simulator(new().foreach(inner, concurrency=2).commit(), [1, 2])
    world.perform(("inner[1].x", 1))
    world.deliver(("inner[1].x", 1))
    canceled_now(world)
    world.turn([plan(world, "inner[0].x")])
    assert [wait.path for wait in world.suspensions()] == ["inner[1].wait"]
    assert list(world.under_way) == [("inner[0].x", 2)]


def test_an_arm_without_a_result_runs_if_its_turn_comes_now() -> None:
    arms = [(lambda ctx: True, echo("a")), (lambda ctx: True, echo("b"))]
    assert travelled(canceled(new().branch(arms), 1), "a") == {"a": 2, "b": 2}
    world = finished(new().then(echo("n", 0)).when(lambda ctx: ctx.input_data > 5, echo("a"), otherwise=echo("b")))
    assert world.history.records["a"].status == "skipped"
    assert travelled(world, "b", input_data=9) == 10
    assert world.history.records["a"].status == "success"
