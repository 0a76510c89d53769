"""Restarting runs whose process is gone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import accounts, order, orders, started, wait_for, wait_for_step
from workflows_app import runtime
from workflows_app.engine.ports import OpenCall
from workflows_app.models import Run, Wait
from workflows_app.models.instants import EPOCH
from workflows_app.web.runs.abandoned import is_abandoned

pytestmark = pytest.mark.usefixtures("studio")


def working(seconds: float = 30) -> str:
    """Start a run that is being performed."""
    return wait_for_step(started("patient", {"seconds": seconds}), "rest", "running")


def test_a_run_that_is_being_performed_is_not_taken_over(client: Client) -> None:
    run_id = working()
    response = client.post(f"/runs/{run_id}/restart/")
    assert response.status_code == 409
    assert "is being performed" in response.content.decode()


def test_a_suspended_run_has_nothing_to_restart(client: Client) -> None:
    response = client.post(f"/runs/{orders()}/restart/")
    assert response.status_code == 409
    assert "not active" in response.content.decode()


def test_it_goes_on_where_a_lost_process_stopped(client: Client) -> None:
    run_id = abandoned(working(1))
    assert "does not answer" in client.get(f"/runs/{run_id}/").content.decode()
    assert client.post(f"/runs/{run_id}/restart/").status_code == 302
    events = client.get(f"/runs/{wait_for(run_id, 'success')}/events/?format=json").json()["events"]
    assert [event["by"] for event in events if event["kind"] == "RunRestarted"] == ["local"]
    assert sum(event["kind"] == "StepSucceeded" and event["path"] == "begin" for event in events) == 1


def test_a_run_that_moves_on_while_it_is_looked_at_is_not_taken_for_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = working()
    journal = runtime.get_engine().journal
    [open_call] = runtime.call(journal.claims(run_id))
    seen = iter([[open_call]])

    async def claims(run_id: str) -> list[OpenCall]:
        return next(seen, [])

    monkeypatch.setattr(journal, "claims", claims)
    assert not is_abandoned(run_id)


def test_looking_says_which_steps_run_again_or_why_none_can(client: Client) -> None:
    lost, living = abandoned(working()), working()
    page = client.get(f"/runs/{lost}/restart/").content.decode()
    assert "1 step runs again" in page
    assert "Restart this run" in page
    assert "process has died" in client.get(f"/runs/{living}/restart/").content.decode()
    assert "waits for a person" in client.get(f"/runs/{orders()}/restart/").content.decode()


def test_the_button_is_offered_only_where_nobody_performs_the_run(client: Client) -> None:
    def offered(run_id: str) -> bool:
        page = client.get(f"/runs/{run_id}/").content.decode()
        [button] = re.findall(rf'<a [^>]*href="/runs/{run_id}/restart/"[^>]*>', page)
        return "aria-disabled" not in button

    assert not offered(working())
    assert offered(abandoned(working()))


def test_all_interrupted_runs_are_restarted_and_living_ones_left_alone(client: Client) -> None:
    living, lost = working(), abandoned(working(1))
    response = client.post("/runs/restart-active/", follow=True)
    assert "1 restarted, 1 still performed" in response.content.decode()
    wait_for(lost, "success")
    assert order(living).head.status == "running"


def test_only_the_runs_of_one_workflow_can_be_restarted(client: Client) -> None:
    lost = abandoned(working())
    response = client.post("/runs/restart-active/", {"workflow": "order"}, follow=True)
    assert "0 restarted" in response.content.decode()
    assert Run.objects.get(pk=lost).status == "running"


def test_it_needs_the_right_to_control(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model, "view_run")
    assert client.post(f"/runs/{run_id}/restart/").status_code == 403
    assert client.post("/runs/restart-active/").status_code == 403


def abandoned(run_id: str) -> str:
    """Make a run's calls those of a process that was last heard of long ago."""
    calls = Wait.objects.filter(run=run_id, kind="call")
    assert calls.update(claimed_by="a process that is gone", claimed_at=EPOCH) == 1
    return run_id
