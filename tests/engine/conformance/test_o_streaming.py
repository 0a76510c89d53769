"""Section O: streaming."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.engine.conformance.agents import FakeAgent
from tests.engine.conformance.fixtures import (
    Event,
    Json,
    StepLike,
    Steps,
    Value,
    World,
    chain,
    events_of,
    spoken,
    status_becomes,
    story,
    types,
)
from workflows_app import StepContext, create_step, create_workflow
from workflows_app.errors import InvalidInput


def test_o1_one_step_gives_four_events(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.inc("s"))
        events, result = await world.streamed(workflow, {"value": 1})
        assert types(events) == [
            "workflow-start",
            "workflow-step-start",
            "workflow-step-result",
            "workflow-finish",
        ]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert {event["runId"] for event in events} == {result.run_id}
        assert {event["from"] for event in spoken(events)} == {"WORKFLOW"}
        started = await (await workflow.create_run()).start(input_data={"value": 1})
        assert (result.status, result.result) == (started.status, started.result)
        assert result.steps["s"].output == started.steps["s"].output
        assert result.input == started.input

    world.run(scenario())


def test_o1_the_payloads_of_the_events(world: World, steps: Steps) -> None:
    events, result = world.run(world.streamed(chain("wf", steps.inc("s")), {"value": 1}))
    start, step_start, step_result, finish = [event["payload"] for event in spoken(events)]
    assert start["workflowId"] == "wf"
    assert (step_start["id"], step_start["stepName"], step_start["status"]) == ("s", "s", "running")
    assert step_start["payload"] == {"value": 1}
    assert type(step_start["startedAt"]) is int
    assert (step_result["id"], step_result["stepName"], step_result["status"]) == ("s", "s", "success")
    assert step_result["output"] == {"value": 2}
    assert step_result["stepCallId"] == step_start["stepCallId"]
    assert step_result["endedAt"] >= step_start["startedAt"]
    assert finish["workflowStatus"] == "success"
    assert finish["finalWorkflowResult"] == result.result == {"value": 2}
    assert finish["metadata"] == {}


def test_o2_starts_and_results_alternate(world: World, steps: Steps) -> None:
    events, _ = world.run(world.streamed(chain("wf", steps.inc("a"), steps.inc("b")), {"value": 1}))
    assert story(events) == [("start", "a"), ("result", "a"), ("start", "b"), ("result", "b")]


def test_o2_nested_steps_stand_between_their_workflows_events(world: World, steps: Steps) -> None:
    events, _ = world.run(world.streamed(chain("wf", chain("child", steps.inc("a"))), {"value": 1}))
    assert story(events) == [
        ("start", "child"),
        ("start", "child.a"),
        ("result", "child.a"),
        ("result", "child"),
    ]


def test_o3_a_stream_takes_an_initial_state(world: World, steps: Steps) -> None:
    workflow = chain("wf", steps.step("s", lambda ctx: ctx.state["n"]))
    _, result = world.run(world.streamed(workflow, {}, initial_state={"n": 3}))
    assert result.result == 3


def test_o3_invalid_input_is_raised_and_nothing_is_recorded(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.inc("s"), input_schema=Value)
        world.engine(workflow)
        run = await workflow.create_run()
        stream = run.stream(input_data={"value": "x"})
        with pytest.raises(InvalidInput):
            await events_of(stream)
        with pytest.raises(InvalidInput):
            await stream.result
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "pending"

    world.run(scenario())


def test_o4_parallel_starts_come_before_any_result(world: World, steps: Steps) -> None:
    workflow = create_workflow(id="wf").parallel([steps.slow("a", 30), steps.slow("b", 10)]).commit()
    events, _ = world.run(world.streamed(workflow, 1))
    told = story(events)
    assert told[:2] == [("start", "a"), ("start", "b")]
    assert sorted(told[2:]) == [("result", "a"), ("result", "b")]


def test_o6_a_suspension_ends_the_stream_and_the_resume_has_one_of_its_own(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"), steps.sus("ask"), steps.echo("c"))
        world.engine(workflow)
        run = await workflow.create_run()
        stream = run.stream(input_data=1)
        first = await events_of(stream)
        assert (await stream.result).status == "suspended"
        assert story(first) == [("start", "a"), ("result", "a"), ("start", "ask"), ("suspended", "ask")]
        suspended, finish = spoken(first)[-2:]
        assert suspended["payload"]["suspendPayload"] == {"ask": "ask"}
        assert suspended["payload"]["status"] == "suspended"
        assert (finish["type"], finish["payload"]["workflowStatus"]) == ("workflow-finish", "suspended")
        stream = run.resume_stream(resume_data=5)
        second = await events_of(stream)
        assert types(second)[0] == "workflow-start"
        assert story(second) == [("start", "ask"), ("result", "ask"), ("start", "c"), ("result", "c")]
        assert spoken(second)[1]["payload"]["resumePayload"] == 5
        assert spoken(second)[-1]["payload"]["workflowStatus"] == "success"
        assert (await stream.result).result == {"got": 5}
        assert [event["seq"] for event in first + second] == list(range(1, len(first + second) + 1))

    world.run(scenario())


def test_o6_a_stream_may_stay_open_over_a_suspension(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.sus("ask"))
        world.engine(workflow)
        run = await workflow.create_run()
        reading = asyncio.create_task(events_of(run.stream(input_data=1, close_on_suspend=False)))
        await status_becomes(workflow, run.run_id, "suspended")
        await run.resume(resume_data=5)
        told = story(await reading)
        assert told == [("start", "ask"), ("suspended", "ask"), ("start", "ask"), ("result", "ask")]

    world.run(scenario())


def writing(steps: Steps, id: str, *values: Json) -> StepLike:
    async def write(ctx: StepContext) -> Json:
        for value in values:
            await ctx.writer.write(value)
        return ctx.input_data

    return steps.step(id, write)


def outputs(events: list[Event]) -> list[Any]:
    return [event["payload"] for event in events if event["type"] == "workflow-step-output"]


def test_o7_what_a_step_writes_is_an_output_event(world: World, steps: Steps) -> None:
    workflow = chain("wf", writing(steps, "s", {"type": "custom-event", "data": 1}))
    events, result = world.run(world.streamed(workflow, 1))
    [event] = [event for event in events if event["type"] == "workflow-step-output"]
    assert event["from"] == "USER"
    assert event["payload"]["output"] == {"type": "custom-event", "data": 1}
    assert event["payload"]["stepName"] == "s"
    assert event["payload"]["runId"] == result.run_id
    assert story(events) == [("start", "s"), ("output", "s"), ("result", "s")]


class RateLimited(Exception):
    """An error with an attribute of its own."""

    def __init__(self) -> None:
        super().__init__("slow down")
        self.status_code = 429


def test_o8_a_failure_is_in_the_result_event_with_its_details(world: World, steps: Steps) -> None:
    events, result = world.run(world.streamed(chain("wf", steps.boom("s", RateLimited()))))
    failed, finish = [event["payload"] for event in spoken(events)][-2:]
    assert failed["status"] == "failed"
    assert failed["error"] == result.error
    assert result.error["details"] == {"status_code": 429}
    assert finish["workflowStatus"] == "failed"
    assert "finalWorkflowResult" not in finish


def test_o9_agents_stream_their_chunks_and_their_usage_is_summed(world: World, steps: Steps) -> None:
    one = FakeAgent("one", ["Hel", "lo"], usage={"inputTokens": 3, "outputTokens": 2})
    two = FakeAgent("two", ["Bye"], usage={"inputTokens": 4, "outputTokens": 1})
    workflow = (
        create_workflow(id="wf")
        .map(lambda ctx: {"prompt": "greet"})
        .then(create_step(one))
        .map(lambda ctx: {"prompt": ctx.input_data["text"]})
        .then(create_step(two))
        .commit()
    )
    events, result = world.run(world.streamed(workflow, {}))
    assert result.result == {"text": "Bye"}
    told = story(events)
    assert list(dict.fromkeys(id for _, id in told)) == ["mapping_wf_0", "one", "mapping_wf_1", "two"]
    for id, agent in (("one", one), ("two", two)):
        own = [what for what, name in told if name == id]
        assert own == ["start", *["output"] * len(agent.chunks()), "result"]
        assert [each["output"] for each in outputs(events) if each["stepName"] == id] == agent.chunks()
    usage = events[-1]["payload"]["output"]["usage"]
    assert (usage["inputTokens"], usage["outputTokens"]) == (7, 3)


@pytest.mark.parametrize("ids", [("a", "b"), ("a", "b", "c")], ids=["o10-two", "o11-three"])
def test_o10_o11_all_that_parallel_steps_write_arrives(world: World, steps: Steps, ids: tuple[str, ...]) -> None:
    members = [writing(steps, id, f"{id}-1", f"{id}-2") for id in ids]
    events, _ = world.run(world.streamed(create_workflow(id="wf").parallel(members).commit(), 1))
    for id in ids:
        written = [each["output"] for each in outputs(events) if each["stepName"] == id]
        assert written == [f"{id}-1", f"{id}-2"]


def test_o13_a_custom_event_arrives_unwrapped(world: World, steps: Steps) -> None:
    async def progress(ctx: StepContext) -> None:
        await ctx.writer.custom({"type": "data-progress", "data": {"percent": 50}})

    events, result = world.run(world.streamed(chain("wf", steps.step("s", progress))))
    [event] = [event for event in events if event["type"] == "data-progress"]
    assert event["data"] == {"percent": 50}
    assert event["runId"] == result.run_id
    assert event["payload"] == {"id": "s", "stepName": "s"}


def test_o16_a_late_observer_gets_everything(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", writing(steps, "a", "x"), steps.inc("b"))
        world.engine(workflow)
        run = await workflow.create_run()
        live = await events_of(run.stream(input_data={"value": 1}))
        assert await events_of(run.observe_stream()) == live
        assert live[-1]["type"] == "workflow-finish"

    world.run(scenario())


def test_o16_a_run_that_was_not_streamed_is_observed_too(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.inc("a"), steps.inc("b"))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={"value": 1})
        events = await events_of(run.observe_stream())
        assert story(events) == [("start", "a"), ("result", "a"), ("start", "b"), ("result", "b")]
        assert (types(events)[0], types(events)[-1]) == ("workflow-start", "workflow-finish")
        assert await events_of(run.observe_stream(offset=2)) == events[2:]

    world.run(scenario())


def test_o16_an_observer_of_a_live_run_misses_and_repeats_nothing(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await world.begun(chain("wf", steps.echo("a"), steps.held("b"), steps.echo("c")), 1)
        await steps.called("b")
        reading = asyncio.create_task(events_of(run.observe_stream()))
        await asyncio.sleep(0.02)
        steps.release("b")
        events = await reading
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["payload"]["workflowStatus"] == "success"

    world.run(scenario())


def test_o16_the_same_stream_is_given_again(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.echo("a"))
        world.engine(workflow)
        run = await workflow.create_run()
        stream = run.stream(input_data=1)
        assert run.stream(input_data=1) is stream
        assert await events_of(stream) == await events_of(stream)
        assert steps.calls["a"] == 1

    world.run(scenario())


def test_o17_a_watcher_gets_step_events_until_it_leaves(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        seen: list[Event] = []

        def leave(ctx: StepContext) -> Json:
            unsubscribe()
            return ctx.input_data

        workflow = chain("wf", steps.echo("a"), steps.held("b"), steps.step("c", leave), steps.echo("d"))
        world.engine(workflow)
        run = await workflow.create_run()
        unsubscribe = run.watch(seen.append)
        starting = asyncio.create_task(run.start(input_data=1))
        await steps.called("b")
        steps.release("b")
        await starting
        told = story(seen)
        assert ("start", "a") in told
        assert ("result", "a") in told
        assert ("result", "d") not in told

    world.run(scenario())


def test_o17_a_watcher_may_be_async(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        seen: list[Event] = []

        async def watch(event: Event) -> None:
            await asyncio.sleep(0)
            seen.append(event)

        workflow = chain("wf", steps.echo("a"), steps.slow("b", 50))
        world.engine(workflow)
        run = await workflow.create_run()
        run.watch(watch)
        await run.start(input_data=1)
        assert ("result", "a") in story(seen)

    world.run(scenario())
