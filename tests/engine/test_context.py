"""What a step may do to its run, and what authors do that they should not."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from workflows_app import Engine, Result, RetryPolicy, StepContext, create_step, create_workflow
from workflows_app.engine.abort import AbortSignal
from workflows_app.engine.questions import to_instant
from workflows_app.errors import InvalidData

Execute = Callable[[StepContext], Any]


class Order(BaseModel):
    sku: str
    lines: list[int] = []


class Counters(BaseModel):
    a: int = 0
    b: int = 0


def run_of(*functions: Execute, value: Any = None, state: Any = None, context: Any = None, **options: Any) -> Result:
    """Run functions as steps s0, s1… one after another."""
    steps = {key: options.pop(key) for key in list(options) if key in ("timeout", "input_schema", "suspend_schema")}
    workflow = create_workflow(id="wf", **options)
    for number, function in enumerate(functions):
        workflow.then(create_step(id=f"s{number}", execute=function, **steps))

    async def scenario() -> Result:
        run = await workflow.commit().create_run()
        result: Result = await run.start(
            input_data=value, initial_state=state, request_context=context, include_state=True
        )  # fmt: skip
        return result

    return asyncio.run(asyncio.wait_for(scenario(), 10))


def only(function: Execute, **options: Any) -> Any:
    return run_of(function, **options).steps["s0"]


@pytest.mark.parametrize(
    ("output", "word"),
    [
        (float("nan"), "number"),
        ({"x": {1, 2}}, "set"),
        (b"x", "bytes"),
        ({1: 2}, "key"),
        ("\0", "NUL"),
        ("\ud800", "surrogate"),
        (object(), "object"),
        (lambda: 1, "function"),
    ],
)
def test_an_output_that_is_not_json_fails_the_step(output: object, word: str) -> None:
    step = only(lambda ctx: output)
    assert (step.status, step.error["name"]) == ("failed", "InvalidPayload")
    assert word in step.error["message"]


def test_changing_the_input_changes_no_record() -> None:
    def spoil(ctx: StepContext) -> int:
        ctx.input_data["list"].append(4)
        ctx.input_data.clear()
        return 1

    def look(ctx: StepContext) -> Any:
        return ctx.get_init_data()

    result = run_of(spoil, look, value={"list": [1]})
    assert result.result == result.input == {"list": [1]}
    assert result.steps["s0"].payload == {"list": [1]}


def test_changing_what_the_context_hands_out_changes_nothing() -> None:
    def spoil(ctx: StepContext) -> None:
        ctx.state["n"] = 5
        ctx.get_init_data()["x"] = 5

    def look(ctx: StepContext) -> Any:
        first = ctx.get_step_result("s0")
        return [ctx.state, ctx.get_init_data(), first]

    assert run_of(spoil, look, value={"x": 1}, state={"n": 1}).result == [{"n": 1}, {"x": 1}, None]


def test_changing_an_output_after_the_return_changes_no_record() -> None:
    kept: list[int] = [1]

    def give(ctx: StepContext) -> list[int]:
        return kept

    def spoil(ctx: StepContext) -> Any:
        kept.append(2)
        return ctx.input_data

    assert run_of(give, spoil).result == [1]


def test_models_are_returned_as_plain_data() -> None:
    def give(ctx: StepContext) -> Any:
        return {"orders": [Order(sku="x", lines=[1])], "at": datetime(2026, 1, 1, tzinfo=UTC)}

    expected = {"orders": [{"sku": "x", "lines": [1]}], "at": "2026-01-01T00:00:00Z"}
    assert only(give).output == expected


def test_a_forgotten_await_is_forgiven() -> None:
    async def late(ctx: StepContext) -> int:
        ctx.set_state({"n": 1})
        ctx.update_state(lambda state: {"m": state["n"] + 1})
        ctx.writer.write("x")
        return 3

    async def forgets(ctx: StepContext) -> Any:
        return late(ctx)

    result = run_of(forgets)
    assert (result.result, result.state) == (3, {"n": 1, "m": 2})


def test_what_is_returned_beside_a_suspension_is_kept_apart() -> None:
    async def ask(ctx: StepContext) -> str:
        await ctx.suspend({"q": 1})
        return "partial"

    step = only(ask)
    assert (step.status, step.suspend_output, step.output) == ("suspended", "partial", None)


def test_a_suspension_outranks_a_bail_and_an_exception_both() -> None:
    def ask_and_bail(ctx: StepContext) -> None:
        ctx.suspend()
        ctx.bail(1)

    def ask_and_raise(ctx: StepContext) -> None:
        ctx.suspend()
        raise ValueError("after all")

    assert only(ask_and_bail).status == "suspended"
    assert only(ask_and_raise).status == "failed"


def test_state_that_a_failed_step_set_is_dropped() -> None:
    def fail(ctx: StepContext) -> None:
        ctx.set_state({"n": 2})
        raise ValueError

    assert run_of(fail, state={"n": 1}).state == {"n": 1}


def test_updates_from_many_steps_at_once_are_atomic() -> None:
    async def add(ctx: StepContext) -> None:
        before = ctx.state["n"]
        await asyncio.sleep(0.001)
        await ctx.update_state(lambda state: {"n": state["n"] + 1})
        assert before == 0

    members = [create_step(id=f"m{number}", execute=add) for number in range(20)]
    workflow = create_workflow(id="wf").parallel(members).commit()

    async def scenario() -> Any:
        run = await workflow.create_run()
        return await run.start(initial_state={"n": 0}, include_state=True)

    assert asyncio.run(scenario()).state == {"n": 20}


def test_updates_of_one_step_follow_one_another() -> None:
    async def change(ctx: StepContext) -> None:
        await ctx.set_state({"n": 5})
        await ctx.update_state(lambda state: {"n": state["n"] * 2})
        await ctx.set_state({"m": 1})
        await ctx.update_state(lambda state: {"m": state["m"] + state["n"]})

    assert run_of(change, state={"n": 1}).state == {"n": 10, "m": 11}


@pytest.mark.parametrize("made", [None, 3, [1]])
def test_an_update_that_is_no_dict_fails_the_step(made: Any) -> None:
    step = only(lambda ctx: ctx.update_state(lambda state: made))
    assert (step.status, step.error["name"]) == ("failed", "InvalidState")


@pytest.mark.parametrize("change", [{"n": 1}, 5, asyncio.sleep])
def test_an_update_is_a_plain_function(change: Any) -> None:
    step = only(lambda ctx: ctx.update_state(change))
    assert (step.status, step.error["name"]) == ("failed", "InvalidState")


def test_an_update_that_raises_fails_the_step() -> None:
    step = only(lambda ctx: ctx.update_state(lambda state: state["missing"]))
    assert (step.status, step.error["name"]) == ("failed", "KeyError")


def test_a_partial_state_is_merged_before_it_is_validated() -> None:
    def change(ctx: StepContext) -> int:
        ctx.set_state({"a": 3})
        ctx.set_state(Counters(b=4))
        return int(ctx.state.a)

    result = run_of(change, state_schema=Counters, state={"a": 1, "b": 2})
    assert (result.result, result.state) == (1, {"a": 0, "b": 4})


def test_state_that_does_not_fit_fails_the_step() -> None:
    def change(ctx: StepContext) -> None:
        ctx.set_state({"a": "many"})

    result = run_of(change, state_schema=Counters, state={})
    assert result.steps["s0"].error["name"] == "InvalidState"
    assert result.steps["s0"].error["details"]["errors"][0]["path"] == "a"


def test_a_plain_function_works_in_a_thread_with_everything() -> None:
    threads: list[threading.Thread] = []

    def work(ctx: StepContext) -> Any:
        threads.append(threading.current_thread())
        ctx.set_state({"n": ctx.state["n"] + 1})
        ctx.writer.write({"half": True})
        ctx.request_context.set("seen", True)
        return ctx.request_context.get("seen")

    result = run_of(work, state={"n": 1})
    assert (result.result, result.state) == (True, {"n": 2})
    assert threads[0] is not threading.main_thread()


def test_a_generator_is_no_output() -> None:
    def produce(ctx: StepContext) -> Any:
        yield 1

    async def produce_async(ctx: StepContext) -> Any:
        yield 1

    assert only(produce).error["name"] == "InvalidPayload"
    assert only(produce_async).error["name"] == "InvalidPayload"


@pytest.mark.parametrize("event", [{"type": "odd"}, {}, {"type": 3}, "data-x", None])
def test_a_custom_event_needs_a_type_of_its_own(event: Any) -> None:
    assert only(lambda ctx: ctx.writer.custom(event)).error["name"] == "InvalidPayload"


def test_what_is_written_must_be_json() -> None:
    assert only(lambda ctx: ctx.writer.write({1})).error["name"] == "InvalidPayload"


def test_a_due_date_needs_a_time_zone() -> None:
    moment = datetime(2026, 1, 1)
    assert only(lambda ctx: ctx.suspend(due=moment)).error["name"] == "InvalidData"
    with pytest.raises(InvalidData):
        to_instant(moment)
    assert to_instant(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == to_instant(1.0) == 1_000_000
    assert to_instant(None) is None


def test_a_due_date_may_be_so_long_from_now() -> None:
    assert to_instant(60, 5) == to_instant(timedelta(minutes=1), 5) == 60_000_005
    soon: Any = "soon"
    assert only(lambda ctx: ctx.suspend(due=soon)).error["name"] == "DefinitionError"


def test_a_question_must_fit_its_schema() -> None:
    step = only(lambda ctx: ctx.suspend({"no": 1}), suspend_schema=Order)
    assert step.error["name"] == "InvalidSuspendData"


def test_results_inside_nested_workflows_are_out_of_reach() -> None:
    inner = create_workflow(id="inner").then(create_step(id="deep", execute=lambda ctx: 1)).commit()

    def look(ctx: StepContext) -> list[Any]:
        names: list[Any] = ["inner", "inner.deep", "deep", "nobody", "inner[0]"]
        return [ctx.get_step_result(name) for name in names]

    last = create_step(id="look", execute=look)
    workflow = create_workflow(id="wf").then(inner).then(last).commit()

    async def scenario() -> Any:
        return await (await workflow.create_run()).start()

    assert asyncio.run(scenario()).result == [1, None, None, None, None]


def test_a_step_knows_where_it_stands() -> None:
    def tell(ctx: StepContext) -> Any:
        assert ctx.resume_data is None
        assert ctx.suspend_data is None
        assert isinstance(ctx.logger, logging.Logger)
        return [ctx.workflow_id, ctx.idempotency_key == f"{ctx.run_id}:s0", ctx.iteration_count, repr(ctx)[:19]]

    assert only(tell).output == ["wf", True, 1, "<StepContext s0 of "]


def test_the_key_of_a_step_is_the_same_when_its_workflow_is_tried_again() -> None:
    keys: list[str] = []

    def fails_once(ctx: StepContext) -> None:
        if len(keys) < 4:
            raise ValueError("no")

    def tell(ctx: StepContext) -> None:
        keys.append(ctx.idempotency_key)

    inner = create_workflow(id="inner").then(create_step(id="act", execute=tell))
    inner = inner.dountil(create_step(id="again", execute=tell), lambda ctx: ctx.iteration_count == 2)
    inner = inner.then(create_step(id="fail", execute=fails_once)).commit()
    wf = create_workflow(id="wf", retry=RetryPolicy(attempts=1)).then(inner).commit()

    async def scenario() -> Any:
        run = await wf.create_run(run_id="r")
        return await run.start()

    assert asyncio.run(scenario()).status == "success"
    assert keys == ["r:inner.act", "r:inner.again#1", "r:inner.again#2"] * 2


def test_an_abort_signal_wakes_all_who_wait() -> None:
    async def scenario() -> None:
        signal = AbortSignal()
        waiting = [asyncio.create_task(signal.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        signal.abort()
        await asyncio.gather(*waiting[1:])
        await signal.wait()
        await asyncio.gather(waiting[0], return_exceptions=True)
        assert waiting[0].cancelled()
        assert signal.aborted

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_timeout_sets_the_abort_signal() -> None:
    seen = SimpleNamespace(signal=None)

    async def slow(ctx: StepContext) -> None:
        seen.signal = ctx.abort_signal
        await asyncio.sleep(5)

    step = only(slow, timeout=0.02)
    assert step.error["name"] == "StepTimeout"
    assert seen.signal.aborted


def test_a_request_context_that_does_not_fit_fails_the_step() -> None:
    async def scenario() -> Any:
        asking = create_step(id="a", execute=lambda ctx: 1, request_context_schema=Order)
        run = await create_workflow(id="wf").then(asking).commit().create_run()
        return (await run.start(request_context={"name": "x"})).steps["a"].error

    error = asyncio.run(scenario())
    assert (error["name"], error["details"]["errors"][0]["path"]) == ("InvalidRequestContext", "sku")


def test_what_is_too_large_to_keep_fails_the_step() -> None:
    async def scenario() -> list[Any]:
        giving = create_step(id="a", execute=lambda ctx: "x" * 100)
        asking = create_step(id="b", execute=lambda ctx: ctx.suspend({"text": "x" * 100}))
        workflow = create_workflow(id="wf").parallel([giving, asking]).commit()
        Engine([workflow], max_payload=100)
        result = await (await workflow.create_run()).start()
        return [step.error for step in result.steps.values()]

    assert ["than the 100 allowed" in error["message"] for error in asyncio.run(scenario())] == [True, True]
