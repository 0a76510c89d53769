"""Trace ids: told from the journal, given by who starts a run, or refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from workflows_app import Engine, Result, create_workflow
from workflows_app.engine.events import RunCancelled, RunStarted, RunSuspended
from workflows_app.engine.history import History
from workflows_app.engine.schema import NULL
from workflows_app.engine.traces import Tracing, checked_tracing, leg_id, trace_id, tracing_of
from workflows_app.errors import InvalidInput

GIVEN: dict[str, Any] = {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "tags": ["nightly"], "hideInput": True}


def outcome(**options: Any) -> Result:
    workflow = create_workflow(id="wf").map(lambda ctx: 1).commit()

    async def scenario() -> Result:
        run = await workflow.create_run(run_id="r")
        result: Result = await run.start(**options)
        return result

    return asyncio.run(scenario())


def test_what_is_given_is_kept_with_the_start_and_nothing_else() -> None:
    assert checked_tracing(None) is None
    assert checked_tracing({}) is None
    kept = checked_tracing(GIVEN)
    assert kept == {"trace_id": GIVEN["traceId"], "tags": ["nightly"], "hide_input": True}
    assert tracing_of(History([RunStarted(1, NULL, tracing=kept)])) == Tracing(**GIVEN)


@pytest.mark.parametrize(
    "options",
    [
        {"traceId": ""}, {"traceId": "0" * 32}, {"traceId": "g"}, {"traceId": "1" * 33}, {"traceId": 7},
        {"parentSpanId": "1" * 17}, {"parentSpanId": "0"}, {"tags": "nightly"}, {"metadata": [1]},
        {"metadata": {"x": float("nan")}}, ["traceId"], "traceId",
    ],
)  # fmt: skip
def test_options_that_are_none_are_refused(options: Any) -> None:
    with pytest.raises(InvalidInput, match="Invalid tracing options: "):
        outcome(tracing_options=options)


def test_a_given_trace_is_answered_as_it_was_given() -> None:
    assert outcome(tracing_options=GIVEN).trace_id == GIVEN["traceId"]


def test_runs_have_traces_of_their_own_also_under_an_id_that_is_used_again() -> None:
    first, second = (History([RunStarted(at, NULL)]) for at in (1, 2))
    assert len({trace_id("r", first), trace_id("s", first), trace_id("r", second)}) == 3


def test_a_run_that_never_started_has_none() -> None:
    history = History([RunCancelled(1)])
    assert (trace_id("r", history), leg_id("r", history)) == ("", "")

    async def scenario() -> Result:
        run = await create_workflow(id="wf").map(lambda ctx: 1).commit().create_run()
        await run.cancel()
        result: Result = await run.start()
        return result

    assert asyncio.run(scenario()).trace_id == ""


def test_a_leg_lasts_from_rest_to_rest() -> None:
    history = History([RunStarted(5, NULL)])
    assert history.legs == [(1, 5)]
    history.apply(RunCancelled(6))
    assert history.legs == [(1, 5)]
    history = History([RunStarted(5, NULL), RunSuspended(6), RunCancelled(7)])
    assert history.legs == [(1, 5), (3, 7)]


def test_a_workflow_that_an_agent_calls_belongs_to_the_callers_trace() -> None:
    inner = create_workflow(id="inner", input_schema=None, output_schema=None).map(lambda ctx: ctx.trace_id).commit()

    async def scenario() -> None:
        called = inner.as_tool()
        outer = create_workflow(id="outer").tool(called).commit()
        engine = Engine([inner, outer])
        result = await (await engine.get_workflow("outer").create_run()).start(input_data={"inputData": {}})
        assert result.result["result"] == result.trace_id

    asyncio.run(scenario())
