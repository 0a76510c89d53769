"""The list of runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from workflows_app.models import Event, Rollup, Run, Wait
from workflows_app.web.people.signin import local_person

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("studio")


def make(count: int, *, status: str = "success", workflow: str = "order", same_moment: bool = False) -> None:
    begin = Run.objects.count()
    Run.objects.bulk_create(
        Run(
            id=f"{begin + i:08d}-run",
            workflow_id=workflow,
            status=status,
            created_at=EPOCH + timedelta(seconds=0 if same_moment else begin + i),
            updated_at=EPOCH,
        )
        for i in range(count)
    )


def listed(client: Client, address: str) -> list[str]:
    found = re.findall(r'<tr data-row.*?href="/runs/([^"/]+)/"', client.get(address).content.decode(), re.DOTALL)
    return [run_id.partition("-")[0].lstrip("0") or "0" for run_id in found]


def link(client: Client, address: str, words: str) -> str:
    page = client.get(address).content.decode()
    found = re.search(rf'href="(\?[^"]+)">(?:<svg.*?</svg>)?{words}', page)
    assert found is not None, f"there is no link {words}"
    return "/runs/" + found[1].replace("&amp;", "&")


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (
            "Invalid suspend data:\n- approvals: no number\n- title: no text",
            "Invalid suspend data: approvals: no number",
        ),
        ("out of stock\n  at line 3", "out of stock"),
    ],
)
def test_what_a_run_failed_with_stands_on_one_line_that_says_it(client: Client, error: str, note: str) -> None:
    make(1, status="failed")
    Run.objects.update(error=error)
    assert [row.note for row in client.get("/runs/").context["rows"]] == [note]


def test_nothing_has_run_yet_is_said_in_words(client: Client) -> None:
    assert "Nothing has run yet" in client.get("/runs/").content.decode()


def test_the_newest_run_comes_first(client: Client) -> None:
    make(3)
    assert listed(client, "/runs/") == ["2", "1", "0"]


@pytest.mark.parametrize("same_moment", [False, True])
def test_pages_follow_each_other_without_a_gap_and_back(client: Client, same_moment: bool) -> None:
    make(120, same_moment=same_moment)
    first = listed(client, "/runs/")
    older = link(client, "/runs/", "Older")
    second = listed(client, older)
    third = listed(client, link(client, older, "Older"))
    assert [*first, *second, *third] == [str(i) for i in range(119, -1, -1)]
    assert listed(client, link(client, link(client, older, "Older"), "Newer")) == second


def test_filters_are_in_the_address(client: Client) -> None:
    make(2)
    make(2, status="failed")
    make(2, status="failed", workflow="patient")
    assert listed(client, "/runs/?status=failed") == ["5", "4", "3", "2"]
    assert listed(client, "/runs/?status=failed&workflow=patient") == ["5", "4"]
    assert listed(client, "/runs/?q=00000003") == ["3"]


def test_a_filter_that_finds_nothing_names_what_to_drop(client: Client) -> None:
    make(1)
    page = client.get("/runs/?status=paused&workflow=order").content.decode()
    assert "No run matches" in page
    assert "Status: paused" in page
    assert 'href="?workflow=order"' in page


def test_a_waiting_run_says_where_and_a_failed_one_why(client: Client) -> None:
    make(1, status="suspended")
    Wait.objects.create(run_id="00000000-run", path="review#2", kind="suspension")
    make(1, status="failed")
    Run.objects.filter(status="failed").update(error="The cupboard is bare\nand more")
    page = client.get("/runs/").content.decode()
    assert ">review<" in page
    assert "The cupboard is bare<" in page


def make_paused(data: str) -> None:
    """Make a run that is paused, with what its last event tells of that."""
    make(1, status="paused")
    Run.objects.update(seq=7)
    Event.objects.create(
        run_id="00000000-run", seq=7, stream=1, at=EPOCH, kind="RunPaused", path="", version=1, data=data
    )


def test_a_paused_run_says_before_what_and_one_that_waits_for_an_event_for_which(client: Client) -> None:
    make_paused('{"before":["pack#2.fill"]}')
    make(1, status="suspended", workflow="invoice")
    Wait.objects.create(run_id="00000001-run", path="event_invoice_0", kind="suspension", event="paid")
    page = client.get("/runs/").content.decode()
    assert ">before pack.fill<" in page
    assert ">wait for paid<" in page


def test_a_run_that_is_done_step_by_step_is_listed(client: Client) -> None:
    make_paused("{}")
    response = client.get("/runs/")
    assert response.status_code == 200


def test_runs_are_listed_by_their_end_when_the_time_means_that(client: Client) -> None:
    make(3)
    for index, name in enumerate(("00000001-run", "00000000-run")):
        Run.objects.filter(pk=name).update(finished_at=EPOCH + timedelta(hours=1 + index))
    assert listed(client, "/runs/?by=end") == ["0", "1"]
    assert listed(client, "/runs/?by=end&since=2026-01-01T01:30") == ["0"]
    assert listed(client, "/runs/?by=end&until=2026-01-01T01:30") == ["1"]


@pytest.mark.parametrize(
    "asked",
    [
        "?older=x",
        "?older=1.2:",
        "?newer=99999999999999999999999:x",
        "?status=%00",
        f"?q={quote('`;--')}",
        "?workflow=no",
        "?since=0001-01-01&until=9999-12-31T23:59",
        "?until=9999-12-31",
        "?longer=999999999d",
        "?within=never&by=nothing&group=nothing",
        "?step=%5B%28a&tag=%22&who=%25",
        "?newer=5:&tag=x",
        "?group=step&status=failed",
    ],
)
def test_an_address_made_by_hand_is_answered(client: Client, asked: str) -> None:
    make(1)
    assert client.get(f"/runs/{asked}").status_code == 200


def test_many_runs_are_not_counted_one_by_one(client: Client) -> None:
    make(10_001)
    Rollup.objects.create(workflow_id="order", status="success", hour=EPOCH, runs=48_123)
    assert "about 48,000" in client.get("/runs/").content.decode()
    assert "more than 10,000" in client.get("/runs/?since=2026-01-01").content.decode()


def test_a_page_costs_a_fixed_number_of_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make(60, status="suspended")
    local_person()
    with django_assert_max_num_queries(9):
        client.get("/runs/")
