"""How often somebody may call, and what is said to who calls too often."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.web.studio import accounts, orders
from workflows_app.models import Run
from workflows_app.models.token import new_text
from workflows_app.web.pace import WINDOW, seconds_to_wait

pytestmark = pytest.mark.usefixtures("studio")


@pytest.fixture(autouse=True)
def counted(settings: Any) -> Any:
    """Count the local person, and begin with nothing counted."""
    cache.clear()
    few = {"STARTS_PER_MINUTE": 3, "ACTS_PER_MINUTE": 4, "READS_PER_MINUTE": 5, "CONNECTS_PER_MINUTE": 2}
    settings.WORKFLOWS = {**settings.WORKFLOWS, "LIMIT_LOCAL": True, **few}
    yield settings
    cache.clear()


def test_who_starts_too_many_runs_is_told_when_to_come_again(client: Client) -> None:
    answers = [client.post("/api/workflows/echo/start-async", {}, "application/json") for _ in range(4)]
    *taken, refused = answers
    assert 429 not in {answer.status_code for answer in taken}
    assert (refused.status_code, 1 <= int(refused.headers["Retry-After"]) <= 2 * WINDOW) == (429, True)
    assert "come again in" in refused.json()["error"]
    assert client.get("/api/workflows").status_code == 200


def test_reads_of_pages_are_not_counted_and_changes_by_pages_are(client: Client) -> None:
    run_id = orders()
    assert {client.get("/runs/").status_code for _ in range(9)} == {200}
    codes = [client.post(f"/runs/{run_id}/restart/").status_code for _ in range(6)]
    assert codes[4:] == [429, 429]
    assert Run.objects.get().status == "suspended"


def test_a_token_that_is_none_is_counted_by_its_address() -> None:
    headers = {"authorization": f"Bearer {new_text()}"}
    answers = [Client().get("/api/workflows", headers=headers) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_people_are_counted_each_for_themselves(client: Client, settings: Any, django_user_model: Any) -> None:
    assert [client.get("/api/workflows").status_code for _ in range(6)][-1] == 429
    other = Client()
    accounts(settings, other, django_user_model, "view_run", "view_payload")
    assert other.get("/api/workflows").status_code == 200


def test_where_nobody_signs_in_nobody_is_counted_unless_asked_for(client: Client, settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "LIMIT_LOCAL": False}
    assert {client.get("/api/workflows").status_code for _ in range(9)} == {200}


def test_any_number_is_no_number(client: Client, settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "READS_PER_MINUTE": 0}
    assert {client.get("/api/workflows").status_code for _ in range(9)} == {200}


def test_the_window_slides() -> None:
    start = 100 * WINDOW
    assert [seconds_to_wait("read", "x", start + 59) for _ in range(6)] == [0, 0, 0, 0, 0, 13]
    assert seconds_to_wait("read", "x", start + 61) == 11
    assert seconds_to_wait("read", "x", start + 72) == 0
    assert [seconds_to_wait("read", "x", start + 180) for _ in range(5)] == [0] * 5
