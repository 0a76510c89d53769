"""Section D: loops, foreach and sleep."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.conformance.fixtures import (
    Json,
    ResultLike,
    StepLike,
    Steps,
    WorkflowLike,
    World,
    chain,
    events_of,
    status_becomes,
    stored,
)
from tests.engine.short import ForwardClock
from workflows_app import StepContext, create_workflow


def counting(steps: Steps, id: str = "inc") -> StepLike:
    return steps.inc(id)


@pytest.mark.parametrize("kind", ["d1-dountil", "d2-dowhile"])
def test_d1_d2_a_loop_runs_its_body_until_the_condition_says_so(world: World, steps: Steps, kind: str) -> None:
    workflow = create_workflow(id="wf")
    if kind == "d1-dountil":
        workflow = workflow.dountil(counting(steps), lambda ctx: ctx.input_data["value"] >= 12)
    else:
        workflow = workflow.dowhile(counting(steps), lambda ctx: ctx.input_data["value"] < 12)
    final = steps.step("final", lambda ctx: {"finalValue": ctx.input_data["value"]})
    result = world.outcome(workflow.then(final).commit(), {"target": 10, "value": 0})
    assert steps.calls["inc"] == 12
    assert result.result == {"finalValue": 12}
    assert result.steps["inc"].payload == {"value": 11}
    assert result.steps["inc"].output == {"value": 12}
    assert result.step_execution_path == ["inc", "final"]


def test_d3_a_loop_runs_its_body_at_least_once(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").dowhile(counting(steps), lambda ctx: ctx.input_data["value"] < 10).commit()
    assert world.outcome(workflow, {"value": 10}).result == {"value": 11}
    assert steps.calls["inc"] == 1


def test_d4_a_body_builds_on_its_last_output(world: World, steps: Steps) -> None:
    def append(ctx: StepContext) -> Json:
        count = ctx.input_data["count"] + 1
        return {"count": count, "items": [*ctx.input_data["items"], f"item-{count}"]}

    workflow = (
        create_workflow(id="wf")
        .dountil(steps.step("append", append), lambda ctx: ctx.input_data["count"] == 3)
        .commit()
    )
    result = world.outcome(workflow, {"count": 0, "items": []})
    assert result.result["items"] == ["item-1", "item-2", "item-3"]


def test_d5_the_retry_count_is_zero_at_first(world: World, steps: Steps) -> None:
    assert world.outcome(chain("wf", steps.step("s", lambda ctx: ctx.retry_count))).result == 0


def test_d7_a_condition_sees_the_output_and_the_iteration_count(world: World, steps: Steps) -> None:
    def enough(ctx: StepContext) -> bool:
        steps.seen["enough"].append((ctx.input_data["value"], ctx.iteration_count))
        return bool(ctx.iteration_count == 3)

    workflow = create_workflow(id="wf").dountil(counting(steps), enough).commit()
    result = world.outcome(workflow, {"value": 10})
    assert steps.seen["enough"] == [(11, 1), (12, 2), (13, 3)]
    assert result.steps["inc"].metadata["iteration_count"] == 3
    assert result.to_json()["steps"]["inc"]["metadata"]["iterationCount"] == 3


def test_d8_a_raising_loop_condition_fails_the_body_step(world: World, steps: Steps) -> None:
    def broken(ctx: StepContext) -> bool:
        raise ValueError("loop condition broke")

    async def scenario() -> None:
        workflow = create_workflow(id="wf").dowhile(counting(steps), broken).commit()
        result = await world.start(workflow, {"value": 1})
        assert result.status == "failed"
        assert result.steps["inc"].status == "failed"
        assert result.steps["inc"].error["message"] == "loop condition broke"
        assert (await stored(workflow, result.run_id)).status == "failed"

    world.run(scenario())


def test_d9_a_condition_that_aborts_cancels_even_if_it_raises(world: World, steps: Steps) -> None:
    def aborting(ctx: StepContext) -> bool:
        ctx.abort()
        raise ValueError("too late to matter")

    workflow = create_workflow(id="wf").dowhile(counting(steps), aborting).commit()
    assert world.outcome(workflow, {"value": 1}).status == "canceled"


def adding(steps: Steps, ms: float = 0) -> StepLike:
    async def add(ctx: StepContext) -> Json:
        steps.seen["open"].append(+1)
        await asyncio.sleep(ms / 1000)
        steps.seen["open"].append(-1)
        return ctx.input_data + 11

    return steps.step("add", add)


def most_at_once(steps: Steps) -> int:
    changes = steps.seen["open"]
    return max(sum(changes[: end + 1]) for end in range(len(changes)))


def summed(steps: Steps, concurrency: int | None = None, ms: float = 0) -> WorkflowLike:
    options = {} if concurrency is None else {"concurrency": concurrency}
    total = steps.step("total", lambda ctx: sum(ctx.input_data))
    return create_workflow(id="wf").foreach(adding(steps, ms), **options).then(total).commit()


def test_d10_a_foreach_takes_one_item_at_a_time(world: World, steps: Steps) -> None:
    began = time.monotonic()
    result = world.outcome(summed(steps, ms=20), [1, 22, 333])
    assert time.monotonic() - began >= 3 * 0.02
    assert most_at_once(steps) == 1
    assert result.steps["add"].payload == [1, 22, 333]
    assert result.steps["add"].output == [12, 33, 344]
    assert result.result == 389


def test_d11_a_foreach_takes_as_many_items_as_it_is_told(world: World, steps: Steps) -> None:
    result = world.outcome(summed(steps, concurrency=3, ms=50), [1, 22, 333])
    assert most_at_once(steps) == 3
    assert result.steps["add"].output == [12, 33, 344]


def test_d12_a_foreach_keeps_its_window(world: World, steps: Steps) -> None:
    began = time.monotonic()
    result = world.outcome(summed(steps, concurrency=2, ms=50), [1, 2, 3, 4])
    assert time.monotonic() - began >= 2 * 0.05
    assert most_at_once(steps) == 2
    assert result.steps["add"].output == [12, 13, 14, 15]


def test_d12_concurrency_may_be_computed(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf").foreach(adding(steps, ms=50), concurrency=lambda ctx: len(ctx.input_data) - 1).commit()
    )
    assert world.outcome(workflow, [1, 2, 3]).result == [12, 13, 14]
    assert most_at_once(steps) == 2


def test_d13_a_foreach_over_nothing_gives_nothing(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").foreach(adding(steps)).then(steps.echo("next")).commit()
    result = world.outcome(workflow, [])
    assert result.steps["add"].status == "success"
    assert result.steps["add"].output == []
    assert result.steps["next"].payload == []
    assert steps.calls["add"] == 0


def test_d14_generated_numbers_are_doubled_and_summed(world: World, steps: Steps) -> None:
    workflow = (
        create_workflow(id="wf")
        .then(steps.step("generate", lambda ctx: list(range(1, ctx.input_data["count"] + 1))))
        .foreach(steps.step("double", lambda ctx: ctx.input_data * 2))
        .then(steps.step("sum", lambda ctx: sum(ctx.input_data)))
        .commit()
    )
    assert world.outcome(workflow, {"count": 3}).result == 12


def test_d14_items_may_be_dicts(world: World, steps: Steps) -> None:
    def enrich(ctx: StepContext) -> Json:
        return {"name": ctx.input_data["name"].upper(), "score": ctx.input_data["score"] * 10}

    def report(ctx: StepContext) -> Json:
        names = [item["name"] for item in ctx.input_data]
        return {"names": names, "total": sum(item["score"] for item in ctx.input_data), "count": len(names)}

    workflow = (
        create_workflow(id="wf").foreach(steps.step("enrich", enrich)).then(steps.step("report", report)).commit()
    )
    items = [{"name": "ada", "score": 4}, {"name": "bob", "score": 5}, {"name": "cy", "score": 6}]
    assert world.outcome(workflow, items).result == {"names": ["ADA", "BOB", "CY"], "total": 150, "count": 3}


@pytest.mark.parametrize("concurrency", [1, 3], ids=["d17-one-by-one", "d18-together"])
def test_d17_d18_a_foreach_tells_its_progress(world: World, steps: Steps, concurrency: int) -> None:
    workflow = create_workflow(id="wf").foreach(adding(steps, ms=5), concurrency=concurrency).commit()
    events, _ = world.run(world.streamed(workflow, [1, 2, 3]))
    progress = [event["payload"] for event in events if event["type"] == "workflow-step-progress"]
    assert [(each["completedCount"], each["totalCount"]) for each in progress] == [(1, 3), (2, 3), (3, 3)]
    assert {each["id"] for each in progress} == {"add"}
    assert {each["iterationStatus"] for each in progress} == {"success"}
    assert {each["currentIndex"]: each["iterationOutput"] for each in progress} == {0: 12, 1: 13, 2: 14}


def failing_once(steps: Steps) -> WorkflowLike:
    def work(ctx: StepContext) -> Json:
        steps.calls[f"item-{ctx.input_data}"] += 1
        if ctx.input_data == 1 and steps.calls["item-1"] == 1:
            raise ValueError("item 1 fails the first time")
        return ctx.input_data * 10

    return create_workflow(id="wf").foreach(steps.step("each", work)).then(steps.echo("next")).commit()


@pytest.mark.parametrize("replaced", [False, True], ids=["d20-same-process", "d21-new-process"])
def test_d20_d21_time_travel_to_a_failed_foreach_keeps_the_finished_items(
    world: World, steps: Steps, replaced: bool
) -> None:
    async def scenario() -> None:
        workflow = failing_once(steps)
        world.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data=[0, 1])).status == "failed"
        if replaced:
            workflow = failing_once(steps)
            world.restart_process(workflow)
            run = await workflow.create_run(run_id=run.run_id)
        result = await run.time_travel(step="each")
        assert result.status == "success"
        assert result.result == [0, 10]
        assert (steps.calls["item-0"], steps.calls["item-1"]) == (1, 2)

    world.run(scenario())


def test_d21_a_foreach_cut_short_keeps_what_it_has(world: World, steps: Steps) -> None:
    result = world.outcome(failing_once(steps), [0, 1, 2])
    assert result.status == "failed"
    assert result.steps["each"].status == "failed"
    assert result.steps["each"].output == [0, None]
    assert "next" not in result.steps


def test_d23_restarting_a_failed_run_returns_its_outcome(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = failing_once(steps)
        world.engine(workflow)
        run = await workflow.create_run()
        failed = await run.start(input_data=[0, 1])
        calls = dict(steps.calls)
        again = await run.restart()
        assert again.status == "failed"
        assert again.error == failed.error
        assert dict(steps.calls) == calls

    world.run(scenario())


@pytest.mark.parametrize("given", [5, None])
def test_d24_a_foreach_needs_a_list(world: World, steps: Steps, given: int | None) -> None:
    result = world.outcome(summed(steps), given)
    assert result.status == "failed"
    assert result.steps["add"].status == "failed"
    assert "list" in result.steps["add"].error["message"]
    assert steps.calls["add"] == 0


def test_d27_items_of_a_nested_workflow_have_records_of_their_own(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        child = chain("child", steps.inc("child-step"))
        workflow = create_workflow(id="wf").foreach(child).commit()
        result = await world.start(workflow, [{"value": 1}, {"value": 5}])
        record = await stored(workflow, result.run_id)
        assert record.steps["child[0].child-step"].output == {"value": 2}
        assert record.steps["child[1].child-step"].output == {"value": 6}
        assert result.result == [{"value": 2}, {"value": 6}]

    world.run(scenario())


def slept(world: World, workflow: WorkflowLike) -> tuple[float, ResultLike]:
    began = time.monotonic()
    result = world.outcome(workflow)
    return time.monotonic() - began, result


def test_d28_d33_a_sleep_hands_on_what_came_before(world: World, steps: Steps) -> None:
    a = steps.give("a", {"x": 1})
    b = steps.step("b", lambda ctx: [ctx.input_data, ctx.get_step_result(a)])
    elapsed, result = slept(world, create_workflow(id="wf").then(a).sleep(0.1, id="nap").then(b).commit())
    assert elapsed >= 0.1
    assert result.steps["nap"].status == "success"
    assert result.steps["nap"].output == {"x": 1}
    assert result.result == [{"x": 1}, {"x": 1}]
    assert result.step_execution_path == ["a", "nap", "b"]


def test_d28_a_sleep_takes_a_timedelta(world: World) -> None:
    elapsed, result = slept(world, create_workflow(id="wf").sleep(timedelta(milliseconds=50)).commit())
    assert elapsed >= 0.05
    assert result.status == "success"


def test_d29_a_sleep_may_be_computed(world: World, steps: Steps) -> None:
    a = steps.give("a", {"seconds": 0.08})
    workflow = create_workflow(id="wf").then(a).sleep(lambda ctx: ctx.input_data["seconds"]).commit()
    elapsed, result = slept(world, workflow)
    assert elapsed >= 0.08
    assert result.result == {"seconds": 0.08}


def test_d30_a_sleep_until_waits_for_its_moment(world: World) -> None:
    moment = datetime.now(UTC) + timedelta(milliseconds=100)
    result = world.outcome(create_workflow(id="wf").sleep_until(moment).commit())
    assert datetime.now(UTC) >= moment
    assert result.status == "success"


def test_d31_a_sleep_until_may_be_computed(world: World) -> None:
    def soon(ctx: StepContext) -> datetime:
        return datetime.now(UTC) + timedelta(milliseconds=100)

    elapsed, result = slept(world, create_workflow(id="wf").sleep_until(soon).commit())
    assert elapsed >= 0.1
    assert result.status == "success"


def test_d34_what_is_past_needs_no_waiting(world: World) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    elapsed, result = slept(world, create_workflow(id="wf").sleep(-5).sleep_until(past).commit())
    assert result.status == "success"
    assert elapsed < 5


def test_d36_a_sleeping_run_is_waiting(world: World) -> None:
    async def scenario() -> None:
        clock = ForwardClock()
        workflow = create_workflow(id="wf").sleep(60, id="nap").commit()
        engine = world.engine(workflow, clock=clock)
        run = await workflow.create_run()
        stream = run.stream(input_data=1)
        await status_becomes(workflow, run.run_id, "waiting")
        record = await stored(workflow, run.run_id)
        assert record.steps["nap"].status == "waiting"
        clock.pass_time(60)
        await engine.fire_due_timers()
        naps = [event for event in await events_of(stream) if event["payload"].get("id") == "nap"]
        assert [event["type"] for event in naps] == ["workflow-step-waiting", "workflow-step-result"]
        assert naps[0]["payload"]["status"] == "waiting"
        assert naps[1]["payload"]["output"] == 1

    world.run(scenario())
