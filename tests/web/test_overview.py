"""The start page."""

from __future__ import annotations

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.web.studio import orders, started, wait_for
from tests.web.test_rollups import ended
from workflows_app import rollups, runtime
from workflows_app.models import Run
from workflows_app.rights import Reach, answering_to
from workflows_app.web.figures.attention import interrupted, waits_in_words
from workflows_app.web.figures.counts import Steps
from workflows_app.web.views import overview

pytestmark = pytest.mark.usefixtures("studio")


def page_of(client: Client, address: str = "/") -> str:
    return client.get(address).content.decode()


def fragment(client: Client, name: str) -> str:
    return client.get(f"/panels/{name}/", headers={"HX-Request": "true"}).content.decode()


def test_a_fresh_studio_shows_the_way_to_the_first_run(client: Client) -> None:
    page = page_of(client)
    assert "Three steps to your first run" in page
    assert 'href="/workflows/order/run/"' in page
    assert "No run has ended in this time." in page


def test_the_figures_are_those_of_the_runs_that_ended(client: Client) -> None:
    waiting = orders()
    failed = wait_for(started("failing", None), "failed")
    done = wait_for(started("stateful", 1), "success")
    rollups.catch_up()
    page = page_of(client)
    assert '<p class="figure">2</p>' in page
    assert '<p class="figure">50.0 %</p><p class="delta">1 failed, all ValueError</p>' in page
    assert f'href="/runs/{waiting}/"' in page
    assert "review waits for a person" in page
    assert f'href="/runs/{failed}/"' in page
    assert "fail failed: The cupboard is bare" in page
    assert f'href="/runs/{done}/"' not in page
    assert "Three steps" not in page


def test_a_run_that_asks_in_several_places_says_so_in_the_plural() -> None:
    assert waits_in_words(Steps("review", 1)) == "review waits for a person"
    assert waits_in_words(Steps("review", 2)) == "review and 1 more wait for a person"


def test_every_figure_and_bar_leads_to_the_list_behind_it(client: Client) -> None:
    ended("a", at=timezone.now(), status="failed")
    rollups.catch_up()
    page = page_of(client)
    for address in ("/runs/?status=suspended", "/runs/?status=running", "/runs/?by=end&amp;from="):
        assert f'href="{address}' in page
    assert 'data-href="/runs/?by=end&amp;from=' in page


def test_a_chart_says_the_same_as_a_table(client: Client) -> None:
    for index in range(3):
        ended(f"run-{index}", at=timezone.now())
    rollups.catch_up()
    page = page_of(client)
    assert 'aria-label="Runs per hour. 3 runs ended, 0 of them failed."' in page
    assert page.count("Show as table") == 2
    assert '<td class="num">3</td><td class="num">0</td><td class="num">0</td>' in page
    assert " style=" not in page


def test_a_chart_has_a_column_for_guards_once_one_stopped_a_run(client: Client) -> None:
    ended("a", at=timezone.now(), status="failed")
    rollups.catch_up()
    assert "Stopped by a guard" not in fragment(client, "volume")
    ended("b", at=timezone.now(), status="tripwire")
    rollups.catch_up()
    drawn = fragment(client, "volume")
    assert "Stopped by a guard" in drawn
    assert "1 stopped by a guard, 1 failed" in drawn


def test_the_time_can_be_chosen_and_a_wrong_one_is_left_alone(client: Client) -> None:
    assert page_of(client, "/?hours=168").count("hours=168") > 3
    assert 'href="?hours=48" aria-current="true"' in page_of(client, "/?hours=no")


def test_what_was_counted_is_read_once_for_the_day_and_once_for_the_charts(client: Client) -> None:
    page_of(client)
    with CaptureQueriesContext(connection) as asked:
        page_of(client)
    assert sum('FROM "workflows_app_rollup"' in one["sql"] for one in asked.captured_queries) == 2


def test_a_panel_is_fetched_alone_and_a_page_when_it_is_opened_directly(client: Client) -> None:
    alone = fragment(client, "figures")
    assert alone.strip().startswith('<div class="figures" id="figures"')
    assert "<html" not in alone
    assert "<html" in page_of(client, "/panels/figures/")
    assert client.get("/panels/nothing/").status_code == 404


def test_a_panel_that_fails_leaves_the_others_alone(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("no such table")

    monkeypatch.setitem(overview.PANELS, "attention", (fail, 5))
    with caplog.at_level(logging.CRITICAL, "workflows"):
        page = page_of(client)
        assert "This part could not be read" in fragment(client, "attention")
    assert page.count("This part could not be read") == 1
    assert "no such table" not in page
    assert 'id="volume"' in page


def test_interrupted_and_slow_runs_need_attention(client: Client) -> None:
    for index in range(5):
        ended(f"run-{index}", at=timezone.now())
    since = timezone.now() - timedelta(minutes=5)
    Run.objects.create(
        id="slow", workflow_id="order", status="running", created_at=since, started_at=since, updated_at=since
    )
    Run.objects.create(
        id="held", workflow_id="order", status="waiting", created_at=since, updated_at=since, blocked_reason="No step b"
    )
    page = page_of(client)
    assert "times as long as usual" in page
    assert "No step b" in page


def test_interrupted_runs_are_looked_for_among_those_that_one_may_see(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"run-{number}" for number in range(60)]

    async def lost(now: int, lease: float) -> list[SimpleNamespace]:
        return [SimpleNamespace(run_id=name) for name in names]

    monkeypatch.setattr(runtime.get_engine().journal, "lost", lost)
    now = timezone.now()
    for name in names:
        workflow = "order" if name == "run-37" else "secret"
        Run.objects.create(id=name, workflow_id=workflow, status="running", created_at=now, updated_at=now)
    with answering_to(Reach(frozenset({"view_run"}), {"secret": frozenset()})):
        assert [one.on.pk for one in interrupted()] == ["run-37"]


def test_a_module_that_cannot_be_read_is_named(client: Client) -> None:
    page = page_of(client)
    assert "tests.workflows.broken" in page
    assert "could not be loaded" in page
