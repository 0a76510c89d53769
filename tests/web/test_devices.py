"""Turning web push on and off: at the settings, by signing out, and when the browser changes hands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.utils import timezone

from tests.subscriber import Subscriber, text_of
from tests.web.studio import accounts
from tests.web.test_mail_choices import choose
from tests.web.test_members import boxes
from workflows_app.approvals.notices import KINDS
from workflows_app.conf import get_conf
from workflows_app.models import Activity, Approval, Device, Notice, Profile, Run
from workflows_app.web.views.devices import MOST

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/settings/mails/"
ENDPOINT = "https://push.example.org/send/one"
PASSWORD = "first-password"
NEW = {"new_password1": "second-password", "new_password2": "second-password"}


@pytest.fixture
def key(settings: Any) -> Iterator[str]:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "PUSH_KEY": text_of(bytes(range(32)))}
    yield get_conf().push_point


@pytest.fixture
def grace(settings: Any, client: Client, django_user_model: type[User]) -> User:
    """Sign somebody in who has a password and no rights."""
    user = accounts(settings, client, django_user_model)
    user.set_password(PASSWORD)
    user.save()
    sign_in(client, "grace")
    return user


def sign_in(client: Client, name: str) -> None:
    assert client.post("/accounts/login/", {"username": name, "password": PASSWORD}).status_code == 302


def turn_on(client: Client, endpoint: str = ENDPOINT) -> str:
    """Give the studio what a browser gives, and read what it says to that."""
    given = json.dumps(Subscriber().given(endpoint))
    return client.post("/settings/devices/", {"given": given}, follow=True).content.decode()


def test_without_a_key_the_page_says_nothing_of_it(client: Client, grace: User) -> None:
    page = client.get(PAGE).content.decode()
    assert "evices" not in page
    assert "On this device" not in page
    assert "pushes" not in page
    assert "cannot be used" in turn_on(client)
    assert not Device.objects.exists()
    Profile.objects.create(user=grace, silent_pushes=["due"], silent_push_workflows=["order"])
    choose(client, "asked")
    assert Profile.objects.get().silent_pushes == ["due"]
    assert Profile.objects.get().silent_push_workflows == ["order"]


def test_a_person_turns_it_on_in_the_browser_before_them(client: Client, grace: User, key: str) -> None:
    page = client.get(PAGE).content.decode()
    assert f'data-point="{key}"' in page
    assert 'data-worker="/static/js/worker.js" hidden' in page
    assert "<tr data-row>" not in page
    page = turn_on(client)
    assert "This browser tells you of questions from now on." in page
    assert page.count("<tr data-row>") == page.count('id="own"') == 1
    device = Device.objects.get()
    assert (device.person, device.endpoint, device.key) == (grace, ENDPOINT, key)
    assert client.cookies["device"]["httponly"]
    assert Activity.objects.filter(verb="device", object_id="grace").count() == 1


def test_turning_it_on_again_is_still_one_device(client: Client, grace: User, key: str) -> None:
    turn_on(client)
    turn_on(client)
    assert Device.objects.count() == 1


@pytest.mark.parametrize(
    "given",
    [
        "", "{}", "[]", "null", '{"endpoint": "https://push.example.org/", "keys": {"p256dh": "AA", "auth": "AA"}}',
        json.dumps(Subscriber().given("ftp://push.example.org/")), json.dumps(Subscriber().given("/here")),
        json.dumps(Subscriber().given("https://a:b@push.example.org/")),
        json.dumps(Subscriber().given("https://push.example.org/" + "x" * 2000)),
        json.dumps(Subscriber().given("https://push.example.org/ä")),
    ],
)  # fmt: skip
def test_what_no_browser_gives_is_refused(client: Client, grace: User, key: str, given: str) -> None:
    page = client.post("/settings/devices/", {"given": given}, follow=True).content.decode()
    assert "What the browser gave cannot be used." in page
    assert not Device.objects.exists()


def test_a_device_is_turned_off_from_any_other(client: Client, grace: User, key: str) -> None:
    turn_on(client)
    other = Client()
    sign_in(other, "grace")
    page = other.get(PAGE).content.decode()
    assert 'id="own"' not in page
    [off] = re.findall(r'action="(/settings/devices/\d+/off/)"', page)
    assert other.get(off).status_code == 405
    assert other.post(off).status_code == 302
    assert not Device.objects.exists()
    assert Activity.objects.filter(verb="device_off", object_id="grace").count() == 1


def test_nobody_turns_off_or_sees_the_device_of_somebody_else(client: Client, grace: User, key: str) -> None:
    ada = User.objects.create_user("ada")
    facts = {"key": key, "point": "x", "secret": "x", "since": timezone.now(), "agent": "Ada's browser"}
    device = Device.objects.create(person=ada, endpoint=ENDPOINT, **facts)
    client.post(f"/settings/devices/{device.pk}/off/")
    assert Device.objects.filter(person=ada).exists()
    assert "Ada&#x27;s browser" not in client.get(PAGE).content.decode()


def test_who_has_many_devices_loses_the_oldest_and_those_of_a_former_key(
    client: Client, grace: User, key: str
) -> None:  # fmt: skip
    turn_on(client, f"{ENDPOINT}/former")
    Device.objects.update(key="former")
    for number in range(MOST + 1):
        turn_on(client, f"{ENDPOINT}/{number}")
    left = set(Device.objects.values_list("endpoint", flat=True))
    assert left == {f"{ENDPOINT}/{number}" for number in range(1, MOST + 1)}


def test_signing_out_turns_it_off(client: Client, grace: User, key: str) -> None:
    turn_on(client)
    client.post("/accounts/logout/")
    assert not Device.objects.exists()


def test_a_session_that_ends_by_itself_does_not(client: Client, grace: User, key: str) -> None:
    turn_on(client)
    client.cookies.pop("sessionid")
    sign_in(client, "grace")
    assert 'id="own"' in client.get(PAGE).content.decode()
    client.post("/accounts/logout/")
    assert not Device.objects.exists()


def test_who_has_the_browser_next_turns_off_what_the_one_before_wanted(client: Client, grace: User, key: str) -> None:
    turn_on(client)
    User.objects.create_user("ada", password=PASSWORD)
    client.cookies.pop("sessionid")
    sign_in(client, "ada")
    assert not Device.objects.exists()


def test_a_browser_that_changed_hands_is_the_next_ones(client: Client, grace: User, key: str) -> None:
    turn_on(client)
    ada = User.objects.create_user("ada", password=PASSWORD)
    now = timezone.now()
    run = Run.objects.create(id="r", workflow_id="order", created_at=now, updated_at=now)
    approval = Approval.objects.create(run=run, path="ask", attempt=0, seq=1, asked_at=now)
    Notice.objects.create(approval=approval, person=grace, device=Device.objects.get(), occasion="asked:", made_at=now)
    other = Client()
    sign_in(other, "ada")
    turn_on(other)
    assert Device.objects.get().person == ada
    # What was meant for the one before does not come to the next.
    assert not Notice.objects.exists()


@pytest.mark.parametrize("way", ["others", "password", "link"])
def test_whom_one_signs_out_elsewhere_is_told_nothing_more(client: Client, grace: User, key: str, way: str) -> None:
    other = Client()
    sign_in(other, "grace")
    turn_on(other, f"{ENDPOINT}/other")
    turn_on(client)
    if way == "others":
        client.post("/settings/sessions/sign-out-others/")
    elif way == "password":
        assert client.post("/settings/password/", {"old_password": PASSWORD, **NEW}).status_code == 302
    else:
        # The link depends on the second of the last sign-in.
        grace.refresh_from_db()
        link = f"/accounts/password/{text_of(str(grace.pk).encode())}/{default_token_generator.make_token(grace)}/"
        assert client.post(client.get(link).headers["location"], NEW).status_code == 302
    assert Device.objects.get().endpoint == ENDPOINT


def test_a_choice_for_devices_is_kept_beside_that_for_mails(client: Client, grace: User, key: str) -> None:
    page = client.get(PAGE).content.decode()
    assert page.count('value="1" checked') == 2 * len(KINDS)
    fields = boxes(page, "mails.mails", "I am asked") | boxes(page, "mails.pushes", str(KINDS["due"]))
    assert client.post(PAGE, {**fields, "mails.digest.__set": "1"}).status_code == 302
    profile = Profile.objects.get()
    assert profile.silent == [kind for kind in KINDS if kind != "asked"]
    assert profile.silent_pushes == [kind for kind in KINDS if kind != "due"]


def test_a_forged_cookie_names_no_device(client: Client, grace: User, key: str) -> None:
    turn_on(client)
    forger = Client()
    forger.cookies["device"] = str(Device.objects.get().pk)
    sign_in(forger, "grace")
    forger.post("/accounts/logout/")
    assert Device.objects.count() == 1
