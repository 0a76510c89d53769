"""Saved views: kept, shared, opened, put on a wall, changed and deleted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.studio import accounts
from workflows_app.models import Activity, SavedView
from workflows_app.web.savedviews import free_slug, savable

pytestmark = pytest.mark.usefixtures("studio")


def view(slug: str, owner: str = "local", *, shared: bool = False, path: str = "/runs/", query: str = "") -> SavedView:
    return SavedView.objects.create(
        slug=slug, title=slug.title(), path=path, query=query, owner=owner, is_shared=shared, changed_at=timezone.now()
    )


def keep(client: Client, title: str, of: str = "/runs/?status=failed", **form: str) -> Any:
    return client.post("/views/new/", {"title": title, "of": of, **form})


def test_a_list_offers_to_be_kept_with_its_filters(client: Client) -> None:
    page = client.get("/runs/?status=failed&older=5:x").content.decode()
    assert 'href="/views/new/?of=%2Fruns%2F%3Fstatus%3Dfailed"' in page
    form = client.get("/views/new/?of=%2Fruns%2F%3Fstatus%3Dfailed").content.decode()
    assert "<code>status=failed</code>" in form


def test_a_view_is_kept_and_opens_its_page(client: Client) -> None:
    response = keep(client, "  Failed  today ")
    assert response.url == "/views/failed-today/"
    assert client.get(response.url).headers["location"] == "/runs/?status=failed&view=failed-today"
    page = client.get("/runs/?status=failed&view=failed-today").content.decode()
    assert "</svg>Failed today</a>" in page
    assert Activity.objects.get(verb="save_view").object_id == "failed-today"


def test_two_views_of_one_name_have_two_addresses(client: Client) -> None:
    assert [keep(client, "Late").url for _ in range(3)] == ["/views/late/", "/views/late-2/", "/views/late-3/"]
    assert free_slug("new") == "new-2"
    assert free_slug("!!!") == "view"
    assert keep(client, "遅延").url == "/views/%E9%81%85%E5%BB%B6/"


@pytest.mark.parametrize("title", ["", "   ", "x" * 81])
def test_a_name_that_is_none_is_said_at_its_field_and_the_rest_kept(client: Client, title: str) -> None:
    response = keep(client, title, shared="on")
    page = response.content.decode()
    assert response.status_code == 422
    assert 'aria-invalid="true"' in page
    assert 'name="shared" checked' in page
    assert 'value="/runs/?status=failed"' in page
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "address",
    ["", "/runs/5/", "https://evil.example/runs/", "//evil.example/runs/", "/nothing/", "javascript:x", "[::"],
)
def test_only_lists_of_this_studio_can_be_kept(client: Client, address: str) -> None:
    assert savable(address) is None
    assert client.get("/views/new/", {"of": address}).status_code == 404
    assert keep(client, "x", address).status_code == 404


def test_a_private_view_is_its_owners_alone(client: Client) -> None:
    view("theirs", "ada")
    view("shared", "ada", shared=True)
    page = client.get("/views/").content.decode()
    assert 'href="/views/shared/"' in page
    assert 'href="/views/theirs/"' not in page
    assert client.get("/views/theirs/").status_code == 404


def test_who_does_not_own_a_view_cannot_change_it(client: Client, settings: Any, django_user_model: type[User]) -> None:
    view("shared", "ada", shared=True)
    accounts(settings, client, django_user_model, "view_run")
    assert client.get("/views/shared/").status_code == 302
    assert client.post("/views/shared/edit/", {"title": "Mine"}).status_code == 403
    assert client.post("/views/shared/delete/").status_code == 403
    assert SavedView.objects.get().title == "Shared"


def test_a_view_is_renamed_shared_and_deleted(client: Client) -> None:
    view("late", query="status=failed")
    assert "Change view" in client.get("/views/late/edit/").content.decode()
    client.post("/views/late/edit/", {"title": "Very late", "shared": "on"})
    changed = SavedView.objects.get()
    assert (changed.title, changed.is_shared, changed.query) == ("Very late", True, "status=failed")
    client.post("/views/late/delete/")
    assert not SavedView.objects.exists()


def test_a_wall_shows_the_content_alone_and_loads_itself_again(client: Client) -> None:
    view("late", query="status=failed")
    address = client.get("/views/late/?wall=1&every=60").headers["location"]
    assert address == "/runs/?status=failed&view=late&wall=1&every=60"
    page = client.get(address).content.decode()
    assert '<body class=" wall"' in page
    assert 'data-next="/runs/?status=failed&amp;view=late&amp;wall=1&amp;every=60" data-every="60"' in page
    assert 'href="?status=failed&amp;view=late">Leave the wall</a>' in page


def test_a_wall_goes_round_the_shared_views(client: Client) -> None:
    for name in ("a", "b"):
        view(name, "ada", shared=True)
    view("private")
    first = client.get("/views/wall/").headers["location"]
    assert first == "/runs/?view=a&wall=1&cycle=1"
    seen = []
    for _ in range(3):
        page = client.get(first).content.decode()
        found = re.search(r'data-next="([^"]+)" data-every="30"', page)
        assert found is not None
        first = found[1].replace("&amp;", "&")
        seen.append(first)
    assert seen == [f"/runs/?view={name}&wall=1&cycle=1" for name in "bab"]


@pytest.mark.parametrize("every", ["0", "-1", "x", "99999999999"])
def test_a_wall_takes_any_pace(client: Client, every: str) -> None:
    page = client.get("/runs/", {"wall": "1", "every": every}).content.decode()
    pace = re.search(r'data-every="(\d+)"', page)
    assert pace is not None
    assert 5 <= int(pace[1]) <= 3600
