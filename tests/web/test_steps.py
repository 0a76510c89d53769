"""A run that is done step by step."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import accounts, answered, order, orders, wait_for, wait_for_step
from workflows_app import runtime
from workflows_app.models import Activity

pytestmark = pytest.mark.usefixtures("studio")


def paused() -> str:
    """Start an order that stops after its first step."""
    engine = runtime.get_engine()
    run = runtime.call(engine.create_run(engine.get_workflow("order")))
    runtime.call(run.start_async(input_data={"customer": "Ada", "total": 12}, per_step=True, by="local"))
    return wait_for(run.id, "paused")


def test_a_paused_run_offers_its_next_step(client: Client) -> None:
    page = client.get(f"/runs/{paused()}/").content.decode()
    assert "Run next step" in page
    assert "Run to the end" in page
    assert "Run next step" not in client.get(f"/runs/{orders()}/").content.decode()


def test_one_step_runs_and_the_run_pauses_again(client: Client) -> None:
    run_id = paused()
    assert client.post(f"/runs/{run_id}/step/").status_code == 302
    wait_for_step(run_id, "stock", "success")
    assert order(wait_for(run_id, "paused")).history.find("review") is None
    assert Activity.objects.get().verb == "step"


def test_it_goes_on_to_the_end(client: Client) -> None:
    run_id = paused()
    assert client.post(f"/runs/{run_id}/unpause/").status_code == 302
    wait_for_step(run_id, "review", "suspended")
    assert Activity.objects.get().verb == "unpause"


def panel(client: Client, run_id: str, step: str) -> str:
    headers = {"HX-Request": "true", "HX-Target": "panel"}
    return client.get(f"/runs/{run_id}/panel/?step={step}", headers=headers).content.decode()


def test_a_step_that_is_still_to_come_can_be_paused_before(client: Client) -> None:
    run_id = paused()
    assert "Pause before it" in panel(client, run_id, "review")
    response = client.post(f"/runs/{run_id}/breakpoints/?step=review", {"step": "review", "pause": "1"})
    assert (response.status_code, response["Location"]) == (302, f"/runs/{run_id}/?step=review")
    page = client.get(f"/runs/{run_id}/?step=review").content.decode()
    assert "Do not pause before it" in page
    # In the graph and in the timeline.
    assert page.count("the run pauses before it") == 2
    assert 'Pauses before</dt><dd><a class="link" href="?step=review">review</a></dd>' in page
    noted = Activity.objects.get()
    assert (noted.verb, noted.after) == ("breakpoints", '{"pauses before": "review"}')
    client.post(f"/runs/{run_id}/unpause/")
    wait_for_step(run_id, "fraud", "success")
    assert order(wait_for(run_id, "paused")).history.held == ("review",)


def test_a_breakpoint_is_taken_away_again(client: Client) -> None:
    run_id = paused()
    client.post(f"/runs/{run_id}/breakpoints/", {"step": "review", "pause": "1"})
    client.post(f"/runs/{run_id}/breakpoints/", {"step": "review"})
    assert not order(run_id).history.breakpoints
    client.post(f"/runs/{run_id}/unpause/")
    wait_for_step(run_id, "review", "suspended")


def test_where_no_breakpoint_can_hold_none_is_offered(client: Client) -> None:
    run_id = paused()
    assert "Pause before" not in panel(client, run_id, "check")
    assert "Pause before" not in panel(client, run_id, "/")
    assert "Pause before" not in panel(client, run_id, "review&at=2")
    assert "Pause before" not in panel(client, answered(orders()), "review")


def test_a_breakpoint_for_a_run_that_has_ended_meanwhile_leads_back_to_it(client: Client) -> None:
    run_id = answered(orders())
    response = client.post(f"/runs/{run_id}/breakpoints/", {"step": "review", "pause": "1"}, follow=True)
    assert "not active" in response.content.decode()
    assert not Activity.objects.exists()


@pytest.mark.parametrize("verb", ["step", "unpause"])
def test_a_run_that_is_not_paused_is_left_as_it_is(client: Client, verb: str) -> None:
    run_id = orders()
    assert client.get(f"/runs/{run_id}/{verb}/").status_code == 405
    response = client.post(f"/runs/{run_id}/{verb}/")
    assert response.status_code == 409
    assert "not paused" in response.content.decode()


def test_it_needs_the_right_to_start(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = paused()
    accounts(settings, client, django_user_model, "view_run")
    assert client.post(f"/runs/{run_id}/step/").status_code == 403
    assert client.post(f"/runs/{run_id}/unpause/").status_code == 403
    assert client.post(f"/runs/{run_id}/breakpoints/", {"step": "review", "pause": "1"}).status_code == 403
    assert "Pause before" not in panel(client, run_id, "review")
