"""Questions that one of each of several groups must answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.asking import YES, asked, closed, pass_time, person, signed_in, soon
from tests.web.studio import order, wait_for
from workflows_app import runtime
from workflows_app.approvals.gather import catch_up
from workflows_app.approvals.notices import make_notices
from workflows_app.approvals.policy import Who
from workflows_app.approvals.queues import Inbox
from workflows_app.models import Approval, Notice

pytestmark = pytest.mark.usefixtures("studio")
GROUPS = ["law", "sales", "risk"]
NO = {**YES, "answer.decision": "reject"}


def text(client: Client, approval: Approval) -> str:
    return client.get(f"/approvals/{approval.pk}/").content.decode()


def send(client: Client, approval: Approval, data: dict[str, str]) -> Any:
    return client.post(f"/approvals/{approval.pk}/decide/", data)


def badge(user: User) -> int:
    return Inbox.of(Who.of(User.objects.get(pk=user.pk))).badge()


def test_it_stands_with_the_groups_that_have_not_decided(settings: Any) -> None:
    approval = asked(approvals=GROUPS)
    members = {"lou": "law", "lea": "law", "sam": "sales", "rob": "risk", "eve": "choir"}
    lou, lea, sam, rob, eve = (person(name, group) for name, group in members.items())
    assert [badge(one) for one in (lou, lea, sam, rob, eve)] == [1, 1, 1, 1, 0]
    law, sales, risk = (signed_in(settings, one) for one in (lou, sam, rob))
    page = text(law, approval)
    assert "one of each: law, sales, risk" in page
    assert "0 of 3 groups" in page
    assert "Approve and resume" not in page
    assert "Hand over" not in page
    panel = signed_in(settings, eve).get(f"/runs/{approval.run_id}/").content.decode()
    assert "See what is said about it" in panel
    assert "Claim it" not in panel
    law = signed_in(settings, lou)
    sent = law.post(f"/approvals/{approval.pk}/decide/", YES, follow=True).content.decode()
    assert "Your decision on “May it go out?” counts. Somebody of sales, risk must decide too." in sent
    assert [badge(one) for one in (lou, lea, sam, rob)] == [0, 0, 1, 1]
    assert "This is asked of sales, risk." in text(signed_in(settings, lea), approval)
    assert "1 of 3 groups decided" in sales.get("/approvals/").content.decode()
    assert "1 of 3 groups: lou (law)" in text(sales, approval)
    assert "You have decided. Somebody of sales, risk must too." in text(law, approval)
    assert send(sales, approval, YES).status_code == 302
    assert "2 of 3 groups decided" in risk.get("/approvals/").content.decode()
    watching = signed_in(settings, eve)
    assert "lou (law), sam (sales)" in watching.get(f"/runs/{approval.run_id}/").content.decode()
    assert "Approve and resume" in text(risk, approval)
    assert send(risk, approval, YES).status_code == 302
    wait_for(approval.run_id, "success")
    done = closed(approval)
    assert (done.decided_by, done.decided) == ("rob", ["lou", "sam", "rob"])
    assert "3 of 3 groups: lou (law), sam (sales), rob (risk)" in text(sales, approval)
    record = risk.get(f"/approvals/{approval.pk}/print/").content.decode()
    assert "<li>sam (sales), " in record


def test_a_stranger_to_the_groups_is_refused_at_every_door(settings: Any) -> None:
    approval = asked(approvals=GROUPS)
    eve = signed_in(settings, person("eve", "choir", rights=("view_run", "decide", "resume_run")))
    refused = send(eve, approval, YES)
    assert refused.status_code == 403
    assert "This is asked of law, sales, risk." in refused.content.decode()
    assert "new address" not in refused.content.decode()
    assert eve.post(f"/runs/{approval.run_id}/resume/?step=ask", YES).status_code == 409
    assert eve.post(f"/approvals/{approval.pk}/claim/").status_code == 403
    assert order(approval.run_id).head.status == "suspended"


def test_who_is_called_like_a_group_is_not_in_it(settings: Any) -> None:
    approval = asked(approvals=["law", "sales"])
    law, sales = person("law"), person("sales", "choir")
    assert [badge(law), badge(sales)] == [0, 0]
    assert send(signed_in(settings, law), approval, YES).status_code == 403
    assert signed_in(settings, sales).post(f"/approvals/{approval.pk}/claim/").status_code == 403


def test_who_is_in_two_groups_decides_for_both(settings: Any) -> None:
    approval = asked(approvals=["law", "sales"])
    both = signed_in(settings, person("bo", "law", "sales"))
    assert "Approve and resume" in text(both, approval)
    assert send(both, approval, YES).status_code == 302
    wait_for(approval.run_id, "success")
    assert "2 of 2 groups: bo (law, sales)" in text(both, approval)


def test_groups_that_disagree_are_all_asked_again(settings: Any) -> None:
    approval = asked(approvals=["law", "sales"])
    lou, lea, sam = person("lou", "law"), person("lea", "law"), person("sam", "sales")
    assert send(signed_in(settings, lou), approval, YES).status_code == 302
    sales = signed_in(settings, sam)
    sent = sales.post(f"/approvals/{approval.pk}/decide/", NO, follow=True).content.decode()
    # Who has decided is not among those who may now, and reads that it is not as before.
    assert "The groups disagree. Somebody else of law, sales must, or an administrator." in sent
    assert "You have decided, but the groups disagree." in text(sales, approval)
    assert [badge(one) for one in (lou, lea, sam)] == [0, 1, 0]
    other = signed_in(settings, lea)
    assert "the groups disagree" in other.get("/approvals/").content.decode()
    assert "the groups disagree: lou (law), sam (sales)" in text(other, approval)
    assert send(other, approval, NO).status_code == 302
    wait_for(approval.run_id, "success")
    assert closed(approval).decided_by == "lea"


def test_an_administrator_ends_it_where_nobody_else_is_in_groups_that_disagree(settings: Any) -> None:
    approval = asked(approvals=["law", "sales"])
    for one, data in ((person("lou", "law"), YES), (person("sam", "sales"), NO)):
        assert send(signed_in(settings, one), approval, data).status_code == 302
    root = User.objects.create_superuser("root")
    assert badge(root) == 1
    assert send(signed_in(settings, root), approval, YES).status_code == 302
    wait_for(approval.run_id, "success")
    assert closed(approval).decided_by == "root"


def test_an_administrator_steps_in_for_every_group(client: Client) -> None:
    approval = asked(approvals=GROUPS)
    assert "Approve and resume" in text(client, approval)
    assert badge(User.objects.get(username="local")) == 1
    assert send(client, approval, YES).status_code == 302
    wait_for(approval.run_id, "success")
    assert "3 of 3 groups: local (law, sales, risk)" in text(client, approval)


@pytest.mark.parametrize("approvals", [["law", "sales"], 2])
def test_who_has_decided_has_it_in_hand_no_longer(settings: Any, approvals: Any) -> None:
    approval = asked(approvals=approvals)
    law, sam = signed_in(settings, person("lou", "law")), person("sam", "sales")
    law.post(f"/approvals/{approval.pk}/claim/")
    assert badge(sam) == 0
    assert send(law, approval, YES).status_code == 302
    assert badge(sam) == 1
    assert law.post(f"/approvals/{approval.pk}/claim/").status_code == 403


def test_a_group_that_has_decided_takes_it_from_nobody(settings: Any) -> None:
    approval = asked(approvals=["law", "sales"])
    lea, sam = person("lea", "law"), person("sam", "sales")
    assert send(signed_in(settings, person("lou", "law")), approval, YES).status_code == 302
    other = signed_in(settings, lea)
    assert other.post(f"/approvals/{approval.pk}/claim/").status_code == 403
    assert "data-claim" not in text(other, approval)
    assert badge(sam) == 1


def test_it_cannot_be_handed_over(settings: Any) -> None:
    approval = asked(approvals=["law", "sales"])
    law = signed_in(settings, person("lou", "law"))
    person("bo", "sales")
    sent = law.post(f"/approvals/{approval.pk}/hand-over/", {"to": "bo"}, follow=True).content.decode()
    assert "One of each group must decide, and nobody can for another group." in sent
    approval.refresh_from_db()
    assert approval.asked_of == ["law", "sales"]


def test_those_who_are_asked_get_a_mail(settings: Any) -> None:
    law, sales = person("lou", "law"), person("sam", "sales")
    person("eve", "choir")
    approval = asked(approvals=["law", "sales"])
    soon(lambda: make_notices(approval.asked_at) or Notice.objects.filter(approval=approval).exists())
    assert set(Notice.objects.filter(approval=approval).values_list("person", flat=True)) == {law.pk, sales.pk}


def test_groups_that_disagree_are_told_so_by_mail(settings: Any) -> None:
    lou, sam = person("lou", "law"), person("sam", "sales")
    lea, lee = person("lea", "law"), person("lee", "law")
    approval = asked(approvals=["law", "sales"])
    soon(lambda: make_notices(approval.asked_at) or Notice.objects.filter(approval=approval).count() == 4)
    assert send(signed_in(settings, lou), approval, YES).status_code == 302
    assert send(signed_in(settings, sam), approval, NO).status_code == 302
    soon(lambda: Approval.objects.get().is_disputed)
    make_notices(timezone.now())
    make_notices(timezone.now())
    again = Notice.objects.filter(approval=approval, occasion__endswith="2").values_list("person", flat=True)
    assert set(again) == {lea.pk, lee.pk}


def test_groups_that_disagree_after_a_reminder_are_noted_at_one_look(settings: Any) -> None:
    lou, sam = person("lou", "law"), person("sam", "sales")
    approval = asked(approvals=["law", "sales"], due_in=0.01, on_due=["remind"])
    soon(lambda: Approval.objects.filter(pk=approval.pk, reminded=1).exists())
    assert send(signed_in(settings, lou), approval, YES).status_code == 302
    assert send(signed_in(settings, sam), approval, NO).status_code == 302
    soon(lambda: Approval.objects.get().is_disputed)
    Approval.objects.update(voters={}, escalated=0, reminded=0)
    catch_up(runs=[approval.run_id])
    found = Approval.objects.get()
    assert (found.is_disputed, found.escalated, found.reminded) == (True, 1, 1)


def test_what_is_known_of_it_is_folded_from_the_journal_again(settings: Any) -> None:
    approval = asked(approvals=GROUPS)
    send(signed_in(settings, person("sam", "sales")), approval, YES)
    approval.refresh_from_db()
    before = (approval.asked_of, approval.concerned, approval.decided)
    assert before == (["law", "risk"], GROUPS, ["sam"])
    Approval.objects.all().delete()
    catch_up(runs=[approval.run_id])
    again = Approval.objects.get(run=approval.run_id)
    assert (again.asked_of, again.concerned, again.decided) == before


def test_groups_that_disagree_to_the_end_are_not_said_to_have_agreed_or_said_nothing(settings: Any) -> None:
    approval = asked(approvals=["law", "sales"], due_in=60, on_due=[{"answer": {"decision": "reject"}}])
    lou, sam = person("lou", "law"), person("sam", "sales")
    for one, data in ((lou, YES), (sam, NO)):
        assert send(signed_in(settings, one), approval, data).status_code == 302
    pass_time(61)
    while Approval.objects.get().is_open:
        runtime.call(runtime.get_engine().fire_due_timers())
        catch_up(runs=[approval.run_id])
    page = text(signed_in(settings, lou), closed(approval))
    assert "Not decided in time, so the default answer was taken" in page
    assert "the groups disagreed: lou (law), sam (sales)" in page
