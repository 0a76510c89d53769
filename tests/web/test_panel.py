"""The side panel: values in every size, the author's code, and other runs that failed alike."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import accounts, answered, orders, started, wait_for
from workflows_app import const, create_workflow, runtime

pytestmark = pytest.mark.usefixtures("studio")


def panel(client: Client, run_id: str, **asked: str) -> str:
    headers = {"HX-Request": "true", "HX-Target": "panel"}
    return client.get(f"/runs/{run_id}/panel/", asked, headers=headers).content.decode()


def test_a_value_can_be_taken_away_whole(client: Client) -> None:
    words = [f"word {i}" for i in range(30_000)]
    run_id = wait_for(started("echo", {"words": words}), "success")
    page = panel(client, run_id, step="echo", tab="output")
    assert f"/runs/{run_id}/value/?step=echo&amp;tab=output" in page
    answer = client.get(f"/runs/{run_id}/value/?step=echo&tab=output")
    assert answer.json() == {"words": words}
    assert answer["Content-Disposition"] == 'attachment; filename="output.json"'
    assert client.get(f"/runs/{run_id}/value/?step=/&tab=result").json() == {"words": words}


@pytest.mark.parametrize("query", ["step=echo&tab=error", "step=echo", "step=/&tab=nothing"])
def test_a_value_that_is_not_there_is_a_page(client: Client, query: str) -> None:
    assert client.get(f"/runs/{wait_for(started('echo', 1), 'success')}/value/?{query}").status_code == 404


def test_a_large_value_is_searched_and_entered(client: Client) -> None:
    rows = [{"sku": f"A{i}", "note": "needle" if i == 777 else ""} for i in range(1_000)]
    run_id = wait_for(started("echo", rows), "success")
    assert "[777].note" in panel(client, run_id, step="echo", tab="output", find="needle")
    assert "A777" in panel(client, run_id, step="echo", tab="output", into="/777")
    assert "<table" in panel(client, run_id, step="echo", tab="output", show="table")


def test_without_the_right_no_value_is_given(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = wait_for(started("echo", ["the secret"]), "success")
    accounts(settings, client, django_user_model, "view_run")
    assert client.get(f"/runs/{run_id}/value/?step=echo&tab=output").status_code == 403
    for tab in ("input", "output", "code", "state"):
        assert "secret" not in panel(client, run_id, step="echo", tab=tab)
        assert "def " not in panel(client, run_id, step="echo", tab=tab)


def test_the_code_of_a_step_is_shown_with_its_place(client: Client) -> None:
    page = panel(client, orders(), step="review", tab="code")
    assert "tests/workflows/journeys.py:" in page
    assert "async def review(ctx: Any)" in page


@pytest.mark.parametrize("step", ["m", "talker"])
def test_what_the_engine_itself_does_is_not_shown_as_the_authors_code(client: Client, step: str) -> None:
    agent = SimpleNamespace(id="talker", description=None, stream=None)
    sources: dict[str, Any] = {"prompt": const("Hi")}
    runtime.get_engine().add_workflow(create_workflow(id="adopted").map(sources, id="m").agent(agent))
    page = panel(client, wait_for(started("adopted", 1), "failed"), step=step, tab="code")
    assert "workflows_app/engine" not in page
    assert "async def" not in page
    assert ("const(" in page) is (step == "m")


def test_a_step_whose_code_is_gone_has_no_such_tab(client: Client) -> None:
    run_id = orders()
    runtime.get_engine().registry.by_id.pop("order")
    assert "tab=code" not in panel(client, run_id, step="check", tab="code")


def test_runs_that_failed_alike_are_counted(client: Client) -> None:
    run_id = wait_for(started("failing", None), "failed")
    assert "The same error" not in panel(client, run_id)
    for _ in range(2):
        wait_for(started("failing", None), "failed")
    page = panel(client, run_id)
    assert "The same error ended 2 other runs of this workflow." in page
    assert "/runs/?" in page
    assert "status=failed" in page


def test_counts_of_many_items_are_written_like_every_other_count(client: Client) -> None:
    run_id = wait_for(started("each", 1_200), "success")
    assert "1 to 200 of 1,200" in panel(client, run_id, step="line", tab="items")
    missed = panel(client, run_id, step="line", tab="items", find="nobody")
    assert "No item has this number, or this text in its input." in missed
    page = client.get(f"/runs/{run_id}/?at=1100").content.decode()
    assert re.search(r"You look at event 1,100 of \d,\d{3},", page)


def test_the_items_of_a_foreach_are_a_grid(client: Client) -> None:
    run_id = wait_for(started("each", 500), "success")
    page = panel(client, run_id, step="line", tab="items")
    assert page.count('aria-label="item ') == 200
    assert "1 to 200 of 500" in page
    assert 'aria-label="item 17, succeeded"' in panel(client, run_id, step="line", tab="items", find="17")


def test_a_result_is_compared_with_that_of_the_time_before(client: Client) -> None:
    run_id = answered(orders())
    run = runtime.call(runtime.get_engine().get_run(run_id))
    assert (
        "What differs from the time before" not in client.get(f"/runs/{run_id}/?step=ship&tab=output").content.decode()
    )
    context = {"review": {"status": "success", "output": {"decision": "reject"}}}
    runtime.call(run.time_travel_async(step="ship", context=context, by="local"))
    wait_for(run_id, "success")
    page = client.get(f"/runs/{run_id}/?step=ship&tab=output").content.decode()
    assert "What differs from the time before" in page
    assert "<del>true</del>" in page
    assert "<ins>false</ins>" in page
