"""What the API says of workflows."""

from __future__ import annotations

from pydantic_core import from_json

from tests.api.conftest import Caller


def test_workflows_are_listed_by_their_keys(caller: Caller) -> None:
    status, listed = caller.get("/workflows")
    assert (status, sum(key.startswith("wire") for key in listed)) == (200, 17)
    assert listed["wireToolKey"]["name"] == "wire-tool"
    assert listed["wire-approval"]["description"] == "Suspends until a human approves"


def test_a_partial_list_leaves_out_the_steps(caller: Caller) -> None:
    _, listed = caller.get("/workflows", partial="true")
    branch = listed["wire-parallel-branch"]
    assert (branch["stepCount"], branch["steps"], branch["allSteps"]) == (5, {}, {})
    assert [entry["type"] for entry in branch["stepGraph"]] == ["parallel", "mapping", "conditional"]


def test_a_workflow_has_its_schemas_as_texts(caller: Caller) -> None:
    _, found = caller.get("/workflows/wire-approval")
    step = found["steps"]["await-approval"]
    assert sorted(key for key in step if key.endswith("Schema")) == [
        "inputSchema", "outputSchema", "resumeSchema", "suspendSchema",
    ]  # fmt: skip
    schema = from_json(step["resumeSchema"])["json"]
    assert sorted(schema["properties"]) == ["approved", "by"]


def test_nested_steps_are_among_all_steps(caller: Caller) -> None:
    _, found = caller.get("/workflows/wire-nested")
    assert {name: step["isWorkflow"] for name, step in found["allSteps"].items()} == {
        "wire-child": True, "wire-child.child-upper": False, "wire-child.child-star": False, "after": False,
    }  # fmt: skip
    assert list(found["steps"]) == ["wire-child", "after"]


def test_a_tool_says_that_it_is_one(caller: Caller) -> None:
    assert caller.get("/workflows/wire-tool")[1]["steps"]["add-tool"]["component"] == "TOOL"


def test_an_unknown_workflow_is_not_found(caller: Caller) -> None:
    status, answer = caller.get("/workflows/nope")
    assert (status, answer["error"]) == (404, "Workflow not found")


def test_open_runs_are_counted(caller: Caller) -> None:
    caller.run("wire-approval", {"requestId": "r", "amount": 1})
    caller.run("wireToolKey", {"a": 1, "b": 2})
    _, counts = caller.get("/workflows/run-counts")
    assert counts["wire-approval"] == {"running": 0, "suspended": 1}
    assert counts["wireToolKey"] == {"running": 0, "suspended": 0}
