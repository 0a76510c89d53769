"""A run as it was after one of its events."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.web.studio import order, orders, started, wait_for

pytestmark = pytest.mark.usefixtures("studio")


def event(run_id: str, kind: str, path: str) -> int:
    """Give the number of the first event of a kind at a path."""
    events = order(run_id).moment.events()
    return next(seq for seq, one in events if (one.kind, one.path) == (kind, path))


def test_a_moment_of_the_past_shows_what_was_then(client: Client) -> None:
    run_id = orders()
    at = event(run_id, "StepStarted", "check")
    page = client.get(f"/runs/{run_id}/?at={at}").content.decode()
    assert f"You look at event {at} of" in page
    assert 'data-path="check" data-s="running"' in page
    assert 'data-path="review" data-s="pending"' in page


def test_the_head_stays_in_the_present(client: Client) -> None:
    page = client.get(f"/runs/{orders()}/?at=1").content.decode()
    assert '<header class="head" id="head" data-s="suspended"' in page
    assert f'data-seq="{order(page_run(page)).head.seq}"' in page


def page_run(page: str) -> str:
    return page.split('data-run="')[1].partition('"')[0]


def test_nobody_can_answer_in_the_past(client: Client) -> None:
    run_id = orders()
    at = event(run_id, "StepSuspended", "review")
    page = client.get(f"/runs/{run_id}/?at={at}&step=review").content.decode()
    assert "May it be shipped?" in page
    assert "Approve and resume" not in page


@pytest.mark.parametrize("at", ["99999", "x", "", "-1"])
def test_a_moment_that_is_none_is_the_present(client: Client, at: str) -> None:
    page = client.get(f"/runs/{orders()}/", {"at": at}).content.decode()
    assert "Back to live" not in page
    assert "Approve and resume" in page


def test_the_scrubber_gets_all_panes_in_one_answer(client: Client) -> None:
    run_id = orders()
    response = client.get(f"/runs/{run_id}/?at=3", headers={"HX-Request": "true", "HX-Target": "lanes"})
    answer = response.content.decode()
    assert [name for name in ("past", "graph", "lanes", "panel", "head") if f'id="{name}"' in answer] == [
        "past",
        "graph",
        "lanes",
        "panel",
    ]
    assert int(response["Run-Seq"]) == order(run_id).head.seq


def test_links_keep_the_moment(client: Client) -> None:
    page = client.get(f"/runs/{orders()}/?at=3").content.decode()
    assert 'href="?step=check&amp;at=3"' in page
    assert 'data-step="-1"' in page
    assert "at=2" in page


def test_the_axis_is_that_of_the_whole_run(client: Client) -> None:
    run_id = wait_for(started("echo", 1), "success")
    whole, then = (client.get(f"/runs/{run_id}/{query}").content.decode() for query in ("", "?at=1"))
    assert whole.split('data-axis="')[1].partition('"')[0] == then.split('data-axis="')[1].partition('"')[0]


def test_a_window_of_rows_comes_alone(client: Client) -> None:
    run_id = wait_for(started("each", 400), "success")
    headers = {"HX-Request": "true", "HX-Target": "window"}
    answer = client.get(f"/runs/{run_id}/?open=line&row=200", headers=headers).content.decode()
    assert 'data-first="180" data-last="240"' in answer
    assert answer.count('role="row"') == 60
    assert 'aria-rowindex="182"' in answer
