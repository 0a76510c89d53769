"""Deciding many questions at once: what goes together, what came of each, and who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from tests.web.asking import YES, asked, closed, items, person, resume, signed_in, soon
from tests.web.studio import order, orders, wait_for
from workflows_app.models import Activity, Approval, WorkflowGrant
from workflows_app.web.approvals.together import COUNTED, MOST

pytestmark = pytest.mark.usefixtures("studio")

BULK = ("view_run", "decide", "decide_bulk")


def three() -> list[Approval]:
    return [asked(title=f"Case {number}", total=number) for number in range(3)]


def send(client: Client, approvals: list[Approval], **more: str) -> Any:
    data = {**YES, "id": [str(one.pk) for one in approvals], **more}
    return client.post("/approvals/bulk/", data)


def query(approvals: list[Approval]) -> str:
    return "?" + "&".join(f"id={one.pk}" for one in approvals)


def test_the_questions_are_told_by_what_sets_them_apart(client: Client) -> None:
    page = client.get(f"/approvals/bulk/{query(three())}").content.decode()
    assert "Decide 3 questions together" in page
    for number in range(3):
        assert f"Case {number}" in page
        assert f'<span class="dim">Total</span> {number}' in page
    assert "new address" not in page
    assert "Approve, all 3" in page


def test_one_answer_decides_all_of_them(client: Client) -> None:
    approvals = three()
    page = send(client, approvals).content.decode()
    assert "3 of 3 answers were taken" in page
    for approval in approvals:
        done = closed(approval)
        assert (done.decided_by, done.via) == ("local", "bulk")
        wait_for(approval.run_id, "success")
    assert Activity.objects.filter(verb="decide", via="bulk").count() == 3


def test_what_is_not_taken_is_told_and_stops_none_of_the_others(settings: Any) -> None:
    mine, faster, theirs, quorum = three()[0], asked(), asked(assign_to="finance"), asked(approvals=2)
    resume(faster, {"decision": "reject"}, by="bo")
    closed(faster)
    client = signed_in(settings, person("ada", rights=BULK))
    page = send(client, [mine, faster, theirs, quorum]).content.decode()
    assert "2 of 4 answers were taken" in page
    assert "bo was faster" in page
    assert "This is asked of finance." in page
    assert "Counted, 1 of 2 decided" in page
    assert closed(mine).decided_by == "ada"
    assert order(theirs.run_id).head.status == "suspended"


def test_an_answer_that_does_not_fit_decides_nothing(client: Client) -> None:
    approvals = three()
    response = send(client, approvals, **{"answer.amount": "-1", "answer.note": "kept"})
    assert response.status_code == 422
    assert "kept" in response.content.decode()
    assert all(order(one.run_id).head.status == "suspended" for one in approvals)


def test_questions_of_different_steps_do_not_go_together(client: Client) -> None:
    run_id = orders()
    other = soon(lambda: Approval.objects.filter(run=run_id).first())
    for response in (client.get(f"/approvals/bulk/{query([asked(), other])}"), send(client, [asked(), other])):
        assert response.status_code == 422
        assert "Only questions of the same step" in response.content.decode()
    assert other.is_open


def test_very_many_need_their_number(client: Client) -> None:
    approvals = items([f"i{number}" for number in range(COUNTED + 1)])
    page = client.get(f"/approvals/bulk/{query(approvals)}").content.decode()
    assert f"Type {COUNTED + 1} to decide so many at once" in page
    sure = {"answer.sure": "true", "answer.sure.__set": "1"}
    for count in ("", "20", "many"):
        response = send(client, approvals, **sure, count=count)
        assert response.status_code == 422
        assert f"There are {COUNTED + 1} questions. Type this number." in response.content.decode()
    assert Approval.objects.open().count() == COUNTED + 1
    page = send(client, approvals, **sure, count=str(COUNTED + 1)).content.decode()
    assert f"{COUNTED + 1} of {COUNTED + 1} answers were taken" in page
    wait_for(approvals[0].run_id, "success")


def test_there_is_a_most(client: Client) -> None:
    approvals = items([f"i{number}" for number in range(MOST + 1)])
    response = client.get(f"/approvals/bulk/{query(approvals)}")
    assert response.status_code == 422
    assert f"At most {MOST} questions" in response.content.decode()


@pytest.mark.parametrize("address", ["", "?id=", "?id=x", "?id=-1", "?id=99999999999999999999", "?id=7"])
def test_nothing_that_is_open_is_nothing_to_decide(client: Client, address: str) -> None:
    response = client.get(f"/approvals/bulk/{address}")
    assert response.status_code == 422
    assert "None of these questions is open" in response.content.decode()


def test_it_needs_a_right_of_its_own(settings: Any) -> None:
    approvals = three()
    client = signed_in(settings, person("ada"))
    assert client.get(f"/approvals/bulk/{query(approvals)}").status_code == 403
    assert send(client, approvals).status_code == 403
    assert "Decide selected" not in client.get("/approvals/").content.decode()
    assert "Decide selected" in signed_in(settings, person("bo", rights=BULK)).get("/approvals/").content.decode()
    assert all(order(one.run_id).head.status == "suspended" for one in approvals)


def test_looking_decides_nothing(client: Client) -> None:
    approvals = three()
    client.get(f"/approvals/bulk/{query(approvals)}&answer.decision=approve")
    assert Client(enforce_csrf_checks=True).post("/approvals/bulk/", {**YES, "id": "1"}).status_code == 403
    assert Approval.objects.open().count() == 3


def test_the_right_counts_on_the_workflow_of_the_questions(settings: Any) -> None:
    approvals = three()
    ada = person("ada", "clerks", rights=BULK)
    role = Group.objects.create(name="deciders")
    role.permissions.set(Permission.objects.filter(codename__in=["view_run", "decide"]))
    WorkflowGrant.objects.create(workflow_id="asking", group=ada.groups.get(), role=role)
    client = signed_in(settings, ada)
    assert client.get(f"/approvals/{approvals[0].pk}/").status_code == 200
    assert send(client, approvals).status_code == 403
    assert all(order(one.run_id).head.status == "suspended" for one in approvals)


def test_what_one_may_not_look_at_is_not_told(settings: Any) -> None:
    theirs, own = asked(title="Of others", assign_to="finance"), asked(title="My own", assign_to="ada")
    client = signed_in(settings, person("ada", rights=("decide", "decide_bulk")))
    pages = [client.get(f"/approvals/bulk/{query([theirs, own])}"), send(client, [theirs, own])]
    for page in pages:
        assert page.status_code == 200
        assert "My own" in page.content.decode()
        assert "Of others" not in page.content.decode()
