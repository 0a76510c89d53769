"""Whoever tries too many passwords has to wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from workflows_app.models import Activity
from workflows_app.web.people import lockout

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def ada(settings: Any) -> User:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    return User.objects.create_user("ada", password="right")


def enter(name: str = "ada", *, right: bool = False, ip: str = "10.0.0.1") -> Any:
    form = {"username": name, "password": "right" if right else "wrong"}
    return Client(REMOTE_ADDR=ip).post("/accounts/login/", form)


def test_after_five_tries_even_the_right_password_has_to_wait() -> None:
    assert [enter().status_code for _ in range(5)] == [422] * 5
    shut = enter(right=True)
    assert shut.status_code == 429
    assert shut["Retry-After"] == "900"
    assert "Wait 15 minutes" in shut.content.decode()
    assert Activity.objects.filter(verb="locked_out", object_id="ada").count() == 1


def test_another_address_is_not_shut_out_and_another_name_neither() -> None:
    User.objects.create_user("bob", password="right")
    for _ in range(5):
        enter()
    assert enter(right=True, ip="10.0.0.2").status_code == 302
    assert enter("bob", right=True).status_code == 302


def test_a_name_that_nobody_has_is_shut_out_just_the_same() -> None:
    answers = [enter("nobody") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert not Activity.objects.filter(object_id__contains="nobody").exists()


def test_an_address_that_tries_many_names_is_shut_out() -> None:
    for number in range(lockout.FROM_ONE_ADDRESS):
        enter(f"name-{number}")
    assert enter(right=True).status_code == 429


def test_signing_in_wipes_the_slate() -> None:
    for _ in range(4):
        enter()
    assert enter(right=True).status_code == 302
    assert [enter().status_code for _ in range(4)] == [422] * 4
    assert enter(right=True).status_code == 302


def test_the_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        enter()
    later = timezone.now() + lockout.WINDOW + timedelta(seconds=1)
    monkeypatch.setattr("workflows_app.web.people.lockout.timezone.now", lambda: later)
    assert enter(right=True).status_code == 302


def test_what_was_typed_in_place_of_a_name_is_not_kept() -> None:
    enter("my-secret-password")
    assert "my-secret" not in str(list(Activity.objects.values()))
