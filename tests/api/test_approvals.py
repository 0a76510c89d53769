"""What people are asked, for programs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from tests.api.conftest import Caller, Json, acting
from workflows_app.models import Activity

YES = {"decision": "approve"}
ASKED = {"requestId": "r-1", "amount": 120}


def asked(caller: Caller, **more: Any) -> Json:
    """Start a run that asks for an approval, and give the question."""
    run_id = caller.run("wire-approval", ASKED, **more)["runId"]
    return only(caller, runId=run_id)


def only(caller: Caller, **query: Any) -> Json:
    status, page = caller.get("/approvals", **query)
    assert status == 200, page
    assert page["total"] == len(page["approvals"]) == 1
    return page["approvals"][0]


def decided(caller: Caller, question: Json, answer: Any, **more: Any) -> tuple[int, Json]:
    return caller.post(f"/approvals/{question['id']}/decide", {"resumeData": answer, **more})


def test_a_question_says_what_is_asked_and_what_answers_it(caller: Caller) -> None:
    question = asked(caller)
    assert question["path"] == "await-approval"
    assert (question["workflowName"], question["state"], question["version"]) == ("wire-approval", "open", 1)
    assert question["payload"]["requestId"] == "r-1"
    assert "approved" in question["resumeSchema"]["properties"]
    assert (question["decision"], question["decidedBy"], question["decidedAt"]) == (None, None, None)
    assert caller.get(f"/approvals/{question['id']}") == (200, question)


def test_an_answer_takes_the_run_on(caller: Caller) -> None:
    question = asked(caller)
    status, done = decided(caller, question, {"approved": True, "by": "Ann"}, reason="It is cheap.", version=1)
    assert (status, done["state"], done["decidedBy"], done["version"]) == (200, "decided", "local", 2)
    assert done["decision"]["approved"] is True
    assert caller.get("/approvals", state="open")[1] == {"approvals": [], "total": 0}
    assert only(caller, state="decided")["id"] == question["id"]
    act = Activity.objects.get(verb="decide")
    assert (act.reason, act.via, act.object_id) == ("It is cheap.", "api", str(question["id"]))


def test_a_lost_race_says_who_decided_and_when(caller: Caller) -> None:
    question = asked(caller)
    _, done = decided(caller, question, {"approved": True, "by": "Ann"})
    status, lost = decided(caller, question, {"approved": False, "by": "Bob"})
    assert (status, lost["decidedBy"], lost["decidedAt"]) == (409, "local", done["decidedAt"])
    assert "answered before" in lost["error"]
    assert lost["approval"]["decision"]["approved"] is True


def test_an_answer_to_what_has_changed_since_is_not_taken(caller: Caller) -> None:
    question = asked(caller)
    status, lost = decided(caller, question, {"approved": True, "by": "Ann"}, version=7)
    assert (status, lost["state"], lost["version"]) == (409, "open", 1)


def test_an_answer_that_does_not_fit_is_refused_at_its_fields(caller: Caller) -> None:
    question = asked(caller)
    status, refused = decided(caller, question, {"approved": "perhaps"})
    assert status == 400
    assert "approved" in {issue["field"] for issue in refused["issues"]}
    assert only(caller)["state"] == "open"


def test_questions_are_filtered_and_paged(caller: Caller) -> None:
    ids = {asked(caller)["id"] for _ in range(3)}
    assert caller.get("/approvals", workflowId="wire-slow")[1]["total"] == 0
    pages = [caller.get("/approvals", perPage=2, page=page)[1] for page in (0, 1, 2)]
    assert [len(page["approvals"]) for page in pages] == [2, 1, 0]
    assert {one["id"] for page in pages for one in page["approvals"]} == ids
    assert caller.get("/approvals", assignedToMe="true")[1]["total"] == 0


def test_a_question_tells_its_body_and_its_priority_and_is_found_by_that(caller: Caller) -> None:
    for priority in ("low", "urgent"):
        caller.run("asking", {"title": priority, "priority": priority, "body": "*Now*?"})
    urgent, low = caller.get("/approvals")[1]["approvals"]
    assert (urgent["priority"], urgent["body"], low["priority"]) == ("urgent", "*Now*?", "low")
    assert only(caller, priority="low")["id"] == low["id"]
    assert asked(caller)["body"] is None
    status, refused = caller.get("/approvals", priority="soon")
    assert (status, refused["issues"][0]["field"]) == (400, "priority")


def test_a_question_tells_the_answer_that_it_proposes(caller: Caller) -> None:
    large = {"decision": "hold", "note": "x" * 20_000}
    run_id = caller.run("asking", {"proposal": large})["runId"]
    assert only(caller, runId=run_id)["proposal"] == large
    assert asked(caller)["proposal"] is None


def test_it_proposes_no_secret(caller: Caller) -> None:
    run_id = caller.run("asking", {"proposal": {"amount": 12, "pin": "canary"}})["runId"]
    assert only(caller, runId=run_id)["proposal"] == {"amount": 12}


def test_what_is_asked_of_me_is_found(caller: Caller, django_user_model: Any, settings: Any) -> None:
    run_id = caller.run("asking", {"assign_to": "ann"})["runId"]
    ann = acting(settings, django_user_model, "ann", "decide")
    bob = acting(settings, django_user_model, "bob", "decide")
    mine = only(ann, assignedToMe="true")
    assert (mine["runId"], mine["assignee"], mine["payload"]["total"]) == (run_id, "ann", 2480)
    assert bob.get("/approvals")[1]["total"] == 0
    assert (bob.get(f"/approvals/{mine['id']}")[0], decided(bob, mine, YES)[0]) == (403, 403)
    eve = acting(settings, django_user_model, "eve", "decide", "start_run", "view_run")
    assert decided(eve, mine, YES) == (403, {"error": "This is asked of ann.", "code": "answer_refused"})
    assert decided(ann, mine, YES)[0] == 200


def test_who_started_a_run_may_not_answer_where_that_is_ruled_out(
    caller: Caller, django_user_model: Any, settings: Any
) -> None:
    starter = acting(settings, django_user_model, "eve", "view_run", "view_payload", "start_run", "decide")
    starter.run("asking", {"allow_requester": False})
    status, refused = decided(starter, only(starter), YES)
    assert (status, refused["error"]) == (403, "You started this run, so somebody else must decide.")


def test_who_may_only_look_may_not_decide(caller: Caller, django_user_model: Any, settings: Any) -> None:
    question = asked(caller)
    viewer = acting(settings, django_user_model, "vera", "view_run")
    assert (only(viewer)["payload"], only(viewer)["body"]) == (None, None)
    assert decided(viewer, question, {"approved": True})[0] == 403


def test_of_several_people_every_one_counts(caller: Caller, django_user_model: Any, settings: Any) -> None:
    caller.run("asking", {"approvals": 2})
    first, second = (acting(settings, django_user_model, name, "decide") for name in ("ann", "bob"))
    question = only(first)
    status, counted = decided(first, question, YES, version=1)
    assert (status, counted["state"], counted["voters"], counted["version"]) == (200, "open", ["ann"], 2)
    assert decided(second, question, YES, version=1)[0] == 409
    assert decided(second, question, YES, version=2)[1]["state"] == "decided"


def test_one_of_each_group_must_answer(caller: Caller, django_user_model: Any, settings: Any) -> None:
    run_id = caller.run("asking", {"approvals": ["law", "sales"]})["runId"]
    rights = ("decide", "resume_run", "view_run", "view_payload")
    callers = {name: acting(settings, django_user_model, name, *rights) for name in ("ann", "bob", "eve")}
    for name, group in (("ann", "law"), ("bob", "sales")):
        django_user_model.objects.get(username=name).groups.add(Group.objects.create(name=group))
    question = only(callers["ann"], assignedToMe="true")
    assert (question["assignee"], question["approvals"]) == (None, 2)
    assert (question["groups"], question["missingGroups"]) == (["law", "sales"], ["law", "sales"])
    assert decided(callers["eve"], question, YES)[1]["error"] == "This is asked of law, sales."
    status, counted = decided(callers["ann"], question, YES)
    assert (status, counted["state"], counted["missingGroups"], counted["voters"]) == (200, "open", ["sales"], ["ann"])
    assert callers["ann"].get("/approvals", assignedToMe="true")[1]["total"] == 0
    resume = "/workflows/asking/resume-async"
    assert "asked of sales." in callers["eve"].post(resume, {"resumeData": YES}, runId=run_id)[1]["error"]
    status, result = callers["bob"].post(resume, {"resumeData": YES}, runId=run_id)
    assert (status, result["status"]) == (200, "success")
    _, done = callers["ann"].get(f"/approvals/{question['id']}")
    assert (done["decidedBy"], done["groups"], done["missingGroups"]) == ("bob", ["law", "sales"], [])


@pytest.mark.parametrize("number", ["0", "999", "1" * 40])
def test_a_question_that_is_not_there_is_not_found(caller: Caller, number: str) -> None:
    status, refused = caller.get(f"/approvals/{number}")
    assert (status, refused["error"], refused["code"]) == (404, "Approval not found", "approval_not_found")
    assert caller.post(f"/approvals/{number}/decide", {"resumeData": 1})[0] == 404


def test_nobody_reads_questions(caller: Caller, settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    assert Client().get("/api/approvals").status_code == 401
