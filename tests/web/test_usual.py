"""One run beside what is usual."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tests.web.studio import DIALOG, answered, orders, started, wait_for, wait_for_step
from workflows_app.models import Ending, Run
from workflows_app.web.figures.usual import Band, usual_steps

pytestmark = pytest.mark.usefixtures("studio")
SECOND = 1_000_000


def test_the_middle_half_is_measured() -> None:
    assert Band.of([4, 1, 3, 2, 5]) == Band(5, 2, 3, 4)
    assert Band.of([10, 20]) == Band(2, 12, 15, 18)
    assert Band.of([7]) == Band(1, 7, 7, 7)


def test_passes_are_added_up_and_waiting_is_no_work() -> None:
    for _ in range(2):
        answered(orders())
    runs, bands = usual_steps("order", orders())
    assert runs == 2
    assert 550_000 < bands["fraud"].middle < 5 * SECOND
    assert bands["review"].middle < 5 * SECOND


def test_a_run_stands_beside_the_last_that_succeeded(client: Client) -> None:
    for _ in range(5):
        wait_for(started("stateful", 1), "success")
    run_id = wait_for(started("stateful", 1), "success")
    page = client.get(f"/runs/{run_id}/usual/", {"sort": "delta"}).content.decode()
    assert "The last 5 other runs that succeeded" in page
    assert f'href="/runs/{run_id}/?step=count"' in page
    assert 'class="band"' in page


def test_too_few_runs_say_how_many_it_takes(client: Client) -> None:
    page = client.get(f"/runs/{orders()}/usual/").content.decode()
    assert "It takes 5 other runs" in page
    assert client.get("/runs/nothing/usual/").status_code == 404


def test_a_live_run_says_how_long_it_usually_works(client: Client) -> None:
    cache.clear()
    now = timezone.now()
    for number in range(1, 6):
        made = {"workflow_id": "patient", "status": "success"}
        run = Run.objects.create(id=f"old-{number}", created_at=now - timedelta(days=1), updated_at=now, **made)
        times = {"ended_at": now, "took": 0, "active": number * SECOND, "human": 0, "retries": 0}
        Ending.objects.create(run=run, **made, **times)
    run_id = wait_for_step(started("patient", {"seconds": 30}), "rest", "running")
    assert "usually 2 s to 4 s" in client.get(f"/runs/{run_id}/").content.decode()


def test_the_choice_offers_it(client: Client) -> None:
    run_id = orders()
    assert f'href="/runs/{run_id}/usual/"' in client.get(f"/runs/{run_id}/compare/", headers=DIALOG).content.decode()
