"""Time travel over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller


@pytest.fixture
def done(caller: Caller) -> str:
    run_id: str = caller.run("wire-nested", {"text": "a"})["runId"]
    return run_id


@pytest.mark.parametrize(
    ("step", "text", "final"),
    [("after", "T", "T."), ("wire-child.child-star", "Z", "*Z*."), (["wire-child", "child-star"], "Q", "*Q*.")],
)
def test_it_goes_on_from_the_step_with_new_input(caller: Caller, done: str, step: Any, text: str, final: str) -> None:
    body = {"step": step, "inputData": {"text": text}}
    _, result = caller.post("/workflows/wire-nested/time-travel-async", body, runId=done)
    assert (result["runId"], result["result"]) == (done, {"final": final})


def test_a_fork_leaves_the_run_alone(caller: Caller, done: str) -> None:
    body = {"step": "after", "inputData": {"text": "T"}, "fork": True}
    _, result = caller.post("/workflows/wire-nested/time-travel-async", body, runId=done)
    assert result["runId"] != done
    assert caller.get(f"/workflows/wire-nested/runs/{done}")[1]["result"] == {"final": "*A*."}


def test_it_answers_at_once(caller: Caller, done: str) -> None:
    status, answer = caller.post("/workflows/wire-nested/time-travel", {"step": "after"}, runId=done)
    assert (status, answer) == (200, {"message": "Workflow run time travel started"})


@pytest.mark.parametrize("body", [{"step": "zzz"}, {"step": "after", "inputData": {"text": 5}}])
def test_what_cannot_be_is_refused_and_nothing_changes(caller: Caller, done: str, body: Any) -> None:
    assert caller.post("/workflows/wire-nested/time-travel-async", body, runId=done)[0] == 400
    assert caller.get(f"/workflows/wire-nested/runs/{done}")[1]["result"] == {"final": "*A*."}


def test_what_does_not_fit_is_said_to_be_the_input_data_sent(caller: Caller, done: str) -> None:
    body = {"step": "after", "inputData": {"text": 5}}
    _, refused = caller.post("/workflows/wire-nested/time-travel-async", body, runId=done)
    assert refused["error"].startswith("Invalid inputData: \n- text: ")


def test_it_streams_one_step(caller: Caller, done: str) -> None:
    body = {"step": "wire-child.child-upper", "perStep": True}
    events = caller.stream("/workflows/wire-nested/time-travel-stream", body, runId=done)
    assert [event["type"] for event in events][-2:] == ["workflow-paused", "workflow-finish"]


def test_it_streams_a_fork(caller: Caller, done: str) -> None:
    body = {"step": "after", "inputData": {"text": "T"}, "fork": True}
    events = caller.stream("/workflows/wire-nested/time-travel-stream", body, runId=done)
    assert done not in {event["runId"] for event in events}
    assert events[-1]["payload"]["finalWorkflowResult"] == {"final": "T."}
    assert caller.get(f"/workflows/wire-nested/runs/{done}")[1]["result"] == {"final": "*A*."}
