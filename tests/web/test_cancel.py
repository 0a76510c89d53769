"""Canceling a run."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import DIALOG, accounts, order, orders, wait_for

pytestmark = pytest.mark.usefixtures("studio")


def test_it_cancels_with_a_reason_and_a_name(client: Client) -> None:
    run_id = orders()
    response = client.post(f"/runs/{run_id}/cancel/", {"reason": "Ordered twice"})
    assert response["Location"] == f"/runs/{run_id}/"
    history = order(wait_for(run_id, "canceled")).history
    assert history.cancel_reason == "Ordered twice"
    events = client.get(f"/runs/{run_id}/events/?format=json").json()["events"]
    assert [event["by"] for event in events if event["kind"] == "RunCancelled"] == ["local"]


@pytest.mark.parametrize("address", ["/runs/%s/", "/runs/%s/print/"])
def test_its_page_says_why_to_whoever_may_read_what_is_in_it(
    settings: Any, client: Client, django_user_model: type[User], address: str
) -> None:
    run_id = orders()
    client.post(f"/runs/{run_id}/cancel/", {"reason": "Ordered twice"})
    wait_for(run_id, "canceled")
    assert "Ordered twice" in client.get(address % run_id).content.decode()
    stranger = Client()
    accounts(settings, stranger, django_user_model, "view_run")
    response = stranger.get(address % run_id)
    assert response.status_code == 200
    assert "Ordered twice" not in response.content.decode()


def test_a_finished_run_stays_as_it_is_and_the_page_says_so(client: Client) -> None:
    run_id = orders()
    client.post(f"/runs/{run_id}/resume/?step=review", {"answer.decision": "approve"})
    wait_for(run_id, "success")
    response = client.post(f"/runs/{run_id}/cancel/", follow=True)
    assert "had finished before" in response.content.decode()
    assert order(run_id).head.status == "success"


def test_looking_shows_what_would_happen_and_cancels_nothing(client: Client) -> None:
    run_id = orders()
    page = client.get(f"/runs/{run_id}/cancel/").content.decode()
    assert "1 open question is withdrawn" in page
    assert "3 results are kept" in page
    assert "<html" in page
    assert order(run_id).head.status == "suspended"


def test_a_dialog_gets_a_fragment_and_sends_the_page_on(client: Client) -> None:
    run_id = orders()
    shown = client.get(f"/runs/{run_id}/cancel/", headers=DIALOG).content.decode()
    assert shown.lstrip().startswith('<section class="verb" id="verb">')
    done = client.post(f"/runs/{run_id}/cancel/", {"reason": "No"}, headers=DIALOG)
    assert (done.status_code, done["HX-Redirect"]) == (200, f"/runs/{run_id}/")
    wait_for(run_id, "canceled")


def test_no_other_method_cancels(client: Client) -> None:
    run_id = orders()
    assert client.put(f"/runs/{run_id}/cancel/").status_code == 405
    assert order(run_id).head.status == "suspended"


def test_what_has_finished_says_so_in_place_of_a_form(client: Client) -> None:
    run_id = orders()
    client.post(f"/runs/{run_id}/cancel/")
    wait_for(run_id, "canceled")
    page = client.get(f"/runs/{run_id}/cancel/").content.decode()
    assert "It has finished." in page
    assert "Cancel this run" not in page
    head = client.get(f"/runs/{run_id}/").content.decode()
    assert f'href="/runs/{run_id}/cancel/" data-dialog aria-disabled="true" title="It has finished."' in head


def test_an_unknown_run_is_a_page(client: Client) -> None:
    assert client.post("/runs/nothing/cancel/").status_code == 404


def test_it_needs_the_right_to_control(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model, "view_run", "start_run", "resume_run")
    assert client.get(f"/runs/{run_id}/cancel/").status_code == 403
    assert "may not cancel runs" in client.get(f"/runs/{run_id}/").content.decode()
    assert client.post(f"/runs/{run_id}/cancel/").status_code == 403
    assert order(run_id).head.status == "suspended"
