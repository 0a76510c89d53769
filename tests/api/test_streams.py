"""The events of runs over the API."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from tests.api.conftest import Caller, events_of

APPROVE = {"step": ["await-approval"], "resumeData": {"approved": True, "by": "ann"}}


def test_every_event_is_numbered_and_the_last_is_the_finish(caller: Caller) -> None:
    events = caller.stream("/workflows/wire-loop/stream", {"inputData": {"n": 0, "target": 3}}, runId="r")
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {(event["runId"], event["from"]) for event in events} == {("r", "WORKFLOW")}
    assert events[0]["type"] == "workflow-start"
    assert events[-1]["payload"]["workflowStatus"] == "success"


def test_both_parts_of_a_suspended_run_are_observed_in_order(caller: Caller) -> None:
    body = {"inputData": {"requestId": "r", "amount": 1}}
    first = caller.stream("/workflows/wire-approval/stream", body, runId="r")
    second = caller.stream("/workflows/wire-approval/resume-stream", APPROVE, runId="r")
    assert [event["type"] for event in first][-2:] == ["workflow-step-suspended", "workflow-finish"]
    assert second[0]["type"] == "workflow-start"
    assert caller.stream("/workflows/wire-approval/observe", runId="r") == first + second


def test_a_run_that_nobody_streamed_is_observed_from_an_offset(caller: Caller) -> None:
    run_id = caller.run("wireToolKey", {"a": 1, "b": 2})["runId"]
    events = caller.stream("/workflows/wire-tool/observe", runId=run_id)
    assert caller.stream("/workflows/wire-tool/observe", runId=run_id, offset="2") == events[2:]


def test_a_stream_that_has_nothing_to_say_yet_begins_at_once(caller: Caller) -> None:
    # A caller gets hold of a stream when its first chunk arrives; what starts the run may come after that.
    run_id = caller.post("/workflows/wire-slow/create-run", {})[1]["runId"]
    response = caller.client.post(
        "/api/workflows/wire-slow/observe", None, "application/json", query_params={"runId": run_id}
    )

    async def first() -> bytes:
        async with asyncio.timeout(20):
            return cast(bytes, await anext(aiter(cast(Any, response))))

    assert asyncio.run(first()) == b""


def test_what_a_step_writes_comes_through(caller: Caller) -> None:
    events = caller.stream("/workflows/wire-writer/stream", {"inputData": {"count": 1}}, runId="r")
    written = [event for event in events if event["from"] == "USER" or event["type"].startswith("data-")]
    assert written[0]["payload"]["output"] == {"type": "progress", "index": 0}
    assert (written[1]["data"], written[1]["payload"]) == ({"hello": "world"}, {"id": "emit", "stepName": "emit"})


def test_a_finished_run_is_not_streamed_again(caller: Caller) -> None:
    run_id = caller.run("wire-slow", {"ms": 0})["runId"]
    status, refused = caller.post("/workflows/wire-slow/stream", {"inputData": {"ms": 0}}, runId=run_id)
    words = "Use /observe to read its stream back, or stream a new runId."
    assert (status, refused["error"]) == (
        409, f'Workflow run {run_id} already finished with status "success". {words}',
    )  # fmt: skip


def test_a_stream_says_where_it_begins(caller: Caller) -> None:
    first = caller.stream("/workflows/wire-approval/stream", {"inputData": {"requestId": "r", "amount": 1}}, runId="r")
    path = "/api/workflows/wire-approval/resume-stream"
    response = caller.client.post(path, APPROVE, "application/json", query_params={"runId": "r"})
    assert response.headers["X-Stream-Offset"] == str(len(first)) == str(events_of(response)[0]["seq"] - 1)


def test_observing_may_go_on_over_a_suspension(caller: Caller) -> None:
    run_id = caller.run("wire-approval", {"requestId": "r", "amount": 1})["runId"]
    assert caller.stream("/workflows/wire-approval/observe", runId=run_id, offset="99") == []
    caller.post("/workflows/wire-approval/resume", APPROVE, runId=run_id)
    events = caller.stream("/workflows/wire-approval/observe", runId=run_id, closeOnSuspend="false")
    assert events[-1]["payload"]["workflowStatus"] == "success"
