"""Every address of the studio, knocked at by nobody and by somebody without rights: a new one has to decide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.web.studio import accounts

pytestmark = pytest.mark.usefixtures("studio")
OPEN = {"/accounts/login/", "/accounts/logout/", "/accounts/password/x/x/", "/healthz/", "/readyz/", "/a/x/"}
"""What needs no account: the doors themselves, machines that ask whether we live, and signed links."""
OWN = {
    "/settings/",
    "/settings/mails/",
    "/settings/devices/",
    "/settings/devices/1/off/",
    "/settings/password/",
    "/settings/sessions/",
    "/settings/sessions/sign-out-others/",
}
"""What everybody has who is signed in."""


def addresses(patterns: Any = None, before: str = "/") -> Iterator[str]:
    """Give one address for every pattern there is."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        address = before + sample(str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, address)
        elif isinstance(entry, URLPattern):
            yield address


def sample(pattern: str) -> str:
    """Put something into the places of a pattern."""
    plain = re.sub(r"\(\?P<\w+>csv\|jsonl\)", "csv", pattern)
    plain = re.sub(r"\(\?P<\w+>[^)]*\)\??|[\^$\\]", "", plain)
    plain = re.sub(r"<int:\w+>", "1", plain)
    return re.sub(r"<(?:\w+:)?\w+>", "x", plain)


def knock(client: Client, address: str) -> list[int]:
    return [client.get(address).status_code, client.post(address, content_type="application/json").status_code]


def test_nobody_gets_in_anywhere_but_at_the_doors(settings: Any, client: Client) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    known = set(addresses())
    assert len(known) > 60
    assert known >= OPEN
    for address in sorted(known - OPEN):
        wanted = {401} if address.startswith(("/api/", "/metrics/")) else {302}
        assert set(knock(client, address)) == wanted, address


def test_somebody_without_rights_gets_no_page(settings: Any, client: Client, django_user_model: type[User]) -> None:
    accounts(settings, client, django_user_model)
    for address in sorted(set(addresses()) - OPEN - OWN):
        if not address.startswith("/api"):
            answers = set(knock(client, address))
            assert answers & {403, 404}, (address, answers)
            assert answers <= {403, 404, 405}, (address, answers)
