"""Deciding a question on its page: the form, the buttons, races, votes, and who may."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from tests.web.asking import GOOD, YES, asked, closed, items, person, resume, signed_in
from tests.web.studio import order, orders, wait_for, wait_for_step
from workflows_app import runtime
from workflows_app.approvals.gather import catch_up
from workflows_app.models import Activity, Approval, Event

pytestmark = pytest.mark.usefixtures("studio")


def text(client: Client, approval: Approval, status: int = 200) -> str:
    response = client.get(f"/approvals/{approval.pk}/")
    assert response.status_code == status
    return response.content.decode()


def send(client: Client, approval: Approval, data: dict[str, str], query: str = "") -> Any:
    return client.post(f"/approvals/{approval.pk}/decide/{query}", data)


def test_the_question_is_told_openly(client: Client) -> None:
    approval = asked(title="Ship it?", total=99, due_in=7200, assign_to="local")
    page = text(client, approval)
    for words in ("Ship it?", "Look at the order before it ships.", "<dt>Total</dt><dd>99</dd>", "new address"):
        assert words in page
    assert "Decide by" in page
    assert "<dt>Asked</dt><dd>local" in page


def test_what_was_today_is_told_by_the_time_of_day(client: Client) -> None:
    approval = asked()
    for address in ("/approvals/", f"/approvals/{approval.pk}/"):
        page = client.get(address).content.decode()
        assert re.search(r"<dt>Waiting since</dt><dd><time[^>]*>\d\d:\d\d:\d\d<", page), address


def test_the_decision_is_given_by_buttons_that_name_it(client: Client) -> None:
    page = text(client, asked())
    assert 'form="decide" name="answer.decision" value="approve">Approve and resume <kbd' in page
    assert 'value="reject">Reject</button>' in page
    assert 'type="radio"' not in page
    assert "Answer and resume" not in page


def test_a_boolean_becomes_two_buttons(client: Client) -> None:
    one, other = items(["a", "b"])
    assert 'name="answer.sure" value="true">Yes and resume <kbd' in text(client, one)
    assert 'name="answer.sure" value="">No</button>' in text(client, one)
    assert send(client, one, {"answer.sure": "true", "answer.sure.__set": "1"}).status_code == 302
    assert send(client, other, {"answer.sure": "", "answer.sure.__set": "1"}).status_code == 302
    result = order(wait_for(one.run_id, "success")).history.result
    assert result is not None
    assert result.data == [True, False]


def test_an_answer_that_was_taken_is_not_refused_because_a_connection_was_cut_after_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval, cuts = asked(), [OperationalError("gone")]

    def cut(**given: Any) -> int:
        if cuts and Event.objects.filter(run=approval.run_id, kind="StepResumed").exists():
            raise cuts.pop()
        return catch_up(**given)

    monkeypatch.setattr("workflows_app.web.approvals.deciding.catch_up", cut)
    assert send(client, approval, YES).status_code == 302
    assert not cuts
    decided = Approval.objects.get(pk=approval.pk)
    assert (decided.state, decided.decided_by, decided.via) == ("decided", "local", "page")


def test_it_says_where_each_answer_leads(client: Client) -> None:
    page = text(client, asked())
    follows = page.partition("What follows")[2].partition("</ul>")[0]
    ship, refuse = follows.split("<li>")[1:]
    assert "ship" in ship
    assert "when decision is approve" in ship
    assert "Approve" in ship
    assert ("Hold" in refuse, "Reject" in refuse, "Approve" in refuse) == (True, True, False)


def test_an_answer_takes_the_run_on_and_shows_the_next_question(client: Client) -> None:
    first, second = asked(due_in=60), asked(due_in=120)
    response = send(client, first, YES)
    assert response.status_code == 302
    assert response["Location"] == f"/approvals/{second.pk}/"
    done = closed(first)
    assert (done.decided_by, done.via) == ("local", "page")
    wait_for(first.run_id, "success")
    page = client.get(response["Location"]).content.decode()
    assert "Decided: May it go out?" in page
    act = Activity.objects.get(verb="decide")
    assert (act.actor, act.object_kind, act.object_id) == ("local", "approval", str(first.pk))


def test_an_answer_that_does_not_fit_keeps_what_was_written(client: Client) -> None:
    approval = asked()
    response = send(client, approval, {**YES, "answer.amount": "-3", "answer.note": "Half a thought"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "1 answer needs another look" in page
    assert "Half a thought" in page
    assert order(approval.run_id).head.status == "suspended"


def test_an_answer_without_a_decision_asks_for_one(client: Client) -> None:
    approval = asked()
    response = send(client, approval, {"answer.note": "Well"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Choose one of the decisions." in page
    assert "Well" in page


def test_the_whole_answer_may_be_json(client: Client) -> None:
    approval = asked()
    shown = send(client, approval, {**YES, "answer.__show": "json"})
    page = shown.content.decode()
    assert shown.status_code == 200
    assert "Answer and resume" in page
    sent = {"answer.__mode": "json", "answer.__json": '{"decision": "hold", "note": "as JSON"}'}
    assert send(client, approval, sent).status_code == 302
    assert closed(approval).state == "decided"


def test_of_two_people_the_second_is_told_who_was_faster(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    assert send(ada, approval, {**YES, "answer.note": "the first word"}).status_code == 302
    response = send(bo, approval, {"answer.decision": "reject", "answer.note": "too late"})
    page = response.content.decode()
    assert response.status_code == 409
    assert "Your answer was not taken" in page
    assert "Decided by ada" in page
    assert "the first word" in page
    assert closed(approval).decided_by == "ada"


def test_an_answer_to_an_earlier_question_is_not_taken(client: Client) -> None:
    approval = asked()
    Approval.objects.filter(pk=approval.pk).update(seq=approval.seq - 1)
    assert send(client, approval, YES).status_code == 409
    assert order(approval.run_id).head.status == "suspended"


def test_what_was_decided_stays_to_be_read(client: Client) -> None:
    approval = asked()
    resume(approval, {"decision": "reject", "note": "No stock"}, by="ada")
    closed(approval)
    page = text(client, approval)
    assert "Decided by ada" in page
    assert "No stock" in page
    assert 'id="decide"' not in page


def test_a_withdrawn_question_says_so(client: Client) -> None:
    approval = asked()
    runtime.call(runtime.call(runtime.get_engine().get_run(approval.run_id)).cancel())
    closed(approval)
    page = text(client, approval)
    assert "Withdrawn" in page
    # The way of the run shows no success where nothing was decided.
    assert re.search(r'<li data-s="canceled" aria-current="step">', page)
    assert send(client, approval, YES).status_code == 409


def test_similar_questions_are_counted_by_their_decision(client: Client) -> None:
    for decision in ("approve", "approve", "reject"):
        before = asked(title=f"Earlier: {decision}")
        resume(before, {"decision": decision}, by="ada")
        closed(before)
    page = text(client, asked())
    assert "Approve 2 · Reject 1" in page
    assert "Earlier: reject" in page


def test_two_people_must_decide_alike(settings: Any) -> None:
    approval = asked(approvals=2)
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    assert ">Approve <kbd" in text(ada, approval)
    response = send(ada, approval, YES)
    assert response.status_code == 302
    assert "1 more person must decide" in ada.get("/approvals/").content.decode()
    assert order(approval.run_id).head.status == "suspended"
    page = text(bo, approval)
    assert "1 of 2 people: ada" in page
    assert "Approve and resume" in page
    again = send(ada, approval, YES)
    assert again.status_code == 403
    assert "You have decided. 1 of 2 people have" in again.content.decode()
    assert send(bo, approval, YES).status_code == 302
    wait_for(approval.run_id, "success")


def test_a_requester_may_be_kept_out_on_every_way(settings: Any) -> None:
    approval = asked(allow_requester=False)
    local = signed_in(settings, person("local", rights=("view_run", "decide", "resume_run")))
    page = text(local, approval)
    assert "You started this run, so somebody else must decide." in page
    assert "Approve and resume" not in page
    assert send(local, approval, YES).status_code == 403
    inspector = local.post(f"/runs/{approval.run_id}/resume/?step=ask", YES)
    assert inspector.status_code == 409
    assert "You started this run" in inspector.content.decode()
    assert order(approval.run_id).head.status == "suspended"


def test_it_is_asked_of_some_people_only(settings: Any) -> None:
    approval = asked(assign_to="finance")
    eve, flo = person("eve", rights=("view_run", "decide", "resume_run")), person("flo", "finance")
    client = signed_in(settings, eve)
    response = send(client, approval, YES)
    assert response.status_code == 403
    assert "This is asked of finance." in response.content.decode()
    assert "new address" not in response.content.decode()
    assert client.post(f"/runs/{approval.run_id}/resume/?step=ask", YES).status_code == 409
    assert send(signed_in(settings, flo), approval, YES).status_code == 302


def test_what_somebody_has_claimed_is_left_to_them(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    assert ada.post(f"/approvals/{approval.pk}/claim/").status_code == 302
    response = send(bo, approval, {**YES, "answer.note": "kept"})
    page = response.content.decode()
    assert response.status_code == 403
    assert "ada has claimed this" in page
    assert "kept" in page
    assert send(ada, approval, YES).status_code == 302


@pytest.mark.parametrize("rights", [(), ("view_run",)])
def test_it_needs_the_right(settings: Any, rights: tuple[str, ...]) -> None:
    approval = asked()
    client = signed_in(settings, person("eve", rights=rights))
    assert client.get(f"/approvals/{approval.pk}/").status_code == 403
    assert send(client, approval, YES).status_code == 403
    assert order(approval.run_id).head.status == "suspended"


def test_looking_does_not_decide(client: Client) -> None:
    approval = asked()
    assert client.get(f"/approvals/{approval.pk}/decide/").status_code == 405
    assert Client(enforce_csrf_checks=True).post(f"/approvals/{approval.pk}/decide/", YES).status_code == 403
    assert order(approval.run_id).head.status == "suspended"


def test_an_unknown_question_is_a_page(client: Client) -> None:
    assert client.get("/approvals/999999/").status_code == 404
    assert client.post("/approvals/999999/decide/", YES).status_code == 404


def test_an_answer_in_the_inspector_counts_as_one_by_page(client: Client) -> None:
    run_id = orders()
    assert client.post(f"/runs/{run_id}/resume/?step=review", {"answer.decision": "approve"}).status_code == 302
    wait_for_step(run_id, "review", "success")
    done = Approval.objects.get(run=run_id)
    assert (done.state, done.decided_by, done.via) == ("decided", "local", "page")


def test_a_draft_that_fails_the_check_is_shown_without_complaints(client: Client) -> None:
    approval = asked()
    kept = {"answer.amount": "-3", "answer.note": "Half", "answer.pin": "1234", "answer.decision": "approve"}
    assert client.post(f"/approvals/{approval.pk}/draft/", kept, headers={"HX-Request": "true"}).status_code == 204
    page = text(client, approval)
    assert "Draft kept" in page
    assert "Half" in page
    assert "1234" not in page
    assert "another look" not in page
    assert send(client, approval, {**YES, "answer.note": "Whole"}).status_code == 302
    assert not closed(approval).desks.exists()


def test_a_draft_is_on_the_page_of_the_run_as_well(client: Client) -> None:
    approval = asked()
    address = f"/runs/{approval.run_id}/?step=ask"
    draft = f"/approvals/{approval.pk}/draft/"
    page = client.get(address).content.decode()
    assert f'data-draft="{draft}"' in page
    assert "Half a thought" not in page
    kept = {"answer.note": "Half a thought", "answer.amount": "-3", "asked": "1"}
    assert client.post(draft, kept, headers={"HX-Request": "true"}).status_code == 204
    for where in (address, f"/approvals/{approval.pk}/"):
        page = client.get(where).content.decode()
        assert "Half a thought" in page
        assert "Draft kept" in page
        assert "another look" not in page
    resumed = client.post(f"/runs/{approval.run_id}/resume/?step=ask", YES)
    assert resumed.status_code == 302
    assert not closed(approval).desks.exists()


def test_the_page_of_a_run_knows_the_question_before_the_listener_does(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = asked()
    Approval.objects.all().delete()
    page = client.get(f"/runs/{approval.run_id}/?step=ask").content.decode()
    assert f'data-draft="/approvals/{Approval.objects.get().pk}/draft/"' in page


def test_one_question_among_several_of_a_run_is_answered_alone() -> None:
    one, other = items(["a", "b"])
    resume(one, {"sure": True}, by="ada")
    assert closed(one).state == "decided"
    assert Approval.objects.get(pk=other.pk).is_open


def test_good_is_what_code_sends() -> None:
    approval = asked()
    resume(approval, GOOD)
    assert closed(approval).decided_by == ""


@pytest.mark.parametrize("policy", [{"assign_to": "finance"}, {"allow_requester": False}])
@pytest.mark.parametrize("verb", ["resume", "resume-no-wait", "resume-async", "resume-stream"])
def test_the_api_obeys_the_same_rule(settings: Any, policy: dict[str, Any], verb: str) -> None:
    approval = asked(**policy)
    name = "eve" if "assign_to" in policy else "local"
    client = signed_in(settings, person(name, rights=("view_run", "view_payload", "resume_run")))
    address = f"/api/workflows/asking/{verb}?runId={approval.run_id}"
    response = client.post(address, {"step": "ask", "resumeData": GOOD}, content_type="application/json")
    assert response.status_code == 409
    assert order(approval.run_id).head.status == "suspended"
