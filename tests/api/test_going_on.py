"""Answering, restarting and canceling runs over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller

YES = {"step": "await-approval", "resumeData": {"approved": True, "by": "ann"}}


@pytest.fixture
def waiting(caller: Caller) -> str:
    run_id: str = caller.run("wire-approval", {"requestId": "r", "amount": 1})["runId"]
    return run_id


def test_a_waiting_run_says_where_and_for_what(caller: Caller) -> None:
    result = caller.run("wire-approval", {"requestId": "r", "amount": 1})
    assert (result["status"], result["suspended"]) == ("suspended", [["await-approval"]])
    assert result["suspendPayload"] == {"await-approval": {"reason": "Human approval required", "requestId": "r"}}
    _, run = caller.get(f"/workflows/wire-approval/runs/{result['runId']}")
    assert run["suspendedPaths"] == {"await-approval": [1]}


def test_an_answer_is_taken_once(caller: Caller, waiting: str) -> None:
    status, result = caller.post("/workflows/wire-approval/resume-async", YES, runId=waiting)
    assert (status, result["result"]) == (200, {"outcome": "approved by ann (Human approval required)"})
    status, refused = caller.post("/workflows/wire-approval/resume-async", YES, runId=waiting)
    assert (status, refused["error"]) == (409, "This workflow run was not suspended")


@pytest.mark.parametrize(
    ("verb", "answer"), [("resume", {"message": "Workflow run resumed"}), ("resume-no-wait", {"runId": "mine"})]
)
def test_an_answer_may_be_given_without_waiting(caller: Caller, verb: str, answer: Any) -> None:
    body = {"inputData": {"requestId": "r", "amount": 1}}
    caller.post("/workflows/wire-approval/start-async", body, runId="mine")
    assert caller.post(f"/workflows/wire-approval/{verb}", YES, runId="mine") == (200, answer)


def test_a_bad_answer_keeps_the_question(caller: Caller, waiting: str) -> None:
    body = {"step": "await-approval", "resumeData": {"approved": "maybe"}}
    status, refused = caller.post("/workflows/wire-approval/resume-async", body, runId=waiting)
    assert (status, refused["error"].startswith("Invalid resume data: \n- approved")) == (400, True)
    assert caller.get(f"/workflows/wire-approval/runs/{waiting}")[1]["status"] == "suspended"


def test_an_unknown_step_is_named_with_those_that_wait(caller: Caller, waiting: str) -> None:
    status, refused = caller.post("/workflows/wire-approval/resume-async", {"step": "nope"}, runId=waiting)
    expected = 'This workflow step "nope" was not suspended. Available suspended steps: [await-approval]'
    assert (status, refused["error"]) == (400, expected)


def test_a_known_step_that_does_not_wait_is_named_with_those_that_do(caller: Caller, waiting: str) -> None:
    status, refused = caller.post("/workflows/wire-approval/resume-async", {"step": "prepare"}, runId=waiting)
    expected = 'This workflow step "prepare" was not suspended. Available suspended steps: [await-approval]'
    assert (status, refused["error"]) == (409, expected)


def test_a_run_in_which_nothing_waits_says_so_of_the_run(caller: Caller) -> None:
    run_id = caller.post("/workflows/wire-approval/create-run", {})[1]["runId"]
    status, refused = caller.post("/workflows/wire-approval/resume-async", YES, runId=run_id)
    assert (status, refused["error"]) == (409, "This workflow run was not suspended")


def test_an_item_is_answered_by_its_index(caller: Caller) -> None:
    result = caller.run("wire-foreach-suspend", {"names": ["a", "b"]})
    body = {"step": "confirm-item", "resumeData": {"ok": True}, "forEachIndex": 0}
    _, second = caller.post("/workflows/wire-foreach-suspend/resume-async", body, runId=result["runId"])
    assert second["suspendPayload"] == {"confirm-item": {"ask": "confirm b?"}}
    assert second["suspendedItems"] == [{"path": ["confirm-item", 1], "forEachIndex": 1}]


def test_a_nested_step_is_answered_by_its_path(caller: Caller) -> None:
    result = caller.run("wire-nested-suspend", {"topic": "x"})
    body = {"step": result["suspended"][0], "resumeData": {"answer": "ok"}}
    _, ended = caller.post("/workflows/wire-nested-suspend/resume-async", body, runId=result["runId"])
    assert ended["result"] == {"report": "answer: ok"}


def test_a_suspended_run_is_not_restarted_and_a_finished_one_gives_its_result(caller: Caller, waiting: str) -> None:
    status, refused = caller.post("/workflows/wire-approval/restart-async", runId=waiting)
    assert (status, refused["error"]) == (409, "This workflow run was not active")
    caller.post("/workflows/wire-approval/resume-async", YES, runId=waiting)
    status, result = caller.post("/workflows/wire-approval/restart-async", {}, runId=waiting)
    assert (status, result["status"]) == (200, "success")


@pytest.mark.parametrize("form", ["", "-async"])
def test_all_active_runs_are_restarted(caller: Caller, form: str) -> None:
    answer = caller.post(f"/workflows/wire-slow/restart-all-active-workflow-runs{form}")
    assert answer == (200, {"message": "All active workflow runs restarted"})


def test_a_canceled_run_stays_canceled(caller: Caller, waiting: str) -> None:
    for _ in range(2):
        answer = caller.post(f"/workflows/wire-approval/runs/{waiting}/cancel")
        assert answer == (200, {"message": "Workflow run cancelled"})
    assert caller.get(f"/workflows/wire-approval/runs/{waiting}")[1]["status"] == "canceled"


def test_canceling_a_finished_run_changes_nothing(caller: Caller) -> None:
    run_id = caller.run("wire-slow", {"ms": 0})["runId"]
    assert caller.post(f"/workflows/wire-slow/runs/{run_id}/cancel")[0] == 200
    assert caller.get(f"/workflows/wire-slow/runs/{run_id}")[1]["status"] == "success"
