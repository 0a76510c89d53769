"""Signing in at an OpenID Connect provider: a real studio, a real provider, and a browser's requests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from studio import sso
from tests.issuer import CLIENT, SECRET, Issuer
from tests.process import ROOT, StudioProcess

GIVEN = {"STUDIO_OIDC_ISSUER": "https://login.example.org", "STUDIO_OIDC_CLIENT_ID": "a", "STUDIO_OIDC_SECRET": "b"}
WAY = "/accounts/oidc/sso/login/"
ADA = {"sub": "1", "email": "ada@example.org", "email_verified": True, "preferred_username": "ada", "name": "Ada L"}
MEMBERS = """
from django.contrib.auth.models import Group, User
grace = User.objects.create_user("grace", "Grace@elsewhere.example", "a long password")
grace.groups.add(Group.objects.get(name="Operator"))
User.objects.create_user("gone", "gone@elsewhere.example", is_active=False)
for name in ("one", "two"):
    User.objects.create_user(name, "both@example.org")
"""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


def environment(issuer: Issuer, **more: str) -> dict[str, str]:
    return {
        "STUDIO_AUTH": "allauth", "STUDIO_OIDC_ISSUER": issuer.address, "STUDIO_OIDC_CLIENT_ID": CLIENT,
        "STUDIO_OIDC_SECRET": SECRET, "STUDIO_OIDC_NAME": "Example ID", "STUDIO_OIDC_DOMAINS": "example.org", **more,
    }  # fmt: skip


def manage(data_dir: Path, code: str, settings: dict[str, str]) -> None:
    """Have the studio's own code do something beside it."""
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code], cwd=ROOT, check=True,
        env={**kept, **settings, "STUDIO_DATA_DIR": str(data_dir)},
    )  # fmt: skip


def browser(studio: StudioProcess) -> httpx.Client:
    return httpx.Client(base_url=studio.address, follow_redirects=True, headers={"user-agent": "a browser"})


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess], issuer: Issuer) -> StudioProcess:
    """Give a studio that has members already."""
    settings = environment(issuer)
    studio = start_studio(**settings)
    manage(studio.data_dir, MEMBERS, settings)
    return studio


def test_people_sign_in_at_their_provider(studio: StudioProcess, issuer: Issuer) -> None:
    # The page offers it, and its policy stays as strict as it is.
    with browser(studio) as ada:
        page = ada.get("/runs/")
        assert (page.url.path, "Sign in with Example ID" in page.text) == ("/accounts/login/", True)
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert f'href="{WAY}?next=%2Fruns%2F"' in page.text
        issuer.claims = ADA
        arrived = ada.get(f"{WAY}?next=/runs/")
        assert (arrived.status_code, arrived.url.path) == (200, "/runs/")
        profile = ada.get("/settings/").text
        assert "<b>ada</b>, with the role Viewer" in profile
        assert "Your mail address is ada@example.org." in profile
        assert "a browser" in ada.get("/settings/sessions/").text
        assert ada.get("/settings/members/").status_code == 403

    # Another name at the provider, the same person.
    assert "<b>ada</b>" in profile_of(studio, issuer, {**ADA, "email": "new@nowhere.example", "name": "Lovelace"})
    # A member is known by an address that the provider has verified, whatever its domain.
    grace = {"sub": "2", "email": "grace@elsewhere.example", "email_verified": True}
    assert "<b>grace</b>, with the role Operator" in profile_of(studio, issuer, grace)
    # Nobody takes the name of another.
    other = {"sub": "3", "email": "g@example.org", "email_verified": True, "preferred_username": "grace"}
    assert "<b>grace</b>" not in profile_of(studio, issuer, other)


def test_nobody_gives_themselves_the_address_of_another(studio: StudioProcess, issuer: Issuer) -> None:
    issuer.claims = ADA
    with browser(studio) as ada:
        ada.get(WAY)
        token = re.findall('name="csrfmiddlewaretoken" value="([^"]+)"', ada.get("/settings/").text)[0]
        fields = {"display_name": "Grace", "email": "new@elsewhere.example", "zone": "Europe/Paris", "theme": "dark"}
        said = {"csrfmiddlewaretoken": token, **{f"profile.{name}": value for name, value in fields.items()}}
        page = ada.post("/settings/", data=said, headers={"origin": studio.address}).text
        assert "Your mail address is ada@example.org." in page
        assert '<span class="label">Grace</span>' in page
    issuer.claims = {"sub": "9", "email": "new@elsewhere.example", "email_verified": True}
    with browser(studio) as new:
        assert "You have no account here" in new.get(WAY).text


def profile_of(studio: StudioProcess, issuer: Issuer, claims: dict[str, object]) -> str:
    """Sign somebody in, and give the page that says who they are."""
    issuer.claims = claims
    with browser(studio) as person:
        assert person.get(WAY).url.path == "/"
        return person.get("/settings/").text


def test_whom_nobody_knows_is_told_why_they_do_not_come_in(studio: StudioProcess, issuer: Issuer) -> None:
    def refused(**claims: object) -> str:
        issuer.claims = claims
        with browser(studio) as nobody:
            answer = nobody.get(WAY)
            assert (answer.status_code, nobody.get("/runs/").url.path) == (403, "/accounts/login/")
            return answer.text

    assert "You have no account here" in refused(sub="4", email="eve@evil.example", email_verified=True)
    assert "You have no account here" in refused(sub="4", email="eve@example.org.evil.example", email_verified=True)
    assert "has verified" in refused(sub="5", email="mallory@example.org", email_verified=False)
    assert "has verified" in refused(sub="5", email="grace@elsewhere.example", email_verified=False)
    assert "has verified" in refused(sub="5")
    assert "Your account may not sign in" in refused(sub="6", email="gone@elsewhere.example", email_verified=True)
    assert "More than one account" in refused(sub="7", email="both@example.org", email_verified=True)
    assert "did not succeed" in refused()
    issuer.audience = "somebody else"
    assert "did not succeed" in refused(**{**ADA, "sub": "8"})

    # An answer that nobody asked for, and the addresses that allauth would have.
    with browser(studio) as nobody:
        assert nobody.get(f"{WAY}callback/?code=x&state=y").status_code == 403
        for address in ("oidc/other/login/", "signup/", "email/", "3rdparty/", "password/reset/", "social/signup/"):
            assert nobody.get(f"/accounts/{address}").status_code == 404


def test_passwords_work_beside_it_or_not_at_all(start_studio: Callable[..., StudioProcess], issuer: Issuer) -> None:
    for passwords, status in (("true", 422), ("false", 403)):
        studio = start_studio(**environment(issuer, STUDIO_PASSWORDS=passwords))
        with browser(studio) as nobody:
            page = nobody.get("/accounts/login/").text
            assert ('name="password"' in page) is (passwords == "true")
            sent = {"username": "ada", "password": "x", "csrfmiddlewaretoken": nobody.cookies.get("csrftoken", "")}
            assert nobody.post("/accounts/login/", data=sent).status_code == status
        studio.stop()


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"these are not set: {name}"):
        sso.single_sign_on({**GIVEN, name: ""})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"STUDIO_OIDC_ISSUER": "http://login.example.org"}, "must begin with https"),
        ({"STUDIO_OIDC_ISSUER": "login.example.org"}, "must begin with https"),
        ({"STUDIO_PASSWORDS": "no"}, "one of: true, false"),
        ({"STUDIO_OIDC_DOMAINS": "*"}, "write domains like example.org"),
        ({"STUDIO_OIDC_DOMAINS": "ada@example.org"}, "write domains like example.org"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        sso.single_sign_on({**GIVEN, **wrong})


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sso, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"install workflow-studio\[sso\]"):
        sso.single_sign_on(GIVEN)
