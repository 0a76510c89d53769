"""Deleting a run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.studio import DIALOG, accounts, orders, started, until, wait_for, wait_for_step
from workflows_app import runtime
from workflows_app.models import Activity, Deletion, Event, Run

pytestmark = pytest.mark.usefixtures("studio")


def test_looking_says_what_would_be_gone_and_deletes_nothing(client: Client) -> None:
    run_id = orders()
    page = client.get(f"/runs/{run_id}/delete/").content.decode()
    assert f"All {Run.objects.get().seq} events" in page
    assert "1 open question is withdrawn" in page
    assert Run.objects.exists()


def time_passes(seconds: float = 3_600) -> None:
    engine = runtime.get_engine()
    runtime.call(runtime.delete_due(engine, engine.now() + int(seconds * 1_000_000)))


def test_it_deletes_with_a_reason_and_only_the_log_remembers(client: Client) -> None:
    run_id = orders()
    response = client.post(f"/runs/{run_id}/delete/", {"reason": "A test"}, follow=True)
    assert f"The run {run_id[:8]} of order is deleted at" in response.content.decode()
    time_passes()
    assert not Run.objects.exists()
    assert not Deletion.objects.exists()
    assert not Event.objects.exists()
    act = Activity.objects.get()
    assert (act.verb, act.object_id, act.reason) == ("delete", run_id, "A test")
    assert json.loads(act.before)["status"] == "suspended"
    assert client.get(f"/runs/{run_id}/").status_code == 404


def test_until_then_it_is_all_there_and_can_be_brought_back(client: Client) -> None:
    run_id = orders()
    client.post(f"/runs/{run_id}/delete/")
    time_passes(1)
    assert "Undo" in client.get(f"/runs/{run_id}/").content.decode()
    response = client.post("/runs/keep/", {"run": run_id}, follow=True)
    assert "The run is kept." in response.content.decode()
    time_passes()
    assert Run.objects.get().id == run_id
    assert "Undo" not in client.get(f"/runs/{run_id}/").content.decode()
    assert list(Activity.objects.order_by("id").values_list("verb", flat=True)) == ["delete", "keep"]


def test_who_comes_too_late_is_told(client: Client) -> None:
    run_id = orders()
    client.post(f"/runs/{run_id}/delete/")
    time_passes()
    page = client.post("/runs/keep/", {"run": run_id}, follow=True).content.decode()
    assert "It was too late" in page


def test_a_run_that_is_performed_again_is_deleted_when_it_rests(client: Client) -> None:
    run_id = wait_for_step(started("patient", {"seconds": 30}), "rest", "running")
    Deletion.objects.create(pk=run_id, due_at=timezone.now())
    time_passes()
    assert Run.objects.exists()
    client.post(f"/runs/{run_id}/cancel/")
    wait_for(run_id, "canceled")
    until(run_id, lambda look: look.history.finished)
    time_passes()
    assert not Run.objects.exists()


def test_where_the_settings_leave_no_time_it_is_deleted_at_once(client: Client, settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "UNDO_SECONDS": 0}
    run_id = orders()
    assert "are deleted for good" in client.get(f"/runs/{run_id}/delete/").content.decode()
    response = client.post(f"/runs/{run_id}/delete/", follow=True)
    assert f"The run {run_id[:8]} of order is deleted." in response.content.decode()
    assert not Run.objects.exists()


def test_a_dialog_sends_the_page_to_the_list(client: Client) -> None:
    response = client.post(f"/runs/{orders()}/delete/", headers=DIALOG)
    assert response["HX-Redirect"] == "/runs/"


def test_a_run_that_is_being_performed_is_canceled_first(client: Client) -> None:
    run_id = wait_for_step(started("patient", {"seconds": 30}), "rest", "running")
    assert "Cancel it first" in client.get(f"/runs/{run_id}/delete/").content.decode()
    assert client.post(f"/runs/{run_id}/delete/").status_code == 409
    assert Run.objects.exists()
    assert not Activity.objects.exists()


def test_an_unknown_run_is_a_page(client: Client) -> None:
    assert client.get("/runs/nothing/delete/").status_code == 404
    assert client.post("/runs/nothing/delete/").status_code == 404


def test_it_needs_the_right_to_delete(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model, "view_run", "cancel_run")
    assert client.get(f"/runs/{run_id}/delete/").status_code == 403
    assert client.post(f"/runs/{run_id}/delete/").status_code == 403
    assert client.post("/runs/keep/", {"run": run_id}).status_code == 403
    assert Run.objects.exists()
    assert not Deletion.objects.exists()
