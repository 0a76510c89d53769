"""What a page says when something broke."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

pytestmark = pytest.mark.usefixtures("studio")


def page_that_raises(monkeypatch: pytest.MonkeyPatch, error: Exception) -> tuple[int, str | None, str]:
    def fail(*given: object, **named: object) -> None:
        raise error

    monkeypatch.setattr("workflows_app.web.views.runs.read_page", fail)
    response = Client(raise_request_exception=False).get("/runs/")
    return response.status_code, response.headers.get("Retry-After"), response.content.decode()


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_a_database_that_is_away_will_be_back(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    status, again, page = page_that_raises(monkeypatch, error)
    assert (status, again) == (503, "2")
    assert "cannot reach its database" in page
    assert "made a mistake" not in page


def test_a_mistake_of_ours_is_called_one(monkeypatch: pytest.MonkeyPatch) -> None:
    status, again, page = page_that_raises(monkeypatch, LookupError("secret detail"))
    assert (status, again) == (500, None)
    assert "made a mistake" in page
    assert "secret detail" not in page
    # The page is laid out in two columns: without the first its words stood in it.
    assert page.index('class="nav"') < page.index("<main>")


def test_a_program_that_is_stopped_at_the_door_is_told_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*given: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("workflows_app.web.people.signin.LocalPersonMiddleware.process_request", away)
    response = Client(raise_request_exception=False).get("/api/workflows")
    assert (response.status_code, response.headers["content-type"]) == (503, "application/json")
