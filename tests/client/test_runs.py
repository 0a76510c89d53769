"""Driving runs of another process, with the names of the run API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workflows_app.client import Studio
from workflows_app.errors import (
    InvalidInput,
    InvalidResumeData,
    NotActive,
    NotSuspended,
    RunAlreadyStarted,
    RunNotFound,
    UnknownStep,
    WorkflowNotFound,
)

ASKED = {"requestId": "r-1", "amount": 7}
APPROVE = {"approved": True, "by": "Ann"}


def test_a_run_ends_with_the_result_that_the_engine_would_give(studio: Studio) -> None:
    workflow = studio.get_workflow("wire-sequential")
    state = {"counter": 0, "log": []}
    run = workflow.create_run(resource_id="res")
    result = run.start(input_data={"message": "hi"}, initial_state=state, include_state=True)
    assert (result.status, result.run_id, result.input) == ("success", run.run_id, {"message": "hi"})
    assert result.step_execution_path == list(result.steps) == ["format", "emphasize"]
    assert result.state == {"counter": 2, "log": ["format", "emphasize"]}
    step = result.steps["format"]
    assert (step.status, step.output) == ("success", {"formatted": "HI"})
    assert step.started_at is not None and datetime.now(UTC) - step.started_at < timedelta(minutes=1)
    assert result.to_json()["steps"]["emphasize"]["output"] == result.result


def test_a_suspension_is_answered(studio: Studio) -> None:
    run = studio.get_workflow("wire-approval").create_run()
    result = run.start(input_data=ASKED)
    assert (result.status, result.suspended) == ("suspended", [["await-approval"]])
    assert result.suspend_payload["await-approval"]["requestId"] == "r-1"
    assert result.steps["await-approval"].suspended_at is not None
    with pytest.raises(InvalidResumeData) as refused:
        run.resume(resume_data={"approved": "perhaps"})
    assert {error["path"] for error in refused.value.errors} == {"approved", "by"}
    assert run.resume(step=result.suspended[0], resume_data=APPROVE).status == "success"
    with pytest.raises(NotSuspended):
        run.resume(resume_data=APPROVE)


def test_an_item_of_a_foreach_is_named_by_its_path(studio: Studio) -> None:
    run = studio.get_workflow("wire-foreach-suspend").create_run()
    result = run.start(input_data={"names": ["a", "b"]})
    [path] = result.suspended
    assert path[1] == 0
    assert list(result.suspend_payload) == [f"{path[0]}[0]"]
    assert run.resume(step=path, resume_data={"ok": True}).suspended == [[path[0], 1]]


def test_a_failure_is_data(studio: Studio) -> None:
    result = studio.get_workflow("failing").create_run().start(input_data=None)
    assert (result.status, result.error["message"]) == ("failed", "The cupboard is bare")


def test_a_run_goes_on_by_itself_and_is_cancelled(studio: Studio) -> None:
    run = studio.get_workflow("patient").create_run()
    assert run.start_async(input_data={"seconds": 30}) == run.run_id
    assert run.standing().status == "running"
    run.cancel("enough")
    record = studio.get_workflow("patient").get_workflow_run_by_id(run.run_id)
    assert record is not None and record.status == "canceled"
    with pytest.raises(RunAlreadyStarted):
        run.start(input_data={"seconds": 0})
    with pytest.raises(NotActive):
        run.restart()


def test_a_run_is_gone_through_step_by_step(studio: Studio) -> None:
    run = studio.get_workflow("wire-nested").create_run()
    with pytest.raises(UnknownStep):
        run.start(input_data={"text": "a"}, breakpoints=["nobody"])
    paused = run.start(input_data={"text": "a"}, breakpoints=[["wire-child", "child-star"]])
    assert (paused.status, paused.step_execution_path[-1]) == ("paused", "wire-child.child-upper")
    assert run.step().step_execution_path[-1] == "wire-child.child-star"
    assert (run.resume_all_steps().result, run.standing().status) == ({"final": "*A*."}, "success")
    with pytest.raises(NotActive):
        run.step()


def test_breakpoints_change_while_a_run_is_under_way(studio: Studio) -> None:
    run = studio.get_workflow("wire-nested").create_run()
    with pytest.raises(NotActive):
        run.break_before(["after"])
    run.start(input_data={"text": "a"}, per_step=True)
    with pytest.raises(UnknownStep):
        run.break_before(["nobody"])
    assert run.break_before([["wire-child", "child-star"], "after"]) == ["after", "wire-child.child-star"]
    assert run.clear_breakpoints([["wire-child", "child-star"]]) == ["after"]
    assert run.resume_all_steps().step_execution_path[-1] == "wire-child.child-star"
    assert run.clear_breakpoints() == []
    assert run.resume_all_steps().status == "success"


def test_a_paused_run_goes_on_by_itself(studio: Studio) -> None:
    run = studio.get_workflow("wire-nested").create_run()
    run.start(input_data={"text": "a"}, per_step=True)
    run.step_async()
    assert run.standing(wait=20).status == "paused"
    run.resume_all_steps_async()
    assert run.standing(wait=20).status == "success"


def test_a_run_travels_back_in_place_and_in_a_fork(studio: Studio) -> None:
    run = studio.get_workflow("wire-nested").create_run()
    run.start(input_data={"text": "a"})
    again = run.time_travel(step=["wire-child", "child-star"], input_data={"text": "B"})
    assert (again.run_id, again.result) == (run.run_id, {"final": "*B*."})
    fork = run.time_travel(step="after", input_data={"text": "C"}, fork=True)
    assert fork.run_id != run.run_id
    assert (fork.status, fork.result) == ("success", {"final": "C."})
    stream = run.time_travel_stream(step="after", input_data={"text": "D"}, fork=True)
    [fork_id] = {event["runId"] for event in stream}
    assert (stream.result.run_id, stream.result.result) == (fork_id, {"final": "D."})
    assert run.standing().result == {"final": "*B*."}
    with pytest.raises(UnknownStep):
        run.time_travel(step="nobody")


def test_a_finished_run_gives_its_stored_outcome_when_restarted(studio: Studio) -> None:
    run = studio.get_workflow("echo").create_run()
    run.start(input_data=2**80)
    assert run.restart().result == run.standing().result == 2**80
    events = run.list_events()
    assert (events[0]["type"], run.list_events(2, limit=1)) == ("workflow-start", events[2:3])


def test_runs_are_listed_read_and_deleted(studio: Studio) -> None:
    workflow = studio.get_workflow("stateful")
    ids = []
    for number in range(3):
        run = workflow.create_run(resource_id="listed")
        run.start(input_data=number)
        ids.append(run.run_id)
    page = workflow.list_workflow_runs(resource_id="listed", per_page=2, page=0)
    assert ([run.run_id for run in page.runs], page.total) == (ids[:0:-1], 3)
    everything = workflow.list_workflow_runs(resource_id="listed", status=("success", "failed"))
    assert [run.run_id for run in everything.runs] == ids[::-1]
    # As in the engine: a page of no size is everything.
    assert workflow.list_workflow_runs(resource_id="listed", page=1) == everything
    newest = everything.runs[0]
    assert (newest.input, newest.result, newest.state, newest.steps) == (
        2, 2, {"counter": 2}, page.runs[0].steps,
    )  # fmt: skip
    record = workflow.get_workflow_run_by_id(ids[0])
    assert record is not None and (record.input, record.resource_id, record.suspended) == (0, "listed", [])
    some = workflow.get_workflow_run_by_id(ids[0], fields=["result", "state"])
    assert some is not None and (some.result, some.state, some.steps, some.input) == (0, {"counter": 0}, None, None)
    workflow.delete_workflow_run_by_id(ids[0])
    assert workflow.get_workflow_run_by_id(ids[0]) is None
    with pytest.raises(RunNotFound):
        workflow.get_run(ids[0])
    with pytest.raises(InvalidInput, match="Unknown fields"):
        workflow.get_workflow_run_by_id(ids[1], fields=["nonsense"])


def test_active_runs_are_those_of_every_workflow(studio: Studio) -> None:
    run = studio.get_workflow("patient").create_run()
    run.start_async(input_data={"seconds": 30})
    assert run.run_id in [one.run_id for one in studio.list_active_workflow_runs().runs]
    studio.restart_all_active_workflow_runs()
    run.cancel()


def test_a_workflow_says_what_it_takes(studio: Studio) -> None:
    assert studio.list_workflows()["wireToolKey"].id == "wire-tool"
    workflow = studio.get_workflow("order")
    assert workflow.input_schema is not None and "customer" in workflow.input_schema["properties"]
    review = workflow.places["review"]
    assert review.resume_schema is not None and "decision" in review.resume_schema["properties"]
    with pytest.raises(WorkflowNotFound):
        studio.get_workflow("nobody")


def test_bad_input_leaves_the_run_to_be_started(studio: Studio) -> None:
    run = studio.get_workflow("order").create_run("client-order")
    with pytest.raises(InvalidInput) as refused:
        run.start(input_data={"customer": "A", "total": 3})
    assert [error["path"] for error in refused.value.errors] == ["customer"]
    assert str(refused.value).splitlines()[0] == "Invalid input data: "
    assert studio.get_workflow("order").get_run("client-order").start_async(
        input_data={"customer": "Ann", "total": 3}
    ) == "client-order"  # fmt: skip
    run.cancel()
