"""What a person sets for themselves."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.form_page import Page
from tests.web.studio import accounts, value_of
from workflows_app.approvals.digests import next_morning
from workflows_app.models import Activity, Profile, SignIn

pytestmark = pytest.mark.django_db(transaction=True)
PROFILE = {
    "profile.display_name": "Grace Hopper",
    "profile.email": "grace@example.org",
    "profile.zone": "Europe/Paris",
    "profile.theme": "dark",
    "profile.keys.__set": "1",
}


@pytest.fixture
def grace(settings: Any, client: Client, django_user_model: type[User]) -> User:
    """Sign somebody in who has a password and no rights."""
    user = accounts(settings, client, django_user_model)
    user.set_password("first-password")
    user.save()
    client.post("/accounts/login/", {"username": "grace", "password": "first-password"})
    return user


def signed_in_elsewhere() -> Client:
    other = Client()
    assert other.post("/accounts/login/", {"username": "grace", "password": "first-password"}).status_code == 302
    return other


def test_what_is_kept_shows_on_every_page(client: Client, grace: User) -> None:
    assert client.post("/settings/", PROFILE).status_code == 302
    page = client.get("/settings/").content.decode()
    assert value_of(page, "profile.display_name") == "Grace Hopper"
    assert value_of(page, "profile.email") == "grace@example.org"
    assert 'type="email"' in page
    assert '<span class="label">Grace Hopper</span>' in page
    assert 'data-theme="dark"' in page
    assert 'data-keys="off"' in page
    act = Activity.objects.get(verb="profile")
    assert "Europe/Paris" in act.after
    assert "grace@" in act.after


def test_who_is_known_by_their_address_fills_the_form_in_without_it(client: Client, grace: User, settings: Any) -> None:
    client.post("/settings/", PROFILE)
    settings.STUDIO_AUTH = "allauth"
    page = client.get("/settings/").content.decode()
    assert value_of(page, "profile.display_name") == "Grace Hopper"
    assert "profile.email" not in page
    assert "Your mail address is grace@example.org" in page


def test_keys_can_stand_for_others(client: Client, grace: User) -> None:
    keys = {"profile.moved.0.press": "n", "profile.moved.0.means": "j", "profile.moved.1.press": "j"}
    assert client.post("/settings/", {**PROFILE, **keys, "profile.moved.1.means": "n"}).status_code == 302
    page = client.get("/settings/").content.decode()
    moved = re.search(r'data-moved="([^"]*)"', page)
    assert moved is not None
    assert json.loads(unescape(moved.group(1))) == {"n": "j", "j": "n"}
    # Databases keep keys in orders of their own.
    assert {value_of(page, f"profile.moved.{row}.press") for row in range(2)} == {"n", "j"}
    assert client.post("/settings/", PROFILE).status_code == 302
    assert "data-moved" not in client.get("/settings/").content.decode()


@pytest.mark.parametrize("keys", [("n", "jk"), ("", "j"), (" ", "j"), ("x", "k")])
def test_what_is_no_key_or_stands_for_two_is_refused(client: Client, grace: User, keys: tuple[str, str]) -> None:
    rows = dict(zip(("profile.moved.0.press", "profile.moved.0.means"), keys, strict=True))
    other = {"profile.moved.1.press": "x", "profile.moved.1.means": "j"}
    response = client.post("/settings/", {**PROFILE, **rows, **other})
    assert response.status_code == 422
    assert "data-moved" not in client.get("/settings/").content.decode()


def test_moments_are_shown_in_the_zone_of_the_person(client: Client, grace: User) -> None:
    client.post("/settings/", {**PROFILE, "profile.zone": "Asia/Tokyo"})
    assert "+09:00" in client.get("/settings/sessions/").content.decode()
    client.post("/settings/", {**PROFILE, "profile.zone": "the studio's"})
    assert "+00:00" in client.get("/settings/sessions/").content.decode()
    timezone.deactivate()


def test_a_zone_that_is_there_no_more_is_the_studios(client: Client, grace: User) -> None:
    client.post("/settings/", PROFILE)
    Profile.objects.update(zone="Europe/Atlantis", digest_at=timezone.now())
    page = client.get("/settings/").content.decode()
    assert "There is no time zone Europe/Atlantis any more" in page
    assert Page(page).sent["profile.zone"] == ["the studio's"]
    assert "+00:00" in client.get("/settings/sessions/").content.decode()
    assert next_morning("Europe/Atlantis", timezone.now()) == next_morning("", timezone.now())
    refused = client.post("/settings/", {**PROFILE, "profile.zone": "Europe/Atlantis"})
    assert refused.status_code == 422
    assert client.post("/settings/", {**PROFILE, "profile.zone": "the studio's"}).status_code == 302
    assert "Atlantis" not in client.get("/settings/").content.decode()


def test_a_new_browser_begins_with_what_was_chosen(client: Client, grace: User) -> None:
    client.post("/settings/", PROFILE)
    assert 'data-theme="dark"' in signed_in_elsewhere().get("/settings/").content.decode()


def test_keeping_the_same_is_no_act(client: Client, grace: User) -> None:
    client.post("/settings/", PROFILE)
    client.post("/settings/", PROFILE)
    assert Activity.objects.filter(verb="profile").count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "no address"),
        ("email", f"{'x' * 250}@example.org"),
        ("zone", "Mars/Olympus"),
        ("display_name", "x" * 81),
    ],
)
def test_what_does_not_fit_is_said_at_its_field_and_kept(client: Client, grace: User, name: str, value: str) -> None:
    response = client.post("/settings/", {**PROFILE, f"profile.{name}": value})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'aria-invalid="true"' in page
    assert value_of(page, "profile.display_name") in ("Grace Hopper", value)
    assert User.objects.get(username="grace").email == ""


def test_a_changed_password_signs_out_the_other_browsers(client: Client, grace: User) -> None:
    other = signed_in_elsewhere()
    new = {"old_password": "first-password", "new_password1": "a-second-password", "new_password2": "a-second-password"}
    assert client.post("/settings/password/", new).status_code == 302
    assert client.get("/settings/").status_code == 200
    assert other.get("/settings/").status_code == 302
    assert Activity.objects.filter(verb="password", actor="grace").count() == 1


def test_what_a_password_must_be_is_said_in_sentences(client: Client, grace: User) -> None:
    page = client.get("/settings/password/").content.decode()
    assert "other personal information. Your password must contain" in page


def test_a_wrong_old_password_changes_nothing(client: Client, grace: User) -> None:
    new = {"old_password": "wrong", "new_password1": "a-second-password", "new_password2": "a-second-password"}
    response = client.post("/settings/password/", new)
    assert response.status_code == 422
    assert "incorrectly" in response.content.decode()
    assert User.objects.get(username="grace").check_password("first-password")


def test_other_browsers_are_listed_and_signed_out(client: Client, grace: User) -> None:
    other = signed_in_elsewhere()
    page = client.get("/settings/sessions/").content.decode()
    assert page.count("<tr data-row>") == 2
    assert page.count("this browser") == 1
    assert client.post("/settings/sessions/sign-out-others/").status_code == 302
    assert other.get("/settings/").status_code == 302
    assert client.get("/settings/").status_code == 200
    assert SignIn.objects.filter(user=grace).count() == 1
    assert Activity.objects.filter(verb="sign_out_others").count() == 1


def test_signing_out_forgets_the_browser(client: Client, grace: User) -> None:
    client.post("/accounts/logout/")
    assert not SignIn.objects.exists()


def test_looking_changes_nothing(client: Client, grace: User) -> None:
    assert client.get("/settings/sessions/sign-out-others/").status_code == 405
    assert client.put("/settings/").status_code == 405


def test_nobody_has_no_settings(settings: Any, client: Client) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    assert client.get("/settings/").status_code == 302


def test_the_local_person_has_a_profile_and_nothing_to_sign_in_with(client: Client) -> None:
    page = client.get("/settings/").content.decode()
    assert "/settings/password/" not in page
    assert "Sign out" not in page
    assert client.post("/settings/", PROFILE).status_code == 302
