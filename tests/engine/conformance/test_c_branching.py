"""Section C: parallel and branch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.engine.conformance.fixtures import Json, StepLike, Steps, World
from workflows_app import StepContext, create_workflow


def yes(ctx: StepContext) -> bool:
    return True


def no(ctx: StepContext) -> bool:
    return False


def value(ctx: StepContext) -> int:
    return int(ctx.input_data["value"])


def meeting(steps: Steps, *ids: str) -> list[StepLike]:
    """Make steps that end only when all of them run at the same time."""
    barrier = asyncio.Barrier(len(ids))

    async def meet(ctx: StepContext) -> Json:
        await asyncio.wait_for(barrier.wait(), 20)
        return "met"

    return [steps.step(id, meet) for id in ids]


def test_c1_a_failed_member_fails_the_run_and_keeps_its_siblings_result(world: World, steps: Steps) -> None:
    members = [steps.give("ok", 1), steps.boom("bad", ValueError("no luck"))]
    workflow = create_workflow(id="wf").parallel(members).then(steps.echo("c")).commit()
    result = world.outcome(workflow)
    assert result.status == "failed"
    assert result.steps["ok"].status == "success"
    assert result.steps["bad"].status == "failed"
    assert result.steps["bad"].error["message"] == "no luck"
    assert result.error["message"] == "no luck"
    assert "c" not in result.steps


@pytest.mark.parametrize(
    "arms", [[("a", yes), ("b", no)], [("b", no), ("a", yes)]], ids=["c3-true-first", "c4-false-first"]
)
def test_c3_c4_only_the_arm_whose_condition_holds_runs(
    world: World, steps: Steps, arms: list[tuple[str, Callable[[StepContext], bool]]]
) -> None:
    pairs = [(condition, steps.give(id, id.upper())) for id, condition in arms]
    workflow = create_workflow(id="wf").branch(pairs).then(steps.echo("next")).commit()
    result = world.outcome(workflow)
    assert result.steps["a"].status == "success"
    assert "b" not in result.steps
    assert result.steps["next"].payload == {"a": "A"}


@pytest.mark.parametrize(("given", "arm"), [(10, "low"), (50, "middle"), (75, "high")])
def test_c5_the_right_one_of_three_arms_runs(world: World, steps: Steps, given: int, arm: str) -> None:
    workflow = (
        create_workflow(id="wf")
        .branch(
            [
                (lambda ctx: value(ctx) < 25, steps.echo("low")),
                (lambda ctx: 25 <= value(ctx) < 75, steps.echo("middle")),
                (lambda ctx: value(ctx) >= 75, steps.echo("high")),
            ]
        )
        .commit()
    )
    result = world.outcome(workflow, {"value": given})
    assert list(result.result) == [arm]
    assert steps.order == [arm]


def test_c6_an_arm_gets_the_blocks_input(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf")
        .then(steps.give("before", {"value": 1}))
        .branch([(lambda ctx: {"truthy": "thing"}, steps.echo("arm"))])
        .commit()
    )
    assert world.outcome(workflow).steps["arm"].payload == {"value": 1}


def test_c7_a_branch_follows_a_status(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf")
        .then(steps.give("step1", {"status": "success"}))
        .branch(
            [
                (lambda ctx: ctx.input_data["status"] == "success", steps.give("step2", 2)),
                (lambda ctx: ctx.input_data["status"] == "failed", steps.give("step3", 3)),
            ]
        )
        .commit()
    )
    assert world.outcome(workflow).result == {"step2": 2}
    assert steps.order == ["step1", "step2"]


@pytest.mark.parametrize(
    "condition",
    [
        lambda ctx: ctx.input_data["count"] == 5,
        lambda ctx: ctx.get_step_result("first")["count"] == 5,
        lambda ctx: ctx.get_init_data()["start"] == 1,
        lambda ctx: ctx.state["mode"] == "on",
    ],
    ids=["input", "step-result", "init-data", "state"],
)
def test_c9_a_condition_reads_all_a_step_reads(
    world: World, steps: Steps, condition: Callable[[StepContext], bool]
) -> None:
    workflow = (
        create_workflow(id="wf")
        .then(steps.give("first", {"count": 5}))
        .branch([(condition, steps.give("arm", "ran"))])
        .commit()
    )
    assert world.outcome(workflow, {"start": 1}, initial_state={"mode": "on"}).result == {"arm": "ran"}


def test_c9_a_condition_may_be_async(world: World, steps: Steps) -> None:
    async def condition(ctx: StepContext) -> bool:
        await asyncio.sleep(0)
        return bool(ctx.input_data)

    workflow = create_workflow(id="wf").branch([(condition, steps.give("arm", "ran"))]).commit()
    assert world.outcome(workflow, 1).result == {"arm": "ran"}


def test_c10_conditions_combine_earlier_outputs(world: World, steps: Steps) -> None:
    def both(ctx: StepContext) -> bool:
        return bool(ctx.get_step_result("a")["ok"] and not ctx.get_step_result("b")["ok"])

    def either(ctx: StepContext) -> bool:
        return bool(ctx.get_step_result("a")["ok"] or ctx.get_step_result("b")["ok"])

    def neither(ctx: StepContext) -> bool:
        return not either(ctx)

    arms = [(both, steps.give("x", 1)), (either, steps.give("y", 2)), (neither, steps.give("z", 3))]
    workflow = (
        create_workflow(id="wf")
        .then(steps.give("a", {"ok": True}))
        .then(steps.give("b", {"ok": False}))
        .branch(arms)
        .commit()
    )
    assert world.outcome(workflow).result == {"x": 1, "y": 2}


class Odd(Exception):
    """An exception of the author's own."""


@pytest.mark.parametrize("kind", [ValueError, KeyError, AttributeError, ZeroDivisionError, Odd])
def test_c12_a_raising_condition_counts_as_false_and_is_logged(
    world: World, steps: Steps, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    def broken(ctx: StepContext) -> bool:
        raise kind("condition-gone-wrong")

    workflow = create_workflow(id="wf").branch([(broken, steps.give("a", 1)), (yes, steps.give("b", 2))]).commit()
    result = world.outcome(workflow)
    assert result.status == "success"
    assert result.result == {"b": 2}
    assert steps.calls["a"] == 0
    assert "condition-gone-wrong" in caplog.text


def test_c13_all_true_arms_run_at_the_same_time(world: World, steps: Steps) -> None:
    arms = [(yes, step) for step in meeting(steps, "a", "b")]
    workflow = create_workflow(id="wf").branch(arms).commit()
    assert world.outcome(workflow).result == {"a": "met", "b": "met"}


def test_c13_mode_first_takes_the_first_true_arm(world: World, steps: Steps) -> None:
    arms = [(no, steps.give("a", 1)), (yes, steps.give("b", 2)), (yes, steps.give("c", 3))]
    workflow = create_workflow(id="wf").branch(arms, mode="first").commit()
    assert world.outcome(workflow).result == {"b": 2}
    assert steps.order == ["b"]


def test_c13_without_a_true_arm_the_block_is_empty(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").branch([(no, steps.give("a", 1))]).then(steps.echo("next")).commit()
    result = world.outcome(workflow)
    assert result.status == "success"
    assert result.steps["next"].payload == {}


def test_c13_otherwise_runs_when_no_arm_is_true(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").branch([(no, steps.give("a", 1))], otherwise=steps.give("other", 2)).commit()
    assert world.outcome(workflow).result == {"other": 2}


def test_c13_a_list_arm_is_a_sequence_known_by_its_last_step(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").branch([(yes, [steps.inc("a"), steps.inc("b")])]).commit()
    assert world.outcome(workflow, {"value": 1}).result == {"b": {"value": 3}}


def test_c15_the_block_waits_for_every_member(world: World, steps: Steps) -> None:
    async def fail_soon(ctx: StepContext) -> Json:
        await asyncio.sleep(0.01)
        raise ValueError("soon")

    workflow = create_workflow(id="wf").parallel([steps.step("a", fail_soon), steps.slow("b", 100)]).commit()
    began = time.monotonic()
    result = world.outcome(workflow, "in")
    assert time.monotonic() - began >= 0.1
    assert result.status == "failed"
    assert result.steps["b"].status == "success"
    assert result.steps["b"].output == "in"


def test_c15_the_first_failure_in_list_order_is_the_runs(world: World, steps: Steps) -> None:
    async def fail_late(ctx: StepContext) -> Json:
        await asyncio.sleep(0.05)
        raise ValueError("first in the list")

    members = [steps.step("a", fail_late), steps.boom("b", ValueError("first in time"))]
    result = world.outcome(create_workflow(id="wf").parallel(members).commit())
    assert result.error["message"] == "first in the list"


def test_c15_members_run_at_the_same_time(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").parallel(meeting(steps, "a", "b", "c")).commit()
    assert world.outcome(workflow).result == {"a": "met", "b": "met", "c": "met"}


def test_c18_collect_hands_on_none_for_a_failed_member(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf")
        .parallel([steps.give("ok", 1), steps.boom("bad")], on_error="collect")
        .then(steps.echo("c"))
        .commit()
    )
    result = world.outcome(workflow)
    assert result.status == "success"
    assert result.steps["c"].payload == {"ok": 1, "bad": None}
    assert result.steps["bad"].status == "failed"


def test_c19_wait_all_fails_the_run(world: World, steps: Steps) -> None:
    members = [steps.give("ok", 1), steps.boom("bad")]
    result = world.outcome(create_workflow(id="wf").parallel(members, on_error="wait_all").commit())
    assert result.status == "failed"


def test_c19_fail_fast_cancels_the_siblings(world: World, steps: Steps) -> None:
    async def wait_for_the_end(ctx: StepContext) -> Json:
        await asyncio.wait_for(ctx.abort_signal.wait(), 20)
        return "woken"

    members = [steps.step("slow", wait_for_the_end), steps.boom("bad", ValueError("fast"))]
    result = world.outcome(create_workflow(id="wf").parallel(members, on_error="fail_fast").commit())
    assert result.status == "failed"
    assert result.error["message"] == "fast"
    assert result.steps["slow"].status == "canceled"


def test_c20_collect_survives_when_all_fail(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").parallel([steps.boom("a"), steps.boom("b")], on_error="collect").commit()
    result = world.outcome(workflow)
    assert result.status == "success"
    assert result.result == {"a": None, "b": None}
