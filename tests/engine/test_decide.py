"""Deciding: what a history leads to, without any process around it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.simulator import Simulator
from workflows_app import RetryPolicy, create_step, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine.decide import decide, status_of
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import Call, Suspension, Timer
from workflows_app.engine.schema import Value


def echo(id: str, **options: Any) -> Any:
    async def run(ctx: Any) -> Any:
        return ctx.input_data

    return create_step(id=id, execute=run, **options)


def boom(id: str, **options: Any) -> Any:
    async def run(ctx: Any) -> Any:
        raise ValueError(id)

    return create_step(id=id, execute=run, **options)


def asks(id: str) -> Any:
    async def run(ctx: Any) -> Any:
        return await ctx.suspend({}) if ctx.resume_data is None else ctx.resume_data

    return create_step(id=id, execute=run)


def ready(world: Simulator) -> list[str]:
    return sorted(wait.path for wait in world.decision.waits if isinstance(wait, Call))


def do(world: Simulator, path: str) -> None:
    key = next(key for key in world.under_way if key[0] == path)
    world.perform(key)
    world.deliver(key)


def kinds(world: Simulator) -> list[str]:
    return [row[0] for row in world.rows]


def test_nothing_is_decided_before_the_start() -> None:
    workflow = create_workflow(id="wf").then(echo("a")).commit()
    assert decide(workflow, History(), 1).status == "pending"


def test_status_is_what_is_waited_for() -> None:
    call, timer, asked = Call("a", 1, None, None), Timer("b", 5), Suspension("c", 1)
    assert status_of((call, timer, asked), active=True) == "running"
    assert status_of((timer, asked), active=True) == "waiting"
    assert status_of((asked,), active=False) == "suspended"
    assert status_of((timer, asked), active=False) == "suspended"
    assert status_of((), active=True) == "paused"


def test_all_members_of_a_parallel_open_at_once() -> None:
    world = Simulator(create_workflow(id="wf").parallel([echo("a"), [echo("b"), echo("c")]]).commit(), 1)
    assert ready(world) == ["a", "b"]
    do(world, "b")
    assert ready(world) == ["a", "c"]
    do(world, "c")
    do(world, "a")
    assert world.history.result is not None
    assert world.history.result.data == {"a": 1, "c": 1}


def test_the_first_failure_of_a_fail_fast_closes_its_siblings() -> None:
    workflow = create_workflow(id="wf").parallel([echo("a"), boom("b")], on_error="fail_fast").commit()
    world = Simulator(workflow, 1)
    world.perform(("a", 1))
    do(world, "b")
    assert world.history.status == "failed"
    assert world.history.records["a"].status == "canceled"
    assert kinds(world)[-3:] == ["StepFailed", "StepCanceled", "RunFinished"]
    assert not world.history.accepts(e.StepSucceeded(9, "a", 1))


def test_no_more_calls_run_than_a_workflow_allows() -> None:
    members = [echo(id) for id in "abcd"]
    world = Simulator(create_workflow(id="wf", max_concurrency=2).parallel(members).commit(), 1)
    assert ready(world) == ["a", "b"]
    do(world, "a")
    assert ready(world) == ["b", "c"]


def test_a_foreach_keeps_its_window() -> None:
    world = Simulator(create_workflow(id="wf").foreach(echo("it"), concurrency=2).commit(), [1, 2, 3, 4])
    assert ready(world) == ["it[0]", "it[1]"]
    do(world, "it[1]")
    assert ready(world) == ["it[0]", "it[2]"]


def one_by_one(inner: Any) -> Simulator:
    """Begin a foreach of a workflow over two items, one at a time."""
    return Simulator(create_workflow(id="wf").foreach(inner.commit()).commit(), [1, 2])


def answer(world: Simulator, path: str) -> None:
    world.answer(next(wait for wait in world.suspensions() if wait.path == path))


def test_no_item_starts_behind_one_that_comes_to_wait_for_an_event() -> None:
    world = one_by_one(create_workflow(id="in").then(echo("a")).wait_for_event("go", id="go"))
    do(world, "in[0].a")
    assert (world.history.status, ready(world)) == ("suspended", [])
    answer(world, "in[0].go")
    assert ready(world) == ["in[1].a"]


def test_no_item_starts_behind_one_that_waits_for_the_next_event() -> None:
    world = one_by_one(create_workflow(id="in").wait_for_event("go", id="go").wait_for_event("on", id="on"))
    answer(world, "in[0].go")
    assert [wait.path for wait in world.suspensions()] == ["in[0].on"]
    answer(world, "in[0].on")
    assert [wait.path for wait in world.suspensions()] == ["in[1].go"]


def test_no_item_starts_behind_one_that_has_another_question_open() -> None:
    world = one_by_one(create_workflow(id="in").parallel([asks("a"), asks("b")]))
    do(world, "in[0].a")
    do(world, "in[0].b")
    answer(world, "in[0].b")
    do(world, "in[0].b")
    assert (world.history.status, ready(world)) == ("suspended", [])
    answer(world, "in[0].a")
    do(world, "in[0].a")
    assert ready(world) == ["in[1].a", "in[1].b"]


@pytest.mark.parametrize("value", [None, 3, "text", {"a": 1}])
def test_a_foreach_over_no_list_fails_and_says_so(value: Any) -> None:
    world = Simulator(create_workflow(id="wf").foreach(echo("it")).commit(), value)
    assert world.history.status == "failed"
    assert "needs a list" in world.history.error["message"]


def test_a_foreach_takes_a_hundred_thousand_items_and_no_more() -> None:
    longest = create_workflow(id="wf").foreach(echo("a")).commit()
    world = Simulator(longest, [0] * 100_001)
    assert world.history.status == "failed"
    assert "at most 100,000 items, got 100,001" in world.history.error["message"]
    assert Simulator(longest, [0] * 100_000).history.status == "running"


def test_a_foreach_over_nothing_is_done_at_once() -> None:
    world = Simulator(create_workflow(id="wf").foreach(echo("it")).commit(), [])
    assert world.history.status == "success"
    assert world.history.result is not None
    assert world.history.result.data == []


def test_a_computed_concurrency_that_fails_fails_the_foreach() -> None:
    def broken(ctx: Any) -> int:
        raise ValueError("no number")

    limit = create_workflow(id="wf").foreach(echo("it"), concurrency=lambda ctx: broken(ctx)).commit()
    world = Simulator(limit, [1])
    do(world, "it/concurrency")
    assert world.history.error["message"] == "no number"
    assert world.history.records["it"].status == "failed"


@pytest.mark.parametrize(("limit", "opened"), [(2, 2), (2.9, 2), (0, 1), (-3, 1), (None, 1), ("3", 1)])
def test_an_odd_computed_concurrency_means_one(limit: Any, opened: int) -> None:
    world = Simulator(create_workflow(id="wf").foreach(echo("it"), lambda ctx: limit).commit(), [1, 2, 3])
    do(world, "it/concurrency")
    assert len(ready(world)) == opened


@pytest.mark.parametrize("duration", [float("nan"), float("inf"), "soon", None, "5", True, 10**400])
def test_a_computed_sleep_that_is_no_number_fails(duration: Any) -> None:
    world = Simulator(create_workflow(id="wf").sleep(lambda ctx: duration, id="z").commit(), 1)
    do(world, "z/duration")
    assert world.history.status == "failed"
    assert world.history.records["z"].status == "failed"


def test_a_computed_sleep_until_needs_an_aware_datetime() -> None:
    world = Simulator(create_workflow(id="wf").sleep_until(lambda ctx: 3, id="z").commit(), 1)
    do(world, "z/duration")
    assert "aware datetime" in world.history.error["message"]


def test_a_sleep_of_no_time_is_over_at_once() -> None:
    world = Simulator(create_workflow(id="wf").sleep(0).then(echo("a")).commit(), 1)
    assert ready(world) == ["a"]


def test_a_step_that_brings_its_process_down_three_times_is_given_up() -> None:
    world = Simulator(create_workflow(id="wf").then(echo("a", retries=5)).commit(), 1)
    for _ in range(3):
        assert world.history.status == "running"
        world.crash(supervised=True)
    assert world.history.status == "failed"
    assert world.history.error["name"] == "CrashLimit"
    assert world.history.records["a"].non_retryable


def test_a_nested_workflow_is_tried_again_as_a_whole() -> None:
    inner = create_workflow(id="inner").then(echo("x")).then(boom("y")).commit()
    workflow = create_workflow(id="wf", retry=RetryPolicy(attempts=1, delay=2)).then(inner).commit()
    world = Simulator(workflow, 1)
    for path in ("inner.x", "inner.y"):
        do(world, path)
    [timer] = world.timers()
    assert (timer.path, timer.due - world.clock) == ("inner", 2_000_000)
    world.fire(timer)
    for path in ("inner~2.x", "inner~2.y"):
        do(world, path)
    assert world.history.error["message"] == "y"
    assert world.history.records["inner"].failures == 2


def test_a_wait_for_an_event_times_out() -> None:
    workflow = create_workflow(id="wf").wait_for_event("paid", timeout=3, id="w").then(echo("a")).commit()
    world = Simulator(workflow, 1)
    assert world.history.status == "suspended"
    [timer] = world.timers()
    world.fire(timer)
    assert world.history.error["name"] == "StepTimeout"
    assert world.history.records["w"].status == "failed"


def test_a_condition_that_raises_is_false_for_a_branch_and_fatal_for_a_loop() -> None:
    def broken(ctx: Any) -> bool:
        raise ValueError("who knows")

    branch = create_workflow(id="wf").branch([(lambda ctx: broken(ctx), echo("a"))], otherwise=echo("b"))
    world = Simulator(branch.commit(), 1)
    do(world, "a/condition")
    assert ready(world) == ["b"]
    world = Simulator(create_workflow(id="wf").dountil(echo("a"), lambda ctx: broken(ctx)).commit(), 1)
    do(world, "a#1")
    do(world, "a#1/condition")
    assert (world.history.status, world.history.records["a#1"].status) == ("failed", "failed")


def test_a_canceled_run_grants_its_calls_a_grace() -> None:
    world = Simulator(create_workflow(id="wf").parallel([echo("a"), echo("b")]).commit(), 1)
    world.perform(("a", 1))
    world.cancel()
    assert (world.decision.status, [timer.path for timer in world.timers()]) == ("canceled", [""])
    world.deliver(("a", 1))
    assert not world.history.finished
    world.fire(world.timers()[0])
    statuses = {path: record.status for path, record in world.history.records.items()}
    assert statuses == {"a": "success", "b": "canceled"}
    assert kinds(world)[-1] == "RunFinished"


def test_a_cancel_closes_timers_and_questions_at_once() -> None:
    inner = create_workflow(id="inner").sleep(60, id="z").commit()
    world = Simulator(create_workflow(id="wf").parallel([inner, asks("b")]).commit(), 1)
    do(world, "b")
    world.cancel()
    assert world.history.finished
    assert {record.status for record in world.history.records.values()} == {"canceled"}
    assert world.decision.waits == ()


def test_what_asks_in_the_moment_that_its_block_fails_is_canceled() -> None:
    waiting = create_workflow(id="waiting").wait_for_event("never", id="wait").commit()
    listing = create_workflow(id="listing").foreach(echo("it")).commit()
    workflow = create_workflow(id="wf").parallel([waiting, listing], on_error="fail_fast").commit()
    history = History([e.RunStarted(1, Value.of("no list"))])
    decision = decide(workflow, history, 1)
    assert decision.status == "failed"
    assert {event.path for event in decision.opened if isinstance(event, e.StepCanceled)} >= {"waiting", "waiting.wait"}


@pytest.mark.parametrize("rest", ["sleep", "event"])
def test_step_by_step_no_waiting_begins_by_itself(rest: str) -> None:
    workflow = create_workflow(id="wf").then(echo("a"))
    workflow = workflow.sleep(5, id="wait") if rest == "sleep" else workflow.wait_for_event("paid", id="wait")
    world = Simulator(workflow.commit(), 1, per_step=True)
    world.perform(("a", 1))
    world.deliver(("a", 1))
    assert world.history.status == "paused"
    assert world.history.record("wait") is None
    world.unpause()
    assert world.history.records["wait"].status in ("waiting", "suspended")
