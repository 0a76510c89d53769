"""Streams as a projection: the numbers and the shapes that no single conformance case looks at."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.simulator import Simulator, quiet_log, randomly
from workflows_app import create_step, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine.events import Event
from workflows_app.engine.schema import Value
from workflows_app.engine.streams import Projector, bare, count
from workflows_app.engine.usage import NO_USAGE, used

assert quiet_log


def shown(*events: Event) -> list[dict[str, Any]]:
    projector = Projector("r", "wf")
    found = []
    for event in events:
        made = projector.project(event)
        assert len(made) == count(event)
        found += made
    assert [public["seq"] for public in found] == list(range(1, len(found) + 1))
    return found


STARTED = e.RunStarted(1_000, Value.of(1))
A = e.StepStarted(2_000, "a", 1, input=Value.of(1))


@pytest.mark.parametrize(
    ("event", "types"),
    [
        (e.RunPaused(3), ["workflow-paused", "workflow-finish"]),
        (e.RunSuspended(3), ["workflow-finish"]),
        (e.RunFinished(3, "canceled"), ["workflow-canceled", "workflow-finish"]),
        (e.RunFinished(3, "success", Value.of(1)), ["workflow-finish"]),
        (e.RunCancelled(3), []),
        (e.RunRestarted(3, ("a",)), ["workflow-start"]),
        (e.RunUnpaused(3), ["workflow-start"]),
        (e.RunRewound(3, "a", ("a",)), ["workflow-start"]),
        (e.StepSucceeded(3, "a", 1), ["workflow-step-result"]),
        (e.StepFailed(3, "a", 1, {"message": "no"}), ["workflow-step-result"]),
        (e.StepFailed(3, "a", 1, {"message": "no"}, False, retry_at=2_003), ["workflow-step-retry"]),
        (e.StepSuspended(3, "a", 1), ["workflow-step-suspended"]),
        (e.StepLost(3, "a", 1), []),
        (e.StepCanceled(3, "a"), []),
        (e.StepSkipped(3, "b"), []),
        (e.StepStarted(3, "a", 2, cause="retry"), []),
        (e.StepStarted(3, "a", 2, cause="resume"), ["workflow-step-start"]),
        (e.StepStarted(3, "a/condition", 1, "condition"), []),
        (e.TimerStarted(3, "z", 5), ["workflow-step-waiting"]),
    ],
    ids=lambda given: given.kind if isinstance(given, Event) else "",
)
def test_each_fact_has_its_public_events(event: Event, types: list[str]) -> None:
    assert [public["type"] for public in shown(STARTED, A, event)[2:]] == types


def test_a_helper_is_never_shown() -> None:
    helper = e.StepStarted(2, "a/condition", 1, "condition")
    assert shown(STARTED, helper, e.StepSucceeded(3, "a/condition", 1))[1:] == []
    assert shown(STARTED, helper, e.StepFailed(3, "a/condition", 1, {"message": "no"}))[1:] == []


def test_a_retry_tells_its_delay() -> None:
    failed = e.StepFailed(3_000, "a", 1, {"message": "no", "traceback": []}, False, retry_at=503_000)
    payload = shown(STARTED, A, failed)[-1]["payload"]
    assert (payload["attempt"], payload["delay"], payload["error"]) == (1, 500, {"message": "no"})


def test_a_timer_shows_when_it_was_a_sleep() -> None:
    sleep = [e.TimerStarted(2, "z", 5, Value.of(7)), e.TimerFired(5, "z")]
    assert shown(STARTED, *sleep)[-1]["payload"]["output"] == 7
    waiting = [A, e.StepFailed(3, "a", 1, {"message": "no"}, False, retry_at=4)]
    assert len(shown(STARTED, *waiting, e.TimerFired(4, "a", "retry"))) == 3


def test_progress_of_a_foreach_counts_what_is_done() -> None:
    events = [
        e.StepStarted(2, "it", 1, "foreach", Value.of([5, 6])),
        e.StepStarted(2, "it[0]", 1),
        e.StepStarted(2, "it[1]", 1),
        e.StepSucceeded(3, "it[1]", 1, Value.of(60)),
        e.StepFailed(4, "it[0]", 1, {"message": "no"}),
    ]
    done, failed = (public["payload"] for public in shown(STARTED, *events)[-2:])
    assert (done["completedCount"], done["totalCount"], done["currentIndex"]) == (1, 2, 1)
    assert (done["iterationStatus"], done["iterationOutput"]) == ("success", 60)
    assert (failed["iterationStatus"], "iterationOutput" in failed) == ("failed", False)


def test_a_suspension_is_shown_for_all_that_contain_it() -> None:
    events = [
        e.StepStarted(2, "outer", 1, "nested"),
        e.StepStarted(2, "outer.it", 1, "foreach", Value.of([1])),
        e.StepStarted(2, "outer.it[0]", 1),
        e.StepSuspended(3, "outer.it[0]", 1, Value.of({"q": 1}), Value.of("partial")),
    ]
    asked = shown(STARTED, *events)[3:]
    assert [public["payload"]["id"] for public in asked] == ["outer.it", "outer"]
    assert asked[0]["payload"]["forEachIndex"] == 0
    assert asked[0]["payload"]["suspendPayload"] == {"q": 1}
    assert asked[0]["payload"]["suspendOutput"] == "partial"


def written(*chunks: Any) -> e.StepOutput:
    return e.StepOutput(3, "a", 1, Value.of(list(chunks)), len(chunks), used(chunks))


def test_what_a_step_writes_comes_from_the_user() -> None:
    said, custom = shown(STARTED, A, written({"output": 3}, {"type": "data-x", "data": {"k": 1}}))[2:]
    assert (said["type"], said["from"], said["payload"]["output"]) == ("workflow-step-output", "USER", 3)
    assert (custom["type"], custom["data"], custom["payload"]) == (
        "data-x",
        {"k": 1},
        {"id": "a", "stepName": "a"},
    )


def test_the_usage_of_models_is_added_up() -> None:
    finish = {"output": {"type": "finish", "usage": {"inputTokens": 2, "totalTokens": 3, "model": "m"}}}
    end = e.RunFinished(4, "success", Value.of(1))
    usage = shown(STARTED, A, written(finish), written({"output": 1}), written(finish), end)[-1]["payload"]["output"][
        "usage"
    ]
    assert usage == {"inputTokens": 4, "outputTokens": 0, "totalTokens": 6}
    assert NO_USAGE["inputTokens"] == 0


def test_tracebacks_stay_inside() -> None:
    error = {"message": "a", "traceback": [1], "cause": {"message": "b", "traceback": [2]}}
    assert bare(error) == {"message": "a", "cause": {"message": "b"}}
    assert bare(None) is None


def test_every_reader_sees_the_same_stream() -> None:
    async def give(ctx: Any) -> Any:
        return ctx.input_data

    workflow = create_workflow(id="wf").foreach(create_step(id="it", execute=give), 2).sleep(1).commit()
    world = Simulator(workflow, [1, 2, 3])
    world.run(randomly(3))
    events = [e.decode(*row) for row in world.rows]
    assert shown(*events) == shown(*events)
    assert world.projector.number == sum(map(count, events))


def test_what_runs_no_code_of_its_own_names_no_call() -> None:
    told = shown(
        e.RunStarted(1, Value.of([5])),
        e.StepStarted(2, "it", 1, "foreach", Value.of([5])),
        e.StepStarted(3, "it[0]", 1, input=Value.of(5)),
        e.StepSucceeded(4, "it[0]", 1, Value.of(6)),
        e.StepSucceeded(5, "it", 1, Value.of([6])),
        e.TimerStarted(6, "nap", 7, Value.of([6])),
        e.TimerFired(7, "nap"),
        e.StepStarted(8, "last", 1, input=Value.of(6)),
    )
    named = [event["payload"]["id"] for event in told if "stepCallId" in event["payload"]]
    assert (named, len(told)) == (["last"], 7)
