"""A run with a row that somebody else wrote, and that nobody can read: it says so, and harms no other run."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from tests.web.asking import soon
from tests.web.studio import orders, started, wait_for
from workflows_app import rollups, runtime
from workflows_app.models import Approval, Event, Run, Wait
from workflows_app.models.instants import to_datetime

pytestmark = pytest.mark.usefixtures("studio")
DAMAGES = {
    "no JSON": '{"attempt":',
    "no object": "[1]",
    "nested without end": '{"input":' + "[" * 100_000,
    "unknown fields": '{"attempt":1,"mood":"bad"}',
}


def damaged(text: str = '{"attempt":') -> str:
    """Give a run whose first step's start cannot be read."""
    run_id = wait_for(started("order", {"customer": "Ada", "total": 12}), "suspended")
    soon(lambda: Approval.objects.filter(run=run_id).first())
    Event.objects.filter(run=run_id, kind="StepStarted").update(data=text)
    return run_id


@pytest.mark.parametrize("damage", DAMAGES)
def test_its_page_says_what_is_wrong(damage: str, client: Client) -> None:
    run_id = damaged(DAMAGES[damage])

    page = client.get(f"/runs/{run_id}/")
    answer = client.get(f"/api/workflows/order/runs/{run_id}")

    assert page.status_code == 409
    assert "cannot be read" in page.content.decode()
    assert answer.status_code == 409
    assert "cannot be read" in answer.json()["error"]


def test_lists_and_figures_go_on(client: Client) -> None:
    damaged()
    Event.objects.filter(run=damaged(), kind="RunStarted").update(data='{"input":')

    for address in ("/", "/runs/", "/runs/?q=Ada", "/workflows/order/", "/approvals/", "/insights/", "/activity/"):
        assert client.get(address).status_code == 200, address
    for approval in Approval.objects.all():
        assert client.get(f"/approvals/{approval.id}/").status_code in (200, 409)


def test_timers_of_other_runs_fire() -> None:
    Wait.objects.filter(run=damaged()).update(kind="timer", due_at=to_datetime(1))

    assert wait_for(started("patient", {"seconds": 0.1}), "success")
    assert runtime.call(runtime.get_engine().recover()) == 0


def test_a_question_that_cannot_be_read_keeps_no_other_from_the_inbox() -> None:
    bad = orders()
    Event.objects.filter(run=bad, kind="StepSuspended").update(data="[")
    Approval.objects.all().delete()
    good = orders()

    assert soon(lambda: Approval.objects.filter(run=good).first())


def test_an_end_that_cannot_be_read_is_counted_without_its_fault() -> None:
    run_id = orders()
    run = Run.objects.get(id=run_id)
    columns = {"seq": run.seq + 1, "stream": 1, "kind": "RunFinished", "path": "", "version": 1, "data": "{"}
    Event.objects.create(run=run, at=timezone.now(), **columns)

    assert rollups.fault_types("default", [run_id]) == {}
