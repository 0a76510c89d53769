"""Approvals follow the journal: made when a run asks, changed while it waits, closed with the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.web.asking import GOOD, asked, closed, items, resume, soon
from tests.web.studio import PATIENCE, started, wait_for
from workflows_app import runtime
from workflows_app.approvals import gather
from workflows_app.approvals.gather import catch_up
from workflows_app.approvals.talk import say
from workflows_app.models import Approval, Comment, Desk, Wait
from workflows_app.models.approval import NEVER

pytestmark = pytest.mark.usefixtures("studio")


def test_a_question_becomes_an_approval_with_all_that_inboxes_show() -> None:
    approval = asked(title="Ship it?", assign_to="finance", due_in=3600, approvals=2, allow_requester=False)
    assert (approval.workflow_id, approval.place, approval.title) == ("asking", "ask", "Ship it?")
    assert (approval.assignee, approval.requester) == ("finance", "local")
    assert (approval.needed, approval.allow_requester, approval.state) == (2, False, "open")
    assert abs(approval.due_at - timezone.now() - timedelta(hours=1)) < timedelta(seconds=PATIENCE)


def test_a_question_without_policy_is_open_to_everybody_forever() -> None:
    approval = asked()
    assert (approval.assignee, approval.due_at, approval.due) == ("", NEVER, None)


def test_the_answer_closes_it() -> None:
    approval = asked()
    resume(approval, GOOD, by="ada")
    done = closed(approval)
    assert (done.state, done.decided_by, done.via) == ("decided", "ada", "code")
    assert done.decided_at is not None
    assert done.answer_seq is not None


def test_a_canceled_run_withdraws_it() -> None:
    approval = asked()
    runtime.call(runtime.call(runtime.get_engine().get_run(approval.run_id)).cancel())
    done = closed(approval)
    assert (done.state, done.decided_by) == ("withdrawn", "")


def test_votes_are_counted_while_it_waits() -> None:
    approval = asked(approvals=2)
    resume(approval, GOOD, by="ada")
    soon(lambda: Approval.objects.filter(pk=approval.pk, voters={"ada": 0}).exists())
    resume(approval, GOOD, by="bo")
    assert closed(approval).decided == ["ada", "bo"]


def test_every_item_is_a_question_of_its_own() -> None:
    assert [(row.path, row.place, row.title) for row in items(["a", "b", "c"])] == [
        ("ask[0]", "ask", "Item a?"),
        ("ask[1]", "ask", "Item b?"),
        ("ask[2]", "ask", "Item c?"),
    ]


def test_what_the_listener_missed_is_found_by_the_next_look() -> None:
    first, second = asked(), asked()
    resume(second, GOOD, by="ada")
    closed(second)
    Approval.objects.all().delete()
    assert catch_up() == 1
    assert Approval.objects.get().run_id == first.run_id
    assert catch_up() == 0


def test_an_approval_whose_wait_went_unheard_is_closed() -> None:
    approval = asked()
    Wait.objects.filter(run=approval.run_id).delete()
    assert catch_up() == 1
    assert closed(approval).state == "withdrawn"


def test_waiting_for_an_event_asks_nobody() -> None:
    run_id = wait_for(started("asking", {}), "suspended")
    soon(lambda: Approval.objects.filter(run=run_id).exists())
    Approval.objects.all().delete()
    Wait.objects.filter(run=run_id).update(event="paid")
    assert catch_up() == 0


def test_a_deleted_run_takes_its_approvals_along(django_user_model: Any) -> None:
    approval = asked()
    Desk.keep(approval, django_user_model.objects.create_user("ada"), draft="x")
    say(approval, "ada", "Why?")
    resume(approval, GOOD, by="ada")
    wait_for(approval.run_id, "success")
    workflow = runtime.get_engine().get_workflow("asking")
    runtime.call(runtime.get_engine().delete_workflow_run_by_id(workflow, approval.run_id))
    assert not Desk.objects.exists()
    assert not Comment.objects.exists()
    assert soon(lambda: not Approval.objects.exists())


def test_the_door_an_answer_came_by_is_not_forgotten_by_who_closes_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    approval = asked()
    close = gather.close

    def late(found: Approval, rows: Any) -> None:
        """Close what another process closes at the same moment, which knows the door."""
        close(found, rows)
        Approval.objects.filter(pk=found.pk).update(state="decided", via="link")

    resume(approval, GOOD, by="ada")
    soon(lambda: not Wait.objects.filter(run=approval.run_id).exists())
    Approval.objects.update(state="open", via="")
    monkeypatch.setattr(gather, "close", late)
    assert catch_up(runs=[approval.run_id])
    assert Approval.objects.get().via == "link"


def test_who_claims_it_while_a_vote_is_noted_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    approval = asked(approvals=3)
    resume(approval, GOOD, by="ada")
    soon(lambda: Approval.objects.filter(pk=approval.pk, voters={"ada": 0}).exists())
    Approval.objects.update(voters={}, claimed_by="ada")
    since_asked = gather.since_asked

    def meanwhile(*arguments: Any) -> Any:
        Approval.objects.update(claimed_by="bo", assignee="finance")
        return since_asked(*arguments)

    monkeypatch.setattr(gather, "since_asked", meanwhile)
    gather.follow("default", [approval.run_id])
    found = Approval.objects.get()
    assert (found.decided, found.claimed_by, found.assignee) == (["ada"], "bo", "finance")
