"""What the API says of stored runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller

KEPT = {"runId", "workflowName", "resourceId", "createdAt", "updatedAt", "status"}


def test_a_run_has_its_steps_and_its_place(caller: Caller) -> None:
    run_id = caller.run("wire-nested-suspend", {"topic": "x"})["runId"]
    _, run = caller.get(f"/workflows/wire-nested-suspend/runs/{run_id}")
    assert run["payload"] == {"topic": "x"}
    assert {name: step["status"] for name, step in run["steps"].items()} == {
        "wire-child-suspend": "running", "wire-child-suspend.child-ask": "suspended",
    }  # fmt: skip
    assert (run["suspendedPaths"], run["activeStepsPath"]) == ({"wire-child-suspend": [0]}, {})
    assert run["serializedStepGraph"][0]["type"] == "workflow"


def test_nested_steps_may_be_left_out(caller: Caller) -> None:
    run_id = caller.run("wire-nested", {"text": "a"})["runId"]
    _, run = caller.get(f"/workflows/wire-nested/runs/{run_id}", withNestedWorkflows="false")
    assert list(run["steps"]) == ["wire-child", "after"]


@pytest.mark.parametrize("fields", ["result", "steps,payload", "serializedStepGraph,activeStepsPath", "error"])
def test_only_the_fields_that_are_asked_for(caller: Caller, fields: str) -> None:
    run_id = caller.run("wire-nested", {"text": "a"})["runId"]
    _, run = caller.get(f"/workflows/wire-nested/runs/{run_id}", fields=fields)
    assert set(run) == KEPT | set(fields.split(",")) - {"error"}


def test_an_unknown_field_is_refused_before_the_run_is_looked_for(caller: Caller) -> None:
    status, refused = caller.get("/workflows/wire-nested/runs/nobody", fields="zzz")
    assert (status, refused["error"]) == (400, "Invalid query parameters")


def test_a_run_of_another_workflow_is_not_found(caller: Caller) -> None:
    run_id = caller.run("wire-nested", {"text": "a"})["runId"]
    assert caller.get(f"/workflows/wire-slow/runs/{run_id}")[0] == 404


def test_runs_are_listed_newest_first_in_pages(caller: Caller) -> None:
    ids = [caller.run("wire-slow", {"ms": n})["runId"] for n in range(3)]
    _, everything = caller.get("/workflows/wire-slow/runs")
    assert ([run["runId"] for run in everything["runs"]], everything["total"]) == (ids[::-1], 3)
    for query in ({"page": 1, "perPage": 2}, {"limit": 2, "offset": 2}):
        _, page = caller.get("/workflows/wire-slow/runs", **query)
        assert ([run["runId"] for run in page["runs"]], page["total"]) == (ids[:1], 3)
    _, first = caller.get("/workflows/wire-slow/runs", perPage=1)
    assert [run["runId"] for run in first["runs"]] == ids[2:]


def test_a_page_has_at_least_one_run(caller: Caller) -> None:
    status, refused = caller.get("/workflows/wire-slow/runs", page=0, perPage=0)
    assert (status, refused["error"].split("\n")[0]) == (400, "perPage must be a positive integer")


def test_a_listed_run_has_a_snapshot(caller: Caller) -> None:
    run_id = caller.run("wire-nested", {"text": "a"})["runId"]
    _, page = caller.get("/workflows/wire-nested/runs")
    snapshot = page["runs"][0]["snapshot"]
    assert (snapshot["runId"], snapshot["status"], snapshot["result"]) == (run_id, "success", {"final": "*A*."})
    assert list(snapshot["context"]) == [
        "input",
        "wire-child",
        "wire-child.child-upper",
        "wire-child.child-star",
        "after",
    ]


def test_runs_are_filtered(caller: Caller) -> None:
    caller.run("wire-approval", {"requestId": "r", "amount": 1}, resourceId="res")
    assert caller.get("/workflows/wire-approval/runs", status="suspended", resourceId="res")[1]["total"] == 1
    assert caller.get("/workflows/wire-approval/runs", status="success")[1]["total"] == 0
    assert caller.get("/workflows/wire-approval/runs", status="success,suspended")[1]["total"] == 1
    for since in ("2999-01-01T00:00:00Z", "2999-01-01T00:00:00", "2999-01-01"):
        assert caller.get("/workflows/wire-approval/runs", fromDate=since)[1]["total"] == 0


@pytest.mark.parametrize(
    "query",
    [{"page": -1}, {"perPage": 2.5}, {"perPage": 0}, {"status": "bogus"}, {"limit": "false"}, {"fromDate": "x"}],
)
def test_a_list_that_cannot_be_is_refused(caller: Caller, query: dict[str, Any]) -> None:
    status, refused = caller.get("/workflows/wire-slow/runs", **query)
    assert (status, [issue["field"] for issue in refused["issues"]]) == (400, list(query))


def test_a_run_is_deleted(caller: Caller) -> None:
    run_id = caller.run("wire-slow", {"ms": 0})["runId"]
    address = f"/workflows/wire-slow/runs/{run_id}"
    assert caller.delete(address) == (200, {"message": "Workflow run deleted"})
    assert caller.get(address)[0] == caller.delete(address)[0] == 404


def test_how_a_run_stands_is_what_starting_it_gave(caller: Caller) -> None:
    started = caller.run("wire-foreach-suspend", {"names": ["a", "b"]})
    path = f"/workflows/wire-foreach-suspend/runs/{started['runId']}"
    assert caller.get(f"{path}/result", wait=30) == (200, started)
    assert (started["status"], caller.get(path)[1]["suspended"]) == ("suspended", started["suspended"])


def test_a_run_that_does_not_rest_in_time_is_given_as_it_is(caller: Caller) -> None:
    caller.post("/workflows/wire-slow/create-run", {}, runId="r")
    caller.post("/workflows/wire-slow/start", {"inputData": {"ms": 3000}}, runId="r")
    status, standing = caller.get("/workflows/wire-slow/runs/r/result", wait=0.1)
    assert (status, standing["status"]) == (200, "running")
    assert caller.get("/workflows/wire-slow/runs/r/result", wait=30)[1]["status"] == "success"
    assert caller.get("/workflows/wire-slow/runs/r/result", wait=61)[0] == 400
