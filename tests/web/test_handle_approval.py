"""What people do about a question before it is answered: claim, hand over, put aside, write half of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from tests.web.asking import asked, closed, person, resume, signed_in, soon
from workflows_app import runtime
from workflows_app.models import Activity, Approval, Desk, WorkflowGrant

pytestmark = pytest.mark.usefixtures("studio")

HOUR = timedelta(hours=1)


def act(client: Client, approval: Approval, verb: str, **data: str) -> str:
    """Do something, and give the page that comes back."""
    response = client.post(f"/approvals/{approval.pk}/{verb}/", data, follow=True)
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_claim_is_seen_by_everybody_and_can_be_given_back(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    assert "Give back" in act(ada, approval, "claim")
    assert "ada has claimed this" in bo.get(f"/approvals/{approval.pk}/").content.decode()
    assert "Claim" in act(ada, approval, "release")
    assert Approval.objects.get().holder == ""
    acts = Activity.objects.filter(object_kind="approval").order_by("id")
    assert list(acts.values_list("verb", flat=True)) == ["claim", "release"]


def test_of_two_claims_the_first_holds(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    act(ada, approval, "claim")
    assert "Somebody else has claimed this meanwhile." in act(bo, approval, "claim")
    assert Approval.objects.get().holder == "ada"


def test_a_claim_can_be_taken_over_from_who_has_it(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    act(ada, approval, "claim")
    act(bo, approval, "claim", over="ada")
    assert Approval.objects.get().holder == "bo"
    act(bo, approval, "release")
    assert Approval.objects.get().holder == ""


def test_a_claim_lapses(settings: Any) -> None:
    approval = asked()
    act(signed_in(settings, person("ada")), approval, "claim")
    Approval.objects.update(claimed_until=timezone.now() - HOUR)
    assert Approval.objects.get().holder == ""
    act(signed_in(settings, person("bo")), approval, "claim")
    assert Approval.objects.get().holder == "bo"


def test_a_question_is_handed_over_to_a_person(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    act(ada, approval, "claim")
    page = act(ada, approval, "hand-over", to="bo", reason="You know them")
    assert "Handed over to bo." in page
    assert "Nothing waits for you." in page
    assert "handed over by ada" in bo.get(f"/approvals/{approval.pk}/").content.decode()
    assert bo.get("/approvals/?queue=mine").content.decode().count('class="it"') == 1
    noted = Activity.objects.get(verb="hand_over")
    assert (noted.reason, noted.after) == ("You know them", '{"assignee": "bo"}')


def test_a_question_is_handed_over_to_a_group(settings: Any) -> None:
    approval = asked()
    person("flo", "finance")
    act(signed_in(settings, person("ada")), approval, "hand-over", to="finance")
    assert Approval.objects.get().assignee == "finance"


@pytest.mark.parametrize("to", ["", "nobody", "weak", "gone", "x\0y"])
def test_it_is_not_handed_over_to_somebody_who_could_not_answer(settings: Any, to: str) -> None:
    approval = asked()
    person("weak", rights=("view_run",))
    gone = person("gone")
    gone.is_active = False
    gone.save()
    page = act(signed_in(settings, person("ada")), approval, "hand-over", to=to)
    assert "Nothing was handed over." in page
    assert Approval.objects.get().assignee == ""


def test_what_is_put_aside_comes_back_in_time(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    page = act(ada, approval, "snooze", until="hour")
    assert "Put aside until" in page
    assert "Nothing waits for you." in page
    assert "May it go out?" in bo.get("/approvals/").content.decode()
    desk = Desk.objects.get()
    assert desk.snoozed_until is not None
    assert abs(desk.snoozed_until - timezone.now() - HOUR) < timedelta(minutes=1)
    act(ada, approval, "snooze", until="")
    assert "May it go out?" in ada.get("/approvals/").content.decode()


@pytest.mark.parametrize("until", ["tomorrow", "monday"])
def test_it_can_be_put_aside_until_a_morning(client: Client, until: str) -> None:
    act(client, asked(), "snooze", until=until)
    moment = Desk.objects.get().snoozed_until
    assert moment is not None
    there = timezone.localtime(moment)
    assert (there.hour, there > timezone.localtime()) == (9, True)
    assert until == "tomorrow" or there.weekday() == 0


def test_a_draft_is_one_persons(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    assert "Half a thought" in act(ada, approval, "draft", **{"answer.note": "Half a thought"})
    assert "Half a thought" not in bo.get(f"/approvals/{approval.pk}/").content.decode()


def test_a_draft_that_is_too_long_is_refused(client: Client) -> None:
    approval = asked()
    response = client.post(f"/approvals/{approval.pk}/draft/", {"answer.note": "x" * 70_000})
    assert response.status_code == 413


def test_what_is_asked_of_others_cannot_be_handled(settings: Any) -> None:
    approval = asked(assign_to="finance")
    client = signed_in(settings, person("eve"))
    for verb in ("claim", "release", "hand-over", "draft"):
        assert client.post(f"/approvals/{approval.pk}/{verb}/", {"to": "eve"}).status_code == 403


def test_what_is_decided_is_not_handled_any_more(settings: Any) -> None:
    approval = asked()
    resume(approval, {"decision": "approve"}, by="bo")
    closed(approval)
    ada = signed_in(settings, person("ada"))
    for verb in ("claim", "release", "hand-over"):
        act(ada, approval, verb, to="ada")
    left = Approval.objects.get()
    assert (left.claimed_by, left.assignee) == ("", "")


@pytest.mark.parametrize("verb", ["claim", "release", "hand-over", "snooze", "draft"])
def test_looking_changes_nothing(client: Client, verb: str) -> None:
    approval = asked()
    assert client.get(f"/approvals/{approval.pk}/{verb}/").status_code == 405


def test_it_is_not_handed_over_to_who_may_not_answer_this_question(settings: Any) -> None:
    approval = asked(allow_requester=False)
    person("local")
    ada = signed_in(settings, person("ada"))
    assert "Nothing was handed over." in act(ada, approval, "hand-over", to="local")
    WorkflowGrant.objects.create(
        workflow_id="asking",
        group=Group.objects.get_or_create(name="finance")[0],
        role=Group.objects.get(name="Operator"),
    )
    flo = signed_in(settings, person("flo", "finance"))
    person("out")
    assert "Nothing was handed over." in act(flo, approval, "hand-over", to="out")
    person("in", "finance")
    assert "Handed over to in." in act(flo, approval, "hand-over", to="in")


def test_who_has_voted_does_not_get_it_again(settings: Any) -> None:
    approval = asked(approvals=2)
    person("bo")
    resume(approval, {"decision": "approve"}, by="bo")
    soon(lambda: Approval.objects.get().voters)
    page = act(signed_in(settings, person("ada")), approval, "hand-over", to="bo")
    assert "Nothing was handed over." in page


def test_no_draft_is_kept_of_what_is_decided(settings: Any) -> None:
    approval = asked()
    resume(approval, {"decision": "approve"}, by="bo")
    closed(approval)
    ada = signed_in(settings, person("ada"))
    response = ada.post(f"/approvals/{approval.pk}/draft/", {"answer.note": "Late"}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain"
    assert response.content.decode() == "bo has decided this meanwhile, so no draft is needed."
    assert "bo has decided this meanwhile" in act(ada, approval, "draft", **{"answer.note": "Late"})
    assert not Desk.objects.exists()


def test_a_draft_for_what_was_withdrawn_is_not_needed_either(client: Client) -> None:
    approval = asked()
    runtime.call(runtime.call(runtime.get_engine().get_run(approval.run_id)).cancel())
    closed(approval)
    response = client.post(f"/approvals/{approval.pk}/draft/", {"answer.note": "Late"}, headers={"HX-Request": "true"})
    assert (response.status_code, "This waits for no answer any more" in response.content.decode()) == (200, True)
