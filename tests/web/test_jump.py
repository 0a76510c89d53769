"""The jump box."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.studio import accounts
from tests.web.test_rollups import ended
from tests.web.test_runs_list import make
from workflows_app.models import SavedView
from workflows_app.rollups import catch_up

pytestmark = pytest.mark.usefixtures("studio")


def found(client: Client, q: str) -> list[str]:
    """List where the dialog would lead."""
    page = client.get("/jump/", {"q": q}, headers={"HX-Request": "true"}).content.decode()
    return re.findall(r'data-href="([^"]+)"', page)


def test_without_a_word_it_offers_workflows_and_pages(client: Client) -> None:
    ended("a", at=timezone.now())
    catch_up()
    places = found(client, "")
    assert places[0] == "/workflows/order/"
    assert places[-8:] == [
        "/", "/workflows/", "/runs/", "/approvals/", "/schedules/", "/insights/", "/activity/", "/views/",
    ]  # fmt: skip


def test_a_run_is_found_by_how_its_id_begins(client: Client) -> None:
    make(20)
    assert found(client, "0000001")[:6] == [f"/runs/0000001{digit}-run/" for digit in range(6)]
    assert found(client, "00000007-run")[0] == "/runs/00000007-run/"


def test_a_workflow_that_begins_with_it_comes_before_one_that_has_it(client: Client) -> None:
    assert found(client, "E")[:2] == ["/workflows/each/", "/workflows/echo/"]
    assert "/workflows/stateful/" in found(client, "ate")


def test_pages_and_saved_views_are_found_by_their_names(client: Client) -> None:
    SavedView.objects.create(slug="late", title="Late orders", path="/runs/", owner="local", changed_at=timezone.now())
    SavedView.objects.create(slug="x", title="Late too", path="/runs/", owner="ada", changed_at=timezone.now())
    assert found(client, "late") == ["/views/late/", "/runs/?q=late"]
    assert "/insights/" in found(client, "insi")


def test_a_text_can_be_looked_for_in_runs(client: Client) -> None:
    assert found(client, "C-17 & co")[-1] == "/runs/?q=C-17+%26+co"


@pytest.mark.parametrize("q", ["<script>", "%00", "\0", "a" * 5000, "'; --"])
def test_any_text_is_answered(client: Client, q: str) -> None:
    response = client.get("/jump/", {"q": q})
    assert response.status_code == 200
    assert "<script>" not in response.content.decode().partition("<main")[2].replace("&lt;script&gt;", "")


def test_without_script_it_is_a_page(client: Client) -> None:
    page = client.get("/jump/?q=order").content.decode()
    assert '<a href="/workflows/order/">' in page
    assert 'href="/jump/"' in page


def test_it_offers_only_what_a_person_may_see(client: Client, settings: Any, django_user_model: type[User]) -> None:
    make(1)
    accounts(settings, client, django_user_model, "decide")
    assert found(client, "0000") == []
    assert found(client, "") == ["/approvals/", "/views/"]
