"""Web push: what a browser is told of questions, that only it can read it, and when it is told nothing."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.subscriber import Subscriber, claims_of, text_of
from tests.web.asking import asked, closed, person, resume
from tests.web.mailbox import Mailbox
from tests.web.receiver import Receiver
from tests.web.test_approval_mails import HOUR
from workflows_app import runtime
from workflows_app.approvals.bundles import MOST
from workflows_app.approvals.notices import make_notices
from workflows_app.approvals.pushes import MOST_TRIES, Push, not_taken, take_pushes
from workflows_app.approvals.talk import say
from workflows_app.conf import get_conf
from workflows_app.models import Desk, Device, Notice, Profile
from workflows_app.webhooks.calls import Answer

pytestmark = pytest.mark.usefixtures("studio")

KEY = text_of(bytes(range(32)))
HERE = ["127.0.0.0/8"]


@pytest.fixture(autouse=True)
def key(studio: Any, settings: Any) -> Iterator[str]:
    """Give the studio a key, and let pushes go to this machine. Gives the public half of it."""
    settings.WORKFLOWS = {**settings.WORKFLOWS, "PUSH_KEY": KEY, "WEBHOOK_ALLOW": HERE}
    yield get_conf().push_point


@pytest.fixture
def browser() -> Subscriber:
    return Subscriber()


def turned_on(user: User, browser: Subscriber, endpoint: str = "http://127.0.0.1:9/push", **columns: Any) -> Device:
    facts = {"point": text_of(browser.point), "secret": text_of(browser.secret), "since": timezone.now()}
    return Device.objects.create(
        person=user, endpoint=endpoint, **{"key": get_conf().push_point, **facts, **columns}
    )  # fmt: skip


def ready(now: Any = None) -> list[Push]:
    """Give what goes to devices in a round at a moment."""
    at = now or timezone.now()
    make_notices(at)
    return take_pushes(at)


def round_of_the_studio() -> None:
    background = runtime.process.background
    assert background is not None
    make_notices(timezone.now())
    background.call(background.postman.push())


def test_a_browser_is_told_and_reads_it_alone(receiver: Receiver, browser: Subscriber, key: str) -> None:
    turned_on(person("ada"), browser, receiver.url)
    approval = asked(title="Ship\nit?", total=4711, assign_to="ada", due_in=3600)
    round_of_the_studio()
    [(headers, body)] = receiver.came
    assert json.loads(browser.read(body)) == {
        "title": "You are asked: Ship it?",
        "options": {
            "body": "asking", "data": f"/approvals/{approval.pk}/", "tag": f"question-{approval.pk}", "renotify": True,
        },
    }  # fmt: skip
    assert b"Ship" not in body
    assert (headers["content-encoding"], headers["urgency"], headers["ttl"]) == ("aes128gcm", "normal", "86400")
    assert headers["topic"] == f"question-{approval.pk}"
    said = claims_of(headers, key)
    assert said["aud"] == receiver.url.removesuffix("/hook")
    assert said["sub"] == "mailto:studio@localhost"
    assert 0 < said["exp"] - time.time() <= 24 * 60 * 60
    round_of_the_studio()
    assert len(receiver.came) == 1


def test_the_sender_is_the_studio_where_it_has_an_address(receiver: Receiver, settings: Any, key: str) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "ADDRESS": "https://studio.example.org"}
    turned_on(person("ada"), Subscriber(), receiver.url)
    asked(assign_to="ada", priority="urgent")
    round_of_the_studio()
    [(headers, _body)] = receiver.came
    assert claims_of(headers, key)["sub"] == "https://studio.example.org"
    assert headers["urgency"] == "high"


def test_who_has_a_mail_address_and_devices_is_told_on_each_way(mailbox: Mailbox, browser: Subscriber) -> None:
    ada = person("ada")
    first, second = (turned_on(ada, browser, f"http://127.0.0.1:9/{n}") for n in range(2))
    asked(assign_to="ada")
    background = runtime.process.background
    assert background is not None
    background.call(background.postman.round())
    assert len(mailbox.mails) == 1
    assert {push.device for push in ready()} == {first, second}
    assert Notice.objects.filter(sent_at__isnull=False).count() == 3


def test_who_has_no_mail_address_is_told_on_devices(mailbox: Mailbox, browser: Subscriber) -> None:
    ada = person("ada")
    User.objects.update(email="")
    turned_on(ada, browser)
    approval = asked(assign_to="ada")
    say(approval, "bo", "Why?")
    assert [push.title for push in ready()] == ["New comment: May it go out?", "You are asked: May it go out?"]
    assert Notice.objects.count() == 2


def test_without_a_key_or_with_another_nothing_is_sent(settings: Any, browser: Subscriber) -> None:
    turned_on(person("ada"), browser)
    asked(assign_to="ada")
    make_notices(timezone.now())
    settings.WORKFLOWS = {**settings.WORKFLOWS, "PUSH_KEY": ""}
    assert take_pushes(timezone.now()) == []
    settings.WORKFLOWS = {**settings.WORKFLOWS, "PUSH_KEY": text_of(b"other" * 6 + b"!!")}
    asked(assign_to="ada")
    assert ready() == []
    assert Notice.objects.filter(device__isnull=False).count() == 1


# What is not told


def test_a_question_that_was_put_aside_is_told_when_that_is_over(browser: Subscriber) -> None:
    ada = person("ada")
    turned_on(ada, browser)
    approval = asked(assign_to="ada")
    Desk.keep(approval, ada, snoozed_until=timezone.now() + 2 * HOUR)
    assert ready() == []
    assert ready(timezone.now() + HOUR) == []
    assert len(ready(timezone.now() + 3 * HOUR)) == 1


def test_a_question_that_was_decided_meanwhile_is_not_told(browser: Subscriber) -> None:
    turned_on(person("ada"), browser)
    approval = asked(assign_to="ada")
    make_notices(timezone.now())
    resume(approval, {"decision": "approve"}, by="bo")
    closed(approval)
    assert ready() == []
    assert not Notice.objects.filter(person__username="ada", device__isnull=False).exists()


def test_who_may_not_look_any_more_is_told_nothing(browser: Subscriber) -> None:
    ada, bo = person("ada"), person("bo")
    for user in (ada, bo):
        turned_on(user, browser, f"http://127.0.0.1:9/{user}")
        asked(assign_to=user.username)
    make_notices(timezone.now())
    ada.user_permissions.clear()
    User.objects.filter(pk=bo.pk).update(is_active=False)
    assert ready() == []
    assert ready(timezone.now() + HOUR) == []


def test_only_the_kinds_and_workflows_that_were_chosen_come(browser: Subscriber) -> None:
    ada = person("ada")
    turned_on(ada, browser)
    chosen = Profile.objects.create(user=ada, silent_pushes=["asked"], silent=["half", "due"])
    approval = asked(assign_to="ada", due_in=7200)
    assert ready() == []
    assert [push.title.partition(":")[0] for push in ready(approval.asked_at + 1.1 * HOUR)] == [
        "Half of the time has passed"
    ]
    chosen.silent_push_workflows = ["asking"]
    chosen.save()
    assert ready(approval.asked_at + 2.1 * HOUR) == []
    assert Notice.objects.filter(occasion="due", device__isnull=True, sent_at__isnull=False).count() == 1


# Many


def test_many_questions_become_one_that_leads_to_the_inbox(browser: Subscriber) -> None:
    turned_on(person("ada"), browser)
    for number in range(MOST + 1):
        asked(title=f"Case {number}", assign_to="ada")
    [push] = ready()
    assert (push.title, push.body, push.url, push.tag) == ("6 questions for you", "asking", "/approvals/", "questions")
    assert len(push.notices) == MOST + 1
    asked(assign_to="ada")
    assert len(ready()) == 1


def test_after_many_the_next_ones_wait_on_each_device_for_itself(browser: Subscriber) -> None:
    ada = person("ada")
    turned_on(ada, browser)
    for _number in range(MOST):
        asked(assign_to="ada")
        assert len(ready()) == 1
    turned_on(ada, browser, "http://127.0.0.1:9/new")
    asked(assign_to="ada")
    assert [push.device.endpoint for push in ready()] == ["http://127.0.0.1:9/new"]
    assert len(ready(timezone.now() + timedelta(minutes=11))) == 1


def test_the_longest_title_fits_into_one_message(receiver: Receiver, browser: Subscriber) -> None:
    turned_on(person("ada"), browser, receiver.url)
    asked(title="\N{PILE OF POO}" * 2_000, assign_to="ada")
    round_of_the_studio()
    [(_headers, body)] = receiver.came
    assert len(body) <= 4096
    assert len(json.loads(browser.read(body))["title"]) == 120


# Push services that do not take it


@pytest.mark.parametrize("code", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(receiver: Receiver, browser: Subscriber, code: int) -> None:
    receiver.code = code
    turned_on(person("ada"), browser, receiver.url)
    asked(assign_to="ada")
    round_of_the_studio()
    assert len(receiver.came) == 1
    assert not Device.objects.exists()
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("code", [302, 403, 429, 500])
def test_what_is_not_taken_is_tried_again_later(
    receiver: Receiver, browser: Subscriber, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    receiver.code, receiver.location = code, "http://127.0.0.1:9/"
    device = turned_on(person("ada"), browser, receiver.url)
    asked(assign_to="ada")
    with caplog.at_level(logging.WARNING):
        round_of_the_studio()
        round_of_the_studio()
    # Who has the address can send to it, so it is not logged.
    assert caplog.messages == [f"device {device.pk} did not take a push: {code}"]
    assert len(receiver.came) == 1
    notice = device.notices.get()
    assert (notice.sent_at, notice.tries) == (None, 1)
    receiver.code = 201
    device.notices.update(again_at=timezone.now())
    round_of_the_studio()
    assert len(receiver.came) == 2
    assert device.notices.filter(sent_at__isnull=False).exists()


def test_at_last_it_is_given_up(browser: Subscriber) -> None:
    device = turned_on(person("ada"), browser)
    asked(assign_to="ada")
    now, tries = timezone.now(), 0
    while pushes := ready(now):
        not_taken(pushes[0], Answer(500, ""), now)
        tries += 1
        now += 7 * HOUR
    assert tries == MOST_TRIES
    assert device.notices.filter(sent_at__isnull=False).exists()


def test_no_browser_can_make_the_studio_call_what_is_not_public(
    receiver: Receiver, browser: Subscriber, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "WEBHOOK_ALLOW": []}
    turned_on(person("ada"), browser, receiver.url)
    asked(assign_to="ada")
    with caplog.at_level(logging.WARNING):
        round_of_the_studio()
    assert receiver.came == []
    assert "not of the public network" in caplog.text
