"""The charts of how runs went."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.web.test_rollups import ended
from workflows_app.models import Ending, Rollup, Run
from workflows_app.models.rollup import bucket_of
from workflows_app.web.figures import charts
from workflows_app.web.figures.measures import Span, by_part, last_days, last_hours

pytestmark = pytest.mark.usefixtures("studio")
SECOND = 1_000_000


def roll(runs: int, status: str = "success", workflow: str = "order", hours_ago: int = 1, **counts: object) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    counts.setdefault("active", {bucket_of(2 * SECOND): runs})
    Rollup.objects.create(workflow_id=workflow, status=status, hour=hour, runs=runs, **counts)


def page_of(client: Client, query: str = "") -> str:
    return client.get(f"/insights/{query}").content.decode()


def panel(client: Client, name: str, query: str = "") -> str:
    return client.get(f"/insights/{name}/{query}", headers={"HX-Request": "true"}).content.decode()


def test_too_little_says_how_much_it_takes(client: Client) -> None:
    roll(3)
    page = page_of(client)
    assert "Too little to tell: 3 of the 20 runs that it takes." in page
    assert "Too little to tell: 3 of the 5 runs that it takes." in page
    assert 'aria-label="Runs. 3 runs ended, 0 of them failed."' in page
    assert "No run failed in this time." in page
    assert "No run is open." in page


def test_nothing_at_all_is_said_in_words(client: Client) -> None:
    assert "Nothing to show in this time." in page_of(client)


def test_durations_success_people_and_retries_are_drawn(client: Client) -> None:
    roll(30, human={bucket_of(60 * SECOND): 10}, retries=7)
    roll(10, "failed")
    page = page_of(client, "?range=24h")
    assert 'aria-label="Active duration. p50: 2 s to 2 s. p95: 2 s to 2 s. p99: 2 s to 2 s."' in page
    assert 'aria-label="Succeeded. succeeded: 75 % to 75 %."' in page
    assert re.search(r'aria-label="Waiting for people. median: (5\d s|1 m)', page)
    assert 'aria-label="Retries. retries: 7 to 7."' in page
    assert page.count("Show as table") == 5


def test_failures_are_counted_by_what_was_raised_and_where(client: Client) -> None:
    roll(5, "failed", faults={"ValueError\npay": 3, "KeyError\nship": 2})
    roll(4, "failed", workflow="patient", faults={"ValueError\npay": 4})
    fragment = panel(client, "faults")
    assert re.findall(r'">(\w+)</a></td><td class="mono">(\w+)</td>.*?>(\w+)</td><td class="num">(\d+)', fragment) == [
        ("ValueError", "pay", "patient", "4"),
        ("ValueError", "pay", "order", "3"),
        ("KeyError", "ship", "order", "2"),
    ]
    assert "patient" not in panel(client, "faults", "?workflow=order")


def test_a_failure_leads_to_its_runs(client: Client) -> None:
    at = timezone.now()
    ended("a", at=at, status="failed")
    Ending.objects.create(
        run_id="a", workflow_id="order", status="failed", ended_at=at, took=1, active=1, human=0, retries=0,
        fault="ValueError", step="pay",
    )  # fmt: skip
    roll(1, "failed", faults={"ValueError\npay": 1}, hours_ago=0)
    href = re.search(r'href="(/runs/\?workflow=order[^"]*)"', panel(client, "faults"))
    assert href is not None
    assert 'data-id="a"' in client.get(href[1].replace("&amp;", "&")).content.decode()


def test_the_time_and_the_workflow_are_in_the_address(client: Client) -> None:
    roll(30, hours_ago=24 * 5)
    roll(30, workflow="patient")
    assert "30 runs ended" in page_of(client, "?range=24h")
    assert "60 runs ended" in page_of(client, "?range=7d")
    assert "30 runs ended" in page_of(client, "?range=30d&workflow=order")
    assert "60 runs ended" in page_of(client, "?range=century&workflow=")


def test_what_has_been_open_for_longest_comes_first(client: Client) -> None:
    now = timezone.now()
    for name, days in (("young", 1), ("old", 9)):
        at = now - timedelta(days=days)
        Run.objects.create(id=name, workflow_id="order", status="suspended", created_at=at, updated_at=at)
    assert re.findall(r'href="/runs/(\w+)/"', panel(client, "oldest")) == ["old", "young"]


def test_a_panel_has_an_address_and_a_wrong_one_is_not_there(client: Client) -> None:
    assert "<html" in client.get("/insights/volume/").content.decode()
    assert client.get("/insights/nothing/").status_code == 404


@pytest.mark.parametrize("span", [last_hours(24, timezone.now()), last_days(30, timezone.now())])
def test_an_axis_has_few_words(span: Span) -> None:
    assert 1 <= len(list(charts.ticks(span))) <= 6


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin"])
def test_a_day_is_made_of_the_hours_that_lie_in_it(zone: str) -> None:
    for hour in range(48):
        roll(1, hours_ago=hour)
    with timezone.override(zone):
        span = last_days(2, timezone.now())
        found = [measure.runs for measure in by_part(span)]
        hours = [row.hour for row in Rollup.objects.all()]
        assert found == [sum(start <= hour < end for hour in hours) for start, end in span.parts]
        assert all(start.astimezone(UTC).minute == 0 for start in span.starts)
        today = timezone.localdate()
        assert [timezone.localtime(start).date() for start in span.starts] == [today - timedelta(days=1), today]


@pytest.mark.parametrize(("most", "top"), [(0, 2), (1, 2), (3, 4), (4, 4), (11, 12), (44, 60), (999, 1000)])
def test_a_scale_ends_with_a_number_that_is_easily_read(most: int, top: int) -> None:
    assert charts.count_scale(most) == top


@pytest.mark.parametrize("hour", range(24))
def test_a_week_names_its_days_whenever_it_begins(hour: int) -> None:
    span = last_hours(168, datetime(2026, 3, 10, hour, 20, tzinfo=UTC), 6)
    days = [tick.words for tick in charts.ticks(span)]
    assert len(days) >= 3
    assert all(word.startswith(("Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon")) for word in days)


def test_a_day_is_named_where_it_begins() -> None:
    span = last_hours(168, datetime(2026, 3, 10, 21, 20, tzinfo=UTC), 6)
    first = next(iter(charts.ticks(span)))
    begun = timezone.localtime(span.since).replace(hour=0) + timedelta(days=1)
    while begun.toordinal() * 24 % 48:
        begun += timedelta(days=1)
    assert first.at == pytest.approx(100 * ((begun - span.since) / (span.until - span.since)), abs=0.01)
