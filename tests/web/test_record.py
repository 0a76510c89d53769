"""What is recorded of a run: its tabs on the page, and the same as JSON."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import accounts, order, orders, started, wait_for

TABS = ("events", "state", "logs", "raw")

pytestmark = pytest.mark.usefixtures("studio")


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_is_a_page_a_fragment_and_json(client: Client, tab: str) -> None:
    address = f"/runs/{orders()}/{tab}/"
    assert "<html" in client.get(address).content.decode()
    fragment = client.get(address, headers={"HX-Request": "true", "HX-Target": "timeline"}).content.decode()
    assert fragment.lstrip().startswith("<section")
    assert f'data-tab="{tab}"' in fragment
    assert client.get(address, {"format": "json"}).json()["run"]


def test_the_journal_can_be_read_in_stretches(client: Client) -> None:
    address = f"/runs/{orders()}/events/?format=json"
    whole = client.get(address).json()
    assert [event["seq"] for event in whole["events"]] == list(range(1, whole["seq"] + 1))
    assert whole["next"] is None
    rest = client.get(f"{address}&after=3").json()
    assert rest["events"] == whole["events"][3:]


def test_events_are_told_with_who_did_them(client: Client) -> None:
    page = client.get(f"/runs/{orders()}/events/").content.decode()
    assert "Run started" in page
    assert "by local" in page
    assert "Act(" not in page


def test_events_can_be_searched(client: Client) -> None:
    address = f"/runs/{orders()}/events/"
    assert "1 found" in client.get(address, {"q": "step SUSPENDED"}).content.decode()
    assert "0 found" in client.get(address, {"only": "failed"}).content.decode()


def test_failures_can_be_picked_among_the_events(client: Client) -> None:
    run_id = wait_for(started("failing", None), "failed")
    page = client.get(f"/runs/{run_id}/events/", {"only": "failed"}).content.decode()
    assert "2 found" in page
    assert "The cupboard is bare" in page


def test_the_state_says_which_event_set_it(client: Client) -> None:
    run_id = wait_for(started("stateful", 3), "success")
    page = client.get(f"/runs/{run_id}/state/").content.decode()
    assert "counter" in page
    assert "set counter" in page
    assert client.get(f"/runs/{run_id}/state/?format=json").json()["state"] == {"counter": 3}
    assert client.get(f"/runs/{run_id}/state/?format=json&at=2").json()["state"] == {"counter": 0}


def test_what_steps_wrote_is_told_and_what_is_not_kept_is_said(client: Client) -> None:
    run_id = wait_for(started("talking", "hello"), "success")
    page = client.get(f"/runs/{run_id}/logs/").content.decode()
    assert "it says hello" in page
    assert "ctx.logger" in page
    [written] = client.get(f"/runs/{run_id}/logs/?format=json").json()["logs"]
    assert [chunk["output"] for chunk in written["chunks"]] == ["it says hello", {"words": 1}]


def test_a_run_that_wrote_nothing_says_so(client: Client) -> None:
    assert "No step has written anything" in client.get(f"/runs/{orders()}/logs/").content.decode()


def test_everything_can_be_taken_away(client: Client) -> None:
    words = [f"word {i}" for i in range(60_000)]
    run_id = wait_for(started("echo", words), "success")
    raw = client.get(f"/runs/{run_id}/raw/?format=json").json()
    assert raw["run"]["id"] == run_id
    assert len(raw["events"]) == order(run_id).head.seq
    assert raw["events"][-1]["data"]["result"] == words
    page = client.get(f"/runs/{run_id}/raw/").content.decode()
    assert "The beginning, 0 of" in page
    assert len(page) < 600_000


@pytest.mark.parametrize("tab", ["state", "logs", "raw"])
def test_without_the_right_values_stay_hidden(
    client: Client, settings: Any, django_user_model: type[User], tab: str
) -> None:
    run_id = wait_for(started("talking", "the secret"), "success")
    accounts(settings, client, django_user_model, "view_run")
    page = client.get(f"/runs/{run_id}/{tab}/")
    assert page.status_code == 200
    assert "the secret" not in page.content.decode()
    assert client.get(f"/runs/{run_id}/{tab}/?format=json").status_code == 403


def test_without_the_right_errors_are_not_told(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = wait_for(started("failing", None), "failed")
    accounts(settings, client, django_user_model, "view_run")
    page = client.get(f"/runs/{run_id}/events/?step=fail&tab=attempts").content.decode()
    assert "Step failed" in page
    assert "cupboard" not in page


def test_without_the_right_lists_say_only_that_it_failed(
    client: Client, settings: Any, django_user_model: type[User]
) -> None:
    wait_for(started("failing", None), "failed")
    pages = ("/runs/", "/runs/?group=status", "/", "/workflows/failing/")
    assert all("cupboard" in client.get(address).content.decode() for address in pages)
    accounts(settings, other := Client(), django_user_model, "view_run")
    assert [address for address in pages if "cupboard" in other.get(address).content.decode()] == []
    assert "failed" in other.get("/").content.decode().partition("Needs attention")[2]
