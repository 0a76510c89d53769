"""Mails about questions: who gets which, once, how many become one, and what a failing server costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.web.asking import asked, closed, person, resume, signed_in
from tests.web.mailbox import Mailbox, links_in
from workflows_app import runtime
from workflows_app.approvals.bundles import MOST, not_sent
from workflows_app.approvals.gather import catch_up
from workflows_app.approvals.letters import take_letters
from workflows_app.approvals.notices import make_notices
from workflows_app.models import Approval, Notice
from workflows_app.models.approval import NEVER

pytestmark = pytest.mark.usefixtures("studio")

ADDRESS = "https://studio.example.org"
HOUR = timedelta(hours=1)


def post(now: datetime | None = None) -> int:
    """Do what the postman does in a round, at a moment; his own rounds come too seldom in a test."""
    at = now or timezone.now()
    make_notices(at)
    letters = take_letters(at, ADDRESS)
    for letter in letters:
        letter.send()
    return len(letters)


def test_who_is_asked_gets_a_mail_with_a_link(mailbox: Mailbox) -> None:
    person("ada")
    person("bo")
    asked(title="Ship\nit?", assign_to="ada", due_in=3600)
    assert post() == 1
    [mail] = mailbox.mails
    assert mail["to"] == "ada@example.org"
    assert mail["subject"] == "You are asked: Ship it?"
    assert "Workflow: asking" in mail.get_content()
    assert "Due: " in mail.get_content()
    assert "new address" not in mail.get_content()
    assert len(links_in(mail)) == 1
    assert f"{ADDRESS}/a/" in mail.get_content()


def test_what_is_due_at_the_end_of_time_holds_up_no_mail(mailbox: Mailbox, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    person("ada")
    approval = asked(assign_to="ada", due_in=3600)
    Approval.objects.filter(pk=approval.pk).update(due_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    assert post() == 1
    assert "Due: 9999-12-31 23:59:00 UTC" in mailbox.mails[0].get_content()


def test_every_member_of_a_group_who_may_answer_gets_one(mailbox: Mailbox) -> None:
    for name in ("ada", "bo"):
        person(name, "finance")
    person("weak", "finance", rights=("view_run",))
    silent = person("silent", "finance")
    silent.email = ""
    silent.save()
    asked(assign_to="finance")
    assert post() == 2
    assert {mail["to"] for mail in mailbox.mails} == {"ada@example.org", "bo@example.org"}


def test_a_question_to_nobody_in_particular_sends_no_mail(mailbox: Mailbox) -> None:
    person("ada")
    asked()
    assert post() == 0
    assert mailbox.mails == []


def test_a_requester_who_may_not_answer_is_not_asked(mailbox: Mailbox) -> None:
    person("local", "finance")
    asked(assign_to="finance", allow_requester=False)
    assert post() == 0


def test_everybody_is_told_once(mailbox: Mailbox) -> None:
    person("ada")
    approval = asked(assign_to="ada")
    assert post() == 1
    Approval.objects.filter(pk=approval.pk).update(tell_at=timezone.now())
    assert post() == 0
    assert Approval.objects.get().tell_at == NEVER


def test_half_of_the_time_and_the_end_of_it_are_told(mailbox: Mailbox) -> None:
    person("ada")
    approval = asked(title="Ship it?", assign_to="ada", due_in=7200)
    assert post() == 1
    assert post(approval.asked_at + 0.9 * HOUR) == 0
    assert post(approval.asked_at + 1.1 * HOUR) == 1
    assert post(approval.asked_at + 1.9 * HOUR) == 0
    assert post(approval.asked_at + 2.1 * HOUR) == 1
    assert post(approval.asked_at + 9 * HOUR) == 0
    assert [mail["subject"] for mail in mailbox.mails] == [
        "You are asked: Ship it?", "Half of the time has passed: Ship it?", "Due now: Ship it?",
    ]  # fmt: skip


def test_only_who_has_claimed_it_is_reminded(mailbox: Mailbox) -> None:
    for name in ("ada", "bo"):
        person(name, "finance")
    approval = asked(assign_to="finance", due_in=7200)
    assert post() == 2
    Approval.objects.update(claimed_by="bo", claimed_until=timezone.now() + 9 * HOUR)
    assert post(approval.asked_at + 3 * HOUR) == 1
    assert mailbox.mails[-1]["to"] == "bo@example.org"


def test_who_gets_it_handed_over_is_asked(mailbox: Mailbox, settings: Any) -> None:
    ada = person("ada")
    person("bo")
    approval = asked(assign_to="ada")
    post()
    signed_in(settings, ada).post(f"/approvals/{approval.pk}/hand-over/", {"to": "bo"})
    assert post() == 1
    assert mailbox.mails[-1]["to"] == "bo@example.org"


def test_escalations_are_told(mailbox: Mailbox) -> None:
    person("ada")
    person("mo", "managers")
    approval = asked(assign_to="ada", due_in=0.5, on_due=["remind", {"assign_to": "managers", "after": 0.2}])
    engine = runtime.get_engine()
    while Approval.objects.get().assignee != "managers":
        runtime.call(engine.fire_due_timers())
        catch_up(runs=[approval.run_id])
    post()
    told = [(mail["to"], mail["subject"].partition(":")[0]) for mail in mailbox.mails]
    assert ("mo@example.org", "You are asked") in told
    assert ("mo@example.org", "Reminder") in told


def test_who_started_the_run_hears_of_the_decision(mailbox: Mailbox) -> None:
    person("local")
    approval = asked(title="Ship it?")
    resume(approval, {"decision": "approve"}, by="ada")
    closed(approval)
    assert post() == 1
    [mail] = mailbox.to("local@example.org")
    assert mail["subject"] == "Decided: Ship it?"
    assert "Decided by: ada" in mail.get_content()
    assert links_in(mail) == []
    assert f"{ADDRESS}/approvals/{approval.pk}/" in mail.get_content()


def test_who_decided_needs_not_be_told(mailbox: Mailbox) -> None:
    person("local")
    approval = asked()
    resume(approval, {"decision": "approve"}, by="local")
    closed(approval)
    assert post() == 0


def test_what_was_decided_meanwhile_is_not_asked_any_more(mailbox: Mailbox) -> None:
    person("ada")
    approval = asked(assign_to="ada")
    make_notices(timezone.now())
    resume(approval, {"decision": "approve"}, by="bo")
    closed(approval)
    assert post() == 0
    assert not Notice.objects.filter(person__username="ada").exists()


def test_many_questions_become_one_mail(mailbox: Mailbox) -> None:
    person("ada")
    for number in range(MOST + 1):
        asked(title=f"Case {number}", assign_to="ada")
    assert post() == 1
    [mail] = mailbox.mails
    assert mail["subject"] == "6 questions for you"
    assert len(links_in(mail)) == 6


def test_after_many_mails_the_next_ones_wait_to_become_one(mailbox: Mailbox) -> None:
    person("ada")
    for number in range(MOST):
        asked(title=f"Case {number}", assign_to="ada")
        assert post() == 1
    asked(assign_to="ada")
    asked(assign_to="ada")
    assert post() == 0
    now = timezone.now()
    assert post(now + timedelta(minutes=11)) == 2


def test_mails_of_one_round_count_one_by_one(mailbox: Mailbox) -> None:
    person("ada")
    for _round in range(2):
        for number in range(MOST - 1):
            asked(title=f"Case {number}", assign_to="ada")
        post()
    assert len(mailbox.mails) == MOST
    assert mailbox.mails[-1]["subject"] == "4 questions for you"
    asked(assign_to="ada")
    assert post() == 0


def test_a_mail_that_is_not_taken_is_tried_again_later(mailbox: Mailbox) -> None:
    person("ada")
    asked(assign_to="ada")
    now = timezone.now()
    make_notices(now)
    [letter] = take_letters(now, ADDRESS)
    assert take_letters(now, ADDRESS) == []
    not_sent(letter.notices, now)
    assert take_letters(now, ADDRESS) == []
    assert len(take_letters(now + timedelta(minutes=2), ADDRESS)) == 1


def test_the_postman_of_the_studio_survives_a_server_that_refuses(mailbox: Mailbox) -> None:
    background = runtime.process.background
    assert background is not None
    mailbox.refuses = True
    person("ada")
    asked(assign_to="ada")
    background.call(background.postman.round())
    assert mailbox.mails == []
    notice = Notice.objects.get()
    assert (notice.sent_at, notice.tries) == (None, 1)
    mailbox.refuses = False
    Notice.objects.update(again_at=timezone.now())
    background.call(background.postman.round())
    assert len(mailbox.mails) == 1


def test_where_links_need_signing_in_mails_lead_to_the_page(mailbox: Mailbox, settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "LINK_SIGN_IN": True}
    person("ada")
    approval = asked(assign_to="ada")
    assert post() == 1
    assert links_in(mailbox.mails[0]) == []
    assert f"{ADDRESS}/approvals/{approval.pk}/" in mailbox.mails[0].get_content()
    assert "Links are for you alone" not in mailbox.mails[0].get_content()


def test_without_an_address_a_mail_has_no_links(mailbox: Mailbox) -> None:
    person("ada")
    asked(assign_to="ada")
    make_notices(timezone.now())
    [letter] = take_letters(timezone.now(), "")
    assert "/a/" not in letter.text
    assert "Open the inbox of the studio" in letter.text
