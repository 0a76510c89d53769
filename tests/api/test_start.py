"""Starting runs over the API."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller

FRESH = {"counter": 0, "log": []}


def test_a_created_run_is_pending_and_keeps_its_resource(caller: Caller) -> None:
    status, made = caller.post("/workflows/wire-slow/create-run", {"resourceId": "res"})
    assert status == 200
    _, run = caller.get(f"/workflows/wire-slow/runs/{made['runId']}")
    assert (run["status"], run["resourceId"], run["workflowName"]) == ("pending", "res", "wire-slow")


def test_creating_an_id_again_finds_the_run(caller: Caller) -> None:
    for _ in range(2):
        assert caller.post("/workflows/wire-slow/create-run", {}, runId="mine") == (200, {"runId": "mine"})


def test_it_waits_for_the_result(caller: Caller) -> None:
    result = caller.run("wire-sequential", {"message": "hi"}, initialState=FRESH)
    assert result["result"] == {"emphasized": "HI!!!", "counter": 2}
    assert result["stepExecutionPath"] == ["format", "emphasize"]
    assert result["steps"]["emphasize"]["payload"] == {"formatted": "HI"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"inputData": {"message": 5}, "initialState": FRESH}, "Invalid input data: \n- message"),
        ({"inputData": {"message": "x"}, "initialState": {}}, "Invalid initial data: \n- counter"),
    ],
)
@pytest.mark.parametrize("verb", ["start", "start-async", "stream"])
def test_what_does_not_fit_starts_nothing(caller: Caller, verb: str, body: object, said: str) -> None:
    caller.post("/workflows/wire-sequential/create-run", {}, runId="r")
    status, answer = caller.post(f"/workflows/wire-sequential/{verb}", body, runId="r")
    assert (status, answer["error"].startswith(said)) == (400, True)
    assert caller.get("/workflows/wire-sequential/runs/r")[1]["status"] == "pending"


def test_a_run_starts_once(caller: Caller) -> None:
    result = caller.run("wire-slow", {"ms": 0})
    status, _ = caller.post("/workflows/wire-slow/start", {"inputData": {"ms": 0}}, runId=result["runId"])
    assert status == 409


def test_starting_at_once_needs_a_stored_run(caller: Caller) -> None:
    status, answer = caller.post("/workflows/wire-slow/start", {"inputData": {"ms": 0}}, runId="nobody")
    assert (status, answer["error"]) == (404, "Workflow run not found")


@pytest.mark.parametrize(
    ("query", "tier"),
    [
        ({}, "body"),
        ({"requestContext": '{"user-tier": "query"}'}, "query"),
        ({"requestContext": "eyJ1c2VyLXRpZXIiOiAicXVlcnkifQ=="}, "query"),
        ({"requestContext": "neither"}, "body"),
    ],
)
def test_a_request_context_comes_with_the_body_or_the_query(caller: Caller, query: dict[str, str], tier: str) -> None:
    body = {"inputData": {}, "requestContext": {"user-tier": "body", "mastra__reserved": 1}}
    _, result = caller.post("/workflows/wire-context/start-async", body, **query)
    assert result["result"]["tier"] == tier


def test_one_step_at_a_time(caller: Caller) -> None:
    result = caller.run("wire-nested", {"text": "a"}, perStep=True)
    assert (result["status"], result["stepExecutionPath"]) == ("paused", ["wire-child", "wire-child.child-upper"])


def test_a_failure_is_an_answer(caller: Caller) -> None:
    result = caller.run("wire-retries", {"failTimes": 3})
    assert (result["status"], result["error"]["message"]) == ("failed", "boom on attempt 2")


@pytest.mark.parametrize("verb", ["start-async", "stream"])
def test_a_given_trace_is_the_runs(caller: Caller, verb: str) -> None:
    body = {"inputData": {"ms": 0}, "tracingOptions": {"traceId": "95c4" * 8, "tags": ["wire"], "hideInput": True}}
    if verb == "stream":
        caller.stream("/workflows/wire-slow/stream", body, runId="traced")
    else:
        caller.post("/workflows/wire-slow/start-async", body, runId="traced")
    status, restarted = caller.post("/workflows/wire-slow/restart-async", {}, runId="traced")
    assert (status, restarted["traceId"], len(restarted["spanId"])) == (200, "95c4" * 8, 16)


def test_a_trace_that_is_none_starts_nothing(caller: Caller) -> None:
    body = {"inputData": {"ms": 0}, "tracingOptions": {"traceId": "nonsense"}}
    status, answer = caller.post("/workflows/wire-slow/start-async", body, runId="r")
    assert (status, answer["error"].startswith("Invalid tracing options: \n- traceId: ")) == (400, True)


def test_a_switch_of_the_trace_is_true_or_false(caller: Caller) -> None:
    body = {"inputData": {"ms": 0}, "tracingOptions": {"hideInput": "no"}}
    status, answer = caller.post("/workflows/wire-slow/start-async", body)
    assert (status, answer["error"].startswith("Invalid tracing options: \n- hideInput: ")) == (400, True)
