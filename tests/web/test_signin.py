"""Who is asking: the local person without a form, or an account."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from workflows_app.web.people.signin import (
    LocalPersonMiddleware,
    SignInRequiredMiddleware,
    local_person,
    signed_in_sockets,
)


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("secret")


def ask_as_nobody(path: str, **headers: str) -> Any:
    request = RequestFactory().get(path, headers=headers)
    request.user = AnonymousUser()
    return SignInRequiredMiddleware(page).process_view(request, page, (), {})


@pytest.mark.django_db
def test_the_local_person_may_do_everything_but_has_no_password() -> None:
    person = local_person()
    assert person.username == "local"
    assert person.has_perm("workflows_app.anything")
    assert not person.has_usable_password()
    assert local_person() == person
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_every_request_is_one_of_the_local_person(rf: RequestFactory) -> None:
    request = rf.get("/")
    LocalPersonMiddleware(page)(request)
    assert request.user == local_person()


@pytest.mark.django_db(transaction=True)
def test_every_socket_is_one_of_the_local_person() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> str:
        return str(scope["user"])

    assert asyncio.run(signed_in_sockets(application)({"type": "websocket"}, None, None)) == "local"


def test_a_page_sends_who_is_not_signed_in_to_the_form() -> None:
    answer = ask_as_nobody("/runs/?status=failed")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/accounts/login/?next=/runs/%3Fstatus%3Dfailed"


def test_the_api_says_that_nobody_is_signed_in() -> None:
    answer = ask_as_nobody("/api/workflows")
    assert answer.status_code == 401
    assert b"Sign in" in answer.content


def test_a_fragment_makes_the_whole_page_go_to_the_form() -> None:
    answer = ask_as_nobody("/runs/", **{"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_with_accounts_nobody_is_the_local_person(client: Client, settings: Settings) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("LocalPersonMiddleware")]
    assert client.get("/").status_code == 302
    assert not User.objects.exists()
