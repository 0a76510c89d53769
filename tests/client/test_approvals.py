"""What a studio asks people, answered from another program; and the other things that the protocol has not."""

from __future__ import annotations

import pytest

from workflows_app.client import Studio
from workflows_app.errors import InvalidInput, InvalidResumeData, NotActive, ResumeAlreadyClaimed, RunNotFound

VERDICT = {"decision": "approve", "amount": 20}


def test_a_question_is_found_and_answered_once(studio: Studio) -> None:
    run = studio.get_workflow("asking").create_run()
    run.start(input_data={"title": "May Ann?", "due_in": 3600})
    page = studio.list_approvals(workflow_id="asking", run_id=run.run_id)
    [question] = page.approvals
    assert (page.total, question.title, question.path, question.state) == (1, "May Ann?", "ask", "open")
    assert question.due is not None and question.created_at < question.due
    assert "decision" in question.resume_schema["properties"]
    with pytest.raises(InvalidResumeData) as refused:
        question.decide({"decision": "perhaps"})
    assert [error["path"] for error in refused.value.errors] == ["decision"]
    decided = question.decide(VERDICT, reason="She asked nicely.")
    assert (decided.state, decided.decided_by, decided.decision["decision"]) == ("decided", "local", "approve")
    with pytest.raises(ResumeAlreadyClaimed) as late:
        question.decide(VERDICT)
    assert late.value.details["decidedBy"] == "local"
    assert studio.get_approval(question.id).decided_at == decided.decided_at
    assert not studio.list_approvals(run_id=run.run_id, assigned_to_me=True).approvals
    with pytest.raises(RunNotFound):
        studio.get_approval(10**6)


def test_a_question_is_talked_about(studio: Studio) -> None:
    run = studio.get_workflow("asking").create_run()
    run.start(input_data={"priority": "urgent", "body": "Is it **urgent**?", "proposal": {"amount": 12}})
    [question] = studio.list_approvals(run_id=run.run_id, priority="urgent").approvals
    assert (question.priority, question.body) == ("urgent", "Is it **urgent**?")
    assert question.proposal == {"amount": 12}
    assert not studio.list_approvals(run_id=run.run_id, priority="low").approvals
    assert question.list_comments() == []
    said = question.comment("Why so much?")
    assert (said.author, said.text) == ("local", "Why so much?")
    assert said.created_at >= question.created_at
    assert question.list_comments() == [said]
    with pytest.raises(InvalidInput):
        question.comment(" ")


def test_a_preview_says_what_a_verb_would_do(studio: Studio) -> None:
    run = studio.get_workflow("wire-approval").create_run()
    run.start(input_data={"requestId": "r", "amount": 1})
    plan = run.preview("time_travel", step=["prepare"])
    assert (plan.verb, plan.runs_again, plan.withdrawn) == ("time_travel", ["prepare"], ["await-approval"])
    assert run.preview("resume", resume_data={"approved": True, "by": "Ann"}).reused == ["prepare"]
    with pytest.raises(NotActive):
        run.preview("restart")


def test_an_event_wakes_what_waits_for_it(studio: Studio) -> None:
    run = studio.get_workflow("paid").create_run(tags=["eu"], idempotency_key="order-1")
    assert studio.get_workflow("paid").create_run(idempotency_key="order-1").run_id == run.run_id
    run.start(input_data={"order": "o-1"})
    assert studio.send_event("paid", {"order": "o-2"}) == 0
    assert studio.send_event("paid", {"order": "o-1", "cents": 5}) == 1
    assert list(run.observe_stream())[-1]["payload"]["workflowStatus"] == "success"
    assert [one.run_id for one in studio.get_workflow("paid").list_workflow_runs(tags=["eu"]).runs] == [run.run_id]


def test_everything_that_waits_is_answered_at_once(studio: Studio) -> None:
    run = studio.get_workflow("asking-each").create_run()
    assert len(run.start(input_data=["a", "b"]).suspended) == 2
    assert run.resume(all=True, resume_data={"sure": True}).result == [True, True]
