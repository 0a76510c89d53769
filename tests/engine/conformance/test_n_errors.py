"""Section N: errors, retries and callbacks."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.engine.conformance.fixtures import Json, Steps, World, chain, plain
from workflows_app import NonRetryableError, RetryPolicy, StepContext
from workflows_app.errors import RunAlreadyStarted


class RateLimited(Exception):
    """An error with attributes of its own."""

    def __init__(self) -> None:
        super().__init__("slow down")
        self.status_code = 429
        self.response_headers = {"retry-after": "60"}
        self.is_retryable = True
        self._secret = "never shown"


def test_n1_n4_a_raising_step_fails_the_run(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.boom("s", ValueError("no such city")), steps.echo("next")))
    assert result.status == "failed"
    assert result.error["message"] == "no such city"
    assert result.error["name"] == "ValueError"
    assert result.steps["s"].status == "failed"
    assert result.steps["s"].error == result.error
    assert result.result is None
    assert "next" not in result.steps


def test_n1_the_cause_is_kept(world: World, steps: Steps) -> None:
    def fail(ctx: StepContext) -> None:
        raise ValueError("outer") from KeyError("inner")

    error = world.outcome(chain("wf", steps.step("s", fail))).error
    assert error["message"] == "outer"
    assert error["cause"]["name"] == "KeyError"


def test_n2_a_step_may_look_for_what_is_not_there(world: World, steps: Steps) -> None:
    workflow = chain(
        "wf",
        steps.give("step1", {"x": 1}),
        steps.step("step2", lambda ctx: [ctx.get_step_result("ghost"), ctx.request_context.get("ghost")]),
    )
    result = world.outcome(workflow)
    assert [step.status for step in result.steps.values()] == ["success", "success"]
    assert result.steps["step2"].payload == {"x": 1}
    assert result.result == [None, None]


def test_n3_an_errors_public_attributes_are_its_details(world: World, steps: Steps) -> None:
    error = world.outcome(chain("wf", steps.boom("s", RateLimited()))).error
    assert error["name"] == "RateLimited"
    assert error["details"] == {
        "status_code": 429,
        "response_headers": {"retry-after": "60"},
        "is_retryable": True,
    }


def test_n5_a_nested_steps_error_reaches_its_workflow(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", chain("nested", steps.boom("s", ValueError("inner message")))))
    assert result.steps["nested"].status == "failed"
    assert result.steps["nested"].error["message"] == "inner message"


class Internal(Exception):
    """Another error with attributes."""

    def __init__(self) -> None:
        super().__init__("it broke")
        self.status_code = 500
        self.error_code = "INTERNAL_ERROR"


def test_n7_n8_the_stored_error_has_details_and_no_traceback(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.boom("s", Internal()))
        result = await world.start(workflow)
        error = (await workflow.get_workflow_run_by_id(result.run_id)).error
        assert (error["name"], error["message"]) == ("Internal", "it broke")
        assert error["details"] == {"status_code": 500, "error_code": "INTERNAL_ERROR"}
        assert "Traceback" not in str(error)
        assert "test_n_errors.py" not in str(error)

    world.run(scenario())


def test_n9_a_framework_error_is_named_by_its_class(world: World, steps: Steps) -> None:
    error = world.outcome(chain("wf", steps.boom("s", NonRetryableError("give up")))).error
    assert (error["name"], error["message"]) == ("NonRetryableError", "give up")
    assert "Traceback" not in str(error)


def test_n9_a_step_that_takes_too_long_times_out(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.slow("s", 5000, timeout=0.05)))
    assert result.status == "failed"
    assert result.steps["s"].error["name"] == "StepTimeout"


def test_n10_without_retries_a_step_is_called_once(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.boom("s")))
    assert result.status == "failed"
    assert steps.calls["s"] == 1


def counted_failure(steps: Steps, **options: Any) -> Any:
    def fail(ctx: StepContext) -> None:
        steps.seen["retry_count"].append(ctx.retry_count)
        raise ValueError("again")

    return steps.step("s", fail, **options)


def test_n11_a_workflow_retries_its_steps(world: World, steps: Steps) -> None:
    began = time.monotonic()
    result = world.outcome(chain("wf", counted_failure(steps), retry=RetryPolicy(attempts=5, delay=0.02)))
    assert time.monotonic() - began >= 5 * 0.02
    assert result.status == "failed"
    assert steps.seen["retry_count"] == [0, 1, 2, 3, 4, 5]
    assert result.steps["s"].retry_count == 5
    assert result.step_execution_path == ["s"]


def test_n11_a_steps_own_retries_win(world: World, steps: Steps) -> None:
    world.outcome(chain("wf", counted_failure(steps, retries=1), retry=RetryPolicy(attempts=5)))
    assert steps.seen["retry_count"] == [0, 1]


def test_n11_a_retry_may_succeed(world: World, steps: Steps) -> None:
    def flaky(ctx: StepContext) -> Json:
        if ctx.retry_count < 2:
            raise ValueError("not yet")
        return ctx.retry_count

    result = world.outcome(chain("wf", steps.step("s", flaky, retries=3)))
    assert (result.status, result.result) == ("success", 2)
    assert result.steps["s"].error is None
    assert steps.calls["s"] == 3


def test_n11_a_non_retryable_error_is_not_retried(world: World, steps: Steps) -> None:
    result = world.outcome(chain("wf", steps.boom("s", NonRetryableError("give up"), retries=5)))
    assert result.status == "failed"
    assert steps.calls["s"] == 1


def test_n11_each_attempt_gets_a_fresh_input(world: World, steps: Steps) -> None:
    def tamper(ctx: StepContext) -> Json:
        ctx.input_data["items"].append("tampered")
        if ctx.retry_count < 1:
            raise ValueError("again")
        return ctx.input_data

    result = world.outcome(chain("wf", steps.step("s", tamper, retries=1)), {"items": []})
    assert result.result == {"items": ["tampered"]}
    assert result.steps["s"].payload == {"items": []}
    assert result.input == {"items": []}


def test_n15_an_exception_without_a_text_is_named(world: World, steps: Steps) -> None:
    error = world.outcome(chain("wf", steps.boom("s", ValueError()))).error
    assert "ValueError" in error["message"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_n15_what_ends_the_process_is_not_swallowed(world: World, steps: Steps, kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        world.outcome(chain("wf", steps.boom("s", kind())))


def test_n15_a_cancellation_is_no_failure_of_the_step(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.boom("s", asyncio.CancelledError()))
        run = await world.begun(workflow)
        await steps.called("s")
        await asyncio.sleep(0.05)
        record = await workflow.get_workflow_run_by_id(run.run_id)
        assert record.steps["s"].status != "failed"

    world.run(scenario())


def listening(told: list[tuple[str, Any]]) -> dict[str, Any]:
    async def finished(info: Any) -> None:
        told.append(("finish", info))

    def failed(info: Any) -> None:
        told.append(("error", info))

    return {"on_finish": finished, "on_error": failed}


def test_n16_n18_a_success_calls_on_finish_only(world: World, steps: Steps) -> None:
    told: list[tuple[str, Any]] = []
    world.outcome(chain("wf", steps.give("s", {"x": 1}), **listening(told)))
    [(name, info)] = told
    assert name == "finish"
    assert (info.status, info.result, info.error) == ("success", {"x": 1}, None)
    assert info.steps["s"].output == {"x": 1}
    assert info.step_execution_path == ["s"]


def test_n17_n19_a_failure_calls_both_with_on_finish_first(world: World, steps: Steps) -> None:
    told: list[tuple[str, Any]] = []
    world.outcome(chain("wf", steps.boom("s", ValueError("bad")), **listening(told)))
    assert [name for name, _ in told] == ["finish", "error"]
    assert [info.status for _, info in told] == ["failed", "failed"]
    assert [info.error["message"] for _, info in told] == ["bad", "bad"]


def test_n16_a_raising_callback_changes_nothing(world: World, steps: Steps) -> None:
    def broken(info: Any) -> None:
        raise ValueError("callback broke")

    assert world.outcome(chain("wf", steps.give("s", 1), on_finish=broken)).status == "success"


def test_n22_callbacks_know_their_run(world: World, steps: Steps) -> None:
    async def set_counter(ctx: StepContext) -> None:
        await ctx.set_state({"counter": 1})

    async def scenario() -> None:
        told: list[tuple[str, Any]] = []
        workflow = chain("wf", steps.step("s", set_counter), **listening(told))
        world.engine(workflow)
        run = await workflow.create_run(resource_id="user-1")
        await run.start(input_data={"x": 1}, initial_state={"counter": 0}, request_context={"tier": "pro"})
        [(_, info)] = told
        assert (info.run_id, info.workflow_id, info.resource_id) == (run.run_id, "wf", "user-1")
        assert plain(info.state) == {"counter": 1}
        assert plain(info.get_init_data()) == {"x": 1}
        assert info.request_context.get("tier") == "pro"
        info.logger.info("the logger logs")

    world.run(scenario())


@pytest.mark.parametrize("way", ["n23-start", "n26-stream"])
def test_n23_n26_on_start_comes_before_the_first_step(world: World, steps: Steps, way: str) -> None:
    async def scenario() -> None:
        def started(info: Any) -> None:
            steps.order.append(f"on_start {info.run_id} {info.workflow_id}")

        workflow = chain("wf", steps.give("s", 1), on_start=started)
        world.engine(workflow)
        run = await workflow.create_run(run_id="r1")
        if way == "n23-start":
            await run.start(input_data={})
        else:
            await run.stream(input_data={}).result
        assert steps.order == ["on_start r1 wf", "s"]

    world.run(scenario())


def test_n27_an_on_start_that_raises_is_a_gate(world: World, steps: Steps, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        closed = True

        def gate(info: Any) -> None:
            if closed:
                raise ValueError("the gate is shut")

        workflow = chain("wf", steps.give("s", 1), on_start=gate)
        world.engine(workflow)
        run = await workflow.create_run()
        with pytest.raises(ValueError, match="the gate is shut"):
            await run.start(input_data={})
        assert "the gate is shut" in caplog.text
        assert steps.calls["s"] == 0
        assert (await workflow.get_workflow_run_by_id(run.run_id)).status == "pending"
        closed = False
        assert (await run.start(input_data={})).result == 1

    world.run(scenario())


def test_n27_a_run_starts_once(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.give("s", 1))
        world.engine(workflow)
        run = await workflow.create_run()
        await run.start(input_data={})
        with pytest.raises(RunAlreadyStarted) as caught:
            await run.start(input_data={})
        assert caught.value.code == "run_already_started"
        assert steps.calls["s"] == 1

    world.run(scenario())


def test_n29_a_failed_runs_record_has_an_error_and_no_result(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = chain("wf", steps.boom("s", ValueError("bad")))
        result = await world.start(workflow)
        record = await workflow.get_workflow_run_by_id(result.run_id)
        assert (record.status, record.error["message"], record.result) == ("failed", "bad", None)
        assert "result" not in record.to_json()

    world.run(scenario())
