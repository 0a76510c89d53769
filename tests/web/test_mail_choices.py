"""Which mails a person gets: what they chose in the settings, and the one of each morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.web.asking import asked, closed, person, resume, signed_in
from tests.web.mailbox import Mailbox, links_in
from tests.web.test_approval_mails import ADDRESS, HOUR, post
from tests.web.test_members import boxes
from workflows_app import runtime
from workflows_app.approvals.digests import MOST, next_morning, take_digests
from workflows_app.approvals.notices import KINDS
from workflows_app.approvals.talk import say
from workflows_app.models import Activity, Approval, Desk, Notice, Profile

pytestmark = pytest.mark.usefixtures("studio")

ALL = tuple(KINDS)


def choose(client: Client, *mails: str, digest: bool = False, silent: tuple[str, ...] = ()) -> None:
    """Send the form of the settings."""
    page = client.get("/settings/mails/").content.decode()
    fields = boxes(page, "mails.mails", *(str(KINDS[kind]) for kind in mails)) | boxes(page, "mails.silent", *silent)
    sent = {**fields, "mails.digest.__set": "1", **({"mails.digest": "true"} if digest else {})}
    assert client.post("/settings/mails/", sent).status_code == 302


def kinds(mailbox: Mailbox, name: str) -> list[str]:
    return [str(mail["subject"]).partition(":")[0] for mail in mailbox.to(f"{name}@example.org")]


def test_who_chose_nothing_gets_every_kind_and_no_daily_mail(settings: Any) -> None:
    page = signed_in(settings, person("ada")).get("/settings/mails/").content.decode()
    assert page.count('value="1" checked') == len(ALL)
    assert "ada@example.org" in page


def test_who_has_no_address_is_told_so(client: Client) -> None:
    page = client.get("/settings/mails/").content.decode()
    assert "You get no mails" in page


def test_a_choice_is_kept_and_noted_once(settings: Any) -> None:
    client = signed_in(settings, person("ada"))
    choose(client, "asked", "due", silent=("asking",))
    choose(client, "asked", "due", silent=("asking",))
    page = client.get("/settings/mails/").content.decode()
    assert page.count('value="1" checked') == 3
    profile = Profile.objects.get(user__username="ada")
    assert (profile.silent, profile.silent_workflows) == (["half", "lapsed", "decided", "comment"], ["asking"])
    assert Activity.objects.filter(verb="mails", object_id="ada").count() == 1


@pytest.mark.parametrize(
    ("wanted", "told"), [(("half", "due"), ["Due now"]), (("asked",), ["You are asked"]), ((), [])]
)
def test_only_the_kinds_that_were_chosen_come(
    mailbox: Mailbox, settings: Any, wanted: tuple[str, ...], told: list[str]
) -> None:
    choose(signed_in(settings, person("ada")), *wanted)
    approval = asked(assign_to="ada", due_in=7200)
    post()
    post(approval.asked_at + 2.1 * HOUR)
    assert kinds(mailbox, "ada") == told


def test_a_silent_workflow_sends_nothing_whatever_it_is(mailbox: Mailbox, settings: Any) -> None:
    client = signed_in(settings, person("ada"))
    choose(client, *ALL, silent=("asking",))
    approval = asked(assign_to="ada")
    say(approval, "bo", "Why?")
    assert post() == 0
    choose(client, *ALL)
    asked(assign_to="ada")
    assert post() == 1


def test_what_was_not_wanted_does_not_come_after_a_change_of_mind(mailbox: Mailbox, settings: Any) -> None:
    client = signed_in(settings, person("ada"))
    choose(client, "due")
    approval = asked(assign_to="ada", due_in=7200)
    assert post() == 0
    choose(client, *ALL)
    post(approval.asked_at + 1.1 * HOUR)
    assert kinds(mailbox, "ada") == ["Half of the time has passed"]


def test_mails_that_are_not_wanted_do_not_count_as_many(mailbox: Mailbox, settings: Any) -> None:
    client = signed_in(settings, person("ada"))
    choose(client, "due")
    for _number in range(7):
        asked(assign_to="ada")
    assert post() == 0
    choose(client, *ALL)
    for _number in range(5):
        asked(assign_to="ada")
    assert post() == 5


# Claims


def test_who_claimed_it_hears_when_that_ran_out(mailbox: Mailbox, settings: Any) -> None:
    ada = person("ada")
    person("bo")
    approval = asked()
    signed_in(settings, ada).post(f"/approvals/{approval.pk}/claim/")
    assert post() == 0
    soon = Approval.objects.get().tell_at
    assert soon == Approval.objects.get().claimed_until
    Approval.objects.update(claimed_until=timezone.now() - HOUR)
    assert post(soon) == 1
    assert post(soon + HOUR) == 0
    assert kinds(mailbox, "ada") == ["The claim has run out"]


def test_a_claim_does_not_put_off_what_there_is_to_tell(mailbox: Mailbox, settings: Any) -> None:
    ada = person("ada")
    approval = asked(assign_to="ada", due_in=7200)
    signed_in(settings, ada).post(f"/approvals/{approval.pk}/claim/")
    assert post() == 1
    assert post(approval.asked_at + 1.1 * HOUR) == 1


def test_who_holds_a_question_to_nobody_is_reminded_of_it(mailbox: Mailbox, settings: Any) -> None:
    ada = person("ada")
    approval = asked(due_in=7200)
    signed_in(settings, ada).post(f"/approvals/{approval.pk}/claim/")
    post(approval.asked_at + 1.1 * HOUR)
    assert kinds(mailbox, "ada") == ["Half of the time has passed"]


def test_who_gets_a_question_back_is_asked_again(mailbox: Mailbox, settings: Any) -> None:
    ada, bo = person("ada"), person("bo")
    approval = asked(assign_to="ada")
    post()
    signed_in(settings, ada).post(f"/approvals/{approval.pk}/hand-over/", {"to": "bo"})
    post()
    signed_in(settings, bo).post(f"/approvals/{approval.pk}/hand-over/", {"to": "ada"})
    post()
    assert kinds(mailbox, "ada") == ["You are asked", "You are asked"]
    assert kinds(mailbox, "bo") == ["You are asked"]


# Comments


def test_who_has_to_do_with_a_question_hears_of_a_comment_but_its_author(mailbox: Mailbox) -> None:
    for name in ("local", "ada", "bo", "eve"):
        person(name)
    approval = asked(assign_to="ada")
    post()
    say(approval, "ada", "Why is it so much?")
    assert post() == 1
    say(approval, "local", "They ordered twice.")
    assert post() == 1
    assert kinds(mailbox, "local") == ["New comment"]
    assert kinds(mailbox, "ada") == ["You are asked", "New comment"]
    assert kinds(mailbox, "bo") == kinds(mailbox, "eve") == []
    assert all("so much" not in mail.get_content() for mail in mailbox.mails)


def test_a_comment_is_told_also_after_the_decision(mailbox: Mailbox) -> None:
    person("local")
    approval = asked()
    say(approval, "ada", "I take it.")
    resume(approval, {"decision": "approve"}, by="ada")
    closed(approval)
    post()
    assert sorted(kinds(mailbox, "local")) == ["Decided", "New comment"]


# The daily mail


def morning(now: datetime | None = None) -> list[str]:
    """Do the round of the morning, and give what was written."""
    letters = take_digests(now or timezone.now() + timedelta(days=1), ADDRESS)
    for letter in letters:
        letter.send()
    return [letter.subject for letter in letters]


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("", "2026-03-28 07:00", "2026-03-28 08:00"),
        ("", "2026-03-28 08:00", "2026-03-29 08:00"),
        ("Asia/Tokyo", "2026-03-28 07:00", "2026-03-28 23:00"),
        ("Europe/Paris", "2026-03-28 12:00", "2026-03-29 06:00"),
    ],
)
def test_the_morning_is_that_of_the_person(zone: str, now: str, due: str) -> None:
    found = next_morning(zone, datetime.fromisoformat(f"{now}+00:00"))
    assert found.astimezone(UTC) == datetime.fromisoformat(f"{due}+00:00")


def test_who_wants_it_gets_one_mail_a_day_with_what_waits(mailbox: Mailbox, settings: Any) -> None:
    ada = person("ada", "finance")
    person("bo", "finance")
    choose(signed_in(settings, ada), digest=True)
    asked(title="Mine", assign_to="ada")
    asked(title="Ours", assign_to="finance", due_in=1)
    asked(title="Anybody's")
    asked(title="Of others", assign_to="bo")
    put_aside = asked(title="Later", assign_to="ada")
    Desk.keep(put_aside, ada, snoozed_until=timezone.now() + 99 * HOUR)
    assert take_digests(timezone.now(), ADDRESS) == []
    assert morning() == ["3 questions wait for you"]
    assert morning() == []
    [mail] = mailbox.mails
    text = mail.get_content()
    assert all(title in text for title in ("Mine", "Ours", "Anybody's"))
    assert "Of others" not in text
    assert "Later" not in text
    assert "1 of it is overdue." in text
    assert links_in(mail) == []
    assert f"{ADDRESS}/settings/mails/" in text


def test_where_nothing_waits_no_daily_mail_is_sent(mailbox: Mailbox, settings: Any) -> None:
    choose(signed_in(settings, person("ada")), digest=True)
    assert morning() == []
    asked()
    assert morning(timezone.now() + timedelta(days=2)) == ["1 question waits for you"]


def test_silent_workflows_are_not_in_the_daily_mail(mailbox: Mailbox, settings: Any) -> None:
    choose(signed_in(settings, person("ada")), digest=True, silent=("asking",))
    asked(assign_to="ada")
    assert morning() == []


def test_a_daily_mail_names_only_so_many(mailbox: Mailbox, settings: Any) -> None:
    choose(signed_in(settings, person("ada")), digest=True)
    first = asked()
    columns = {"run_id": first.run_id, "attempt": 0, "seq": first.seq, "workflow_id": "asking", "place": "ask"}
    Approval.objects.bulk_create(
        Approval(path=f"x{n}", title=f"Case {n}", asked_at=first.asked_at, **columns) for n in range(MOST + 1)
    )
    assert morning() == [f"{MOST + 2} questions wait for you"]
    assert "And 2 more." in mailbox.mails[0].get_content()


def test_a_daily_mail_that_is_not_taken_is_written_again(mailbox: Mailbox, settings: Any) -> None:
    choose(signed_in(settings, person("ada")), digest=True)
    asked()
    background = runtime.process.background
    assert background is not None
    Profile.objects.update(digest_at=timezone.now() - HOUR)
    mailbox.refuses = True
    background.call(background.postman.round())
    again = Profile.objects.get(user__username="ada").digest_at
    assert again is not None
    assert timedelta(minutes=9) < again - timezone.now() < timedelta(minutes=11)
    mailbox.refuses = False
    assert morning() == ["1 question waits for you"]


def test_another_zone_moves_the_daily_mail(settings: Any) -> None:
    client = signed_in(settings, person("ada"))
    choose(client, digest=True)
    client.post("/settings/", {"profile.zone": "Asia/Tokyo", "profile.theme": "auto"})
    due = Profile.objects.get(user__username="ada").digest_at
    assert due is not None
    assert due.astimezone(UTC).hour == 23


def test_turning_the_daily_mail_off_ends_it(settings: Any) -> None:
    client = signed_in(settings, person("ada"))
    choose(client, digest=True)
    choose(client, *ALL)
    assert Profile.objects.get(user__username="ada").digest_at is None
    asked()
    assert morning() == []
    assert not Notice.objects.exists()
