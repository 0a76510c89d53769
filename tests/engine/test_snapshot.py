"""The public picture of a run."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.engine.simulator import Simulator, quiet_log, randomly
from workflows_app import create_step, create_workflow
from workflows_app.engine.ports import RunHead
from workflows_app.engine.snapshot import Result, iso, result_of, stored_run, to_datetime

assert quiet_log


def echo(id: str) -> Any:
    async def run(ctx: Any) -> Any:
        return ctx.input_data

    return create_step(id=id, execute=run)


def boom(id: str) -> Any:
    async def run(ctx: Any) -> Any:
        raise ValueError(id)

    return create_step(id=id, execute=run)


def asks(id: str, **asked: Any) -> Any:
    async def run(ctx: Any) -> Any:
        return await ctx.suspend({"q": id}, **asked) if ctx.resume_data is None else ctx.resume_data

    return create_step(id=id, execute=run)


def pictured(world: Simulator, **options: Any) -> Result:
    result = result_of("r", world.history, world.workflow.places, **options)
    json.dumps(result.to_json())
    return result


def worked(workflow: Any, value: Any = 1) -> Simulator:
    """Perform all calls, but answer nothing."""
    world = Simulator(workflow.commit(), value)
    while world.under_way:
        key = next(iter(world.under_way))
        world.perform(key)
        world.deliver(key)
    return world


def new() -> Any:
    return create_workflow(id="wf")


def test_suspensions_are_told_in_the_order_of_the_graph() -> None:
    inner = create_workflow(id="inner").then(asks("deep", resume_label="low")).commit()
    result = pictured(worked(new().parallel([asks("b"), inner, asks("a", resume_label=["x", "y"])])))
    assert result.suspended == [["b"], ["inner", "deep"], ["a"]]
    assert result.suspend_payload == {"b": {"q": "b"}, "inner.deep": {"q": "deep"}, "a": {"q": "a"}}
    assert result.resume_labels == {"low": "inner.deep", "x": "a", "y": "a"}
    wire = result.to_json()
    assert wire["suspendPayload"] == {"b": {"q": "b"}, "inner": {"q": "deep"}, "a": {"q": "a"}}
    assert wire["resumeLabels"] == result.resume_labels
    assert "suspendedItems" not in wire


def test_items_that_ask_stand_beside_their_step_on_the_wire() -> None:
    inner = create_workflow(id="inner").then(asks("deep")).commit()
    wire = pictured(worked(new().foreach(inner, concurrency=2), [1, 2])).to_json()
    assert wire["suspended"] == [["inner", "deep"], ["inner", "deep"]]
    assert wire["suspendedItems"] == [
        {"path": ["inner", 0, "deep"], "forEachIndex": 0},
        {"path": ["inner", 1, "deep"], "forEachIndex": 1},
    ]
    assert set(wire["suspendPayload"]) == {"inner[0].deep", "inner[1].deep"}


def test_a_foreach_that_was_cut_short_keeps_what_it_has() -> None:
    async def picky(ctx: Any) -> Any:
        if ctx.input_data == 2:
            raise ValueError("two")
        return ctx.input_data * 10

    world = worked(new().foreach(create_step(id="it", execute=picky), concurrency=1), [1, 2, 3])
    result = pictured(world)
    assert (result.status, result.steps["it"].output) == ("failed", [10, None])


def test_a_foreach_that_never_began_has_no_items() -> None:
    result = pictured(worked(new().foreach(echo("it")), "text"))
    assert (result.status, result.steps["it"].status, result.steps["it"].output) == ("failed", "failed", [])


def test_a_suspended_container_is_running_as_stored_and_suspended_in_results() -> None:
    inner = create_workflow(id="inner").then(asks("deep")).commit()
    world = worked(new().then(inner))
    assert pictured(world).steps["inner"].status == "suspended"
    stored = stored_run(RunHead("r", "wf", "suspended"), world.history, world.workflow.places)
    assert stored.steps is not None
    assert (stored.steps["inner"].status, stored.steps["inner.deep"].status) == ("running", "suspended")
    assert (stored.suspended, stored.resume_labels) == ([["inner", "deep"]], {})
    assert stored.to_json()["suspended"] == [["inner", "deep"]]


def test_only_asked_fields_are_given() -> None:
    inner = create_workflow(id="inner").then(echo("deep")).commit()
    world = worked(new().then(inner))
    stored = stored_run(RunHead("r", "wf"), world.history, world.workflow.places, fields=["payload", "steps"])
    assert (stored.input, stored.result, stored.state, stored.suspended) == (1, None, None, None)
    flat = stored_run(RunHead("r", "wf"), world.history, world.workflow.places, nested=False)
    assert flat.steps is not None
    assert list(flat.steps) == ["inner"]
    wire = flat.to_json()
    assert (wire["runId"], wire["workflowName"], wire["payload"], wire["result"]) == ("r", "wf", 1, 1)
    assert list(wire["steps"]) == ["inner"]
    assert "steps" not in stored_run(RunHead("r", "wf"), world.history, {}, fields=["result"]).to_json()


@pytest.mark.parametrize("state", [True, False])
def test_state_is_given_when_it_is_asked_for(state: bool) -> None:
    result = pictured(worked(new().then(echo("a"))), include_state=state)
    assert result.state == ({} if state else None)
    assert ("state" in result.to_json()) is state


def test_a_failure_shows_its_error_without_traceback() -> None:
    wire = pictured(worked(new().then(boom("a")))).to_json()
    assert wire["error"] == wire["steps"]["a"]["error"] == {"name": "ValueError", "message": "a"}
    assert "result" not in wire


def test_a_hopeless_step_says_so() -> None:
    world = Simulator(new().then(echo("a")).commit(), 1)
    for _ in range(3):
        world.crash(supervised=False)
    assert pictured(world).to_json()["steps"]["a"]["nonRetryable"] is True


def test_loop_passes_count_once_in_the_path_and_show_the_last() -> None:
    workflow = new().dountil(echo("a"), lambda ctx: ctx.iteration_count >= 3).then(echo("b"))
    result = pictured(worked(workflow))
    assert result.step_execution_path == ["a", "b"]
    assert result.steps["a"].metadata == {"iteration_count": 3}
    assert result.to_json()["steps"]["a"]["metadata"] == {"iterationCount": 3}


def test_a_paused_container_is_paused() -> None:
    inner = create_workflow(id="inner").then(echo("x")).then(echo("y")).commit()
    world = Simulator(new().then(inner).commit(), 1, per_step=True)
    world.perform(("inner.x", 1))
    world.deliver(("inner.x", 1))
    result = pictured(world)
    assert (result.status, result.steps["inner"].status) == ("paused", "paused")
    world.unpause()
    world.run(randomly(1))


def test_moments_are_aware() -> None:
    moment = to_datetime(1_500_000)
    assert moment is not None
    assert (moment.timestamp(), moment.tzinfo is not None) == (1.5, True)
    assert iso(moment) == "1970-01-01T00:00:01.500Z"
    assert to_datetime(None) is None


def test_a_step_that_bailed_has_succeeded() -> None:
    early = create_step(id="a", execute=lambda ctx: ctx.bail("early"))
    result = pictured(worked(new().parallel([early, echo("b")]).then(echo("c"))))
    assert (result.status, result.result) == ("success", "early")
    assert {name: (step.status, step.output) for name, step in result.steps.items()} == {
        "a": ("success", "early"), "b": ("success", 1),
    }  # fmt: skip
    assert result.to_json()["steps"]["a"]["status"] == "success"


def test_a_paused_run_names_what_is_asked_and_what_is_held() -> None:
    async def scenario() -> None:
        workflow = new().parallel([asks("a"), asks("b")]).commit()
        run = await workflow.create_run()
        result = await run.start(per_step=True)
        assert (result.status, result.suspended, list(result.suspend_payload)) == ("paused", [["a"]], ["a"])
        result = await run.resume_all_steps()
        assert (result.status, result.suspended) == ("suspended", [["a"], ["b"]])
        result = await run.resume(all=True, resume_data=1, per_step=True)
        assert (result.status, result.suspended) == ("paused", [])
        assert {name: step.status for name, step in result.steps.items()} == {"a": "success", "b": "paused"}

    asyncio.run(scenario())
