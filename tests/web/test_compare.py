"""Two runs beside each other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.studio import DIALOG, accounts, orders, started, wait_for
from workflows_app import runtime
from workflows_app.models import Run, Version
from workflows_app.web.inspector.compare import compare
from workflows_app.web.inspector.look import look_at

pytestmark = pytest.mark.usefixtures("studio")


def shipped(client: Client, decision: str = "approve") -> str:
    run_id = orders()
    client.post(f"/runs/{run_id}/resume/?step=review", {"answer.decision": decision})
    return wait_for(run_id, "success")


def page_of(client: Client, a: str, b: str, **more: str) -> str:
    return client.get("/compare/", {"a": a, "b": b, **more}).content.decode()


def section(page: str, title: str) -> str:
    """Give what the page tells of one value of the runs as a whole."""
    whole = page[page.index('id="whole-title"') :]
    return whole[whole.index(f"<h3>{title}</h3>") :].partition("</div>\n")[0]


def test_the_page_says_where_the_paths_part_and_marks_the_graph(client: Client) -> None:
    a, b = orders(), shipped(client)
    page = page_of(client, a, b)
    assert re.search(r"The paths part at <a[^>]*>review</a>: A waiting for a person, B succeeded", page)
    assert re.search(r'data-path="review"[^>]*data-mark="both" data-parting', page)
    assert re.search(r'data-path="ship"[^>]*data-mark="b"', page)
    assert re.search(r'data-path="check"[^>]*data-mark="both"', page)


def test_the_first_result_that_differs_is_named_and_shown(client: Client) -> None:
    page = page_of(client, shipped(client, "approve"), shipped(client, "reject"))
    assert "Both took the same path." in page
    assert re.search(r"first result that differs is that of <a[^>]*>review</a>", page)
    assert '<code>decision</code> <span class="tag">changed</span>' in page


def test_two_runs_that_are_the_same_are_said_to_be(client: Client) -> None:
    one, other = (wait_for(started("echo", {"x": 1}), "success") for _ in range(2))
    page = page_of(client, one, other)
    assert "Every step gave the same result." in page
    assert "The same in both." in section(page, "Input")


def test_inputs_states_and_results_are_compared_field_by_field(client: Client) -> None:
    one = wait_for(started("echo", {"x": 1, "at": 1}), "success")
    other = wait_for(started("echo", {"x": 2, "at": 2}), "success")
    page = page_of(client, one, other)
    assert "<code>x</code>" in section(page, "Input")
    assert "<code>at</code>" in section(page, "Result")
    assert "<code>at</code>" not in section(page_of(client, one, other, ignore="at, y"), "Result")


def test_a_value_that_only_one_has_is_added_or_removed(client: Client) -> None:
    a, b = orders(), shipped(client)
    assert '<span class="tag">added</span>' in section(page_of(client, a, b), "Result")
    assert '<span class="tag">removed</span>' in section(page_of(client, b, a), "Result")


def test_a_step_is_opened_by_the_address(client: Client) -> None:
    one, other = (wait_for(started("echo", {"x": x}), "success") for x in (1, 2))
    assert '<h2 id="step-title">echo</h2>' in page_of(client, one, other, step="echo")


def test_what_changed_most_comes_first(client: Client) -> None:
    slow = wait_for(started("patient", {"seconds": 0.4}), "success")
    quick = wait_for(started("patient", {"seconds": 0}), "success")
    now = runtime.get_engine().now()
    pairs = {pair.path: pair for pair in compare(look_at(slow), look_at(quick), now).pairs}
    assert (pairs["rest"].delta or 0) < -300_000
    page = page_of(client, slow, quick, sort="delta")
    assert re.findall(r"<tr data-row.*?#step\">(\w+)</a>", page, re.DOTALL)[0] == "rest"


def test_runs_of_two_workflows_say_what_can_be_compared(client: Client) -> None:
    page = page_of(client, wait_for(started("echo", 1), "success"), shipped(client))
    assert "runs of two workflows, echo and order" in page
    assert "<code>" in section(page, "Input")


def test_steps_that_are_gone_from_the_graph_are_named(client: Client) -> None:
    one, other = (wait_for(started("echo", 1), "success") for _ in range(2))
    Run.objects.update(workflow_id="failing")
    page = page_of(client, one, other)
    assert "not in the graph any more: echo (both)" in page


def test_a_run_is_named_by_how_its_id_begins(client: Client) -> None:
    a, b = orders(), orders()
    assert "Compare order" in page_of(client, a[:8], b[:8])


def test_an_id_that_names_no_run_is_said_at_its_field_and_kept(client: Client) -> None:
    response = client.get("/compare/", {"a": "nothing", "b": orders()})
    page = response.content.decode()
    assert response.status_code == 404
    assert 'aria-describedby="a-fault"' in page
    assert 'value="nothing"' in page
    assert 'aria-describedby="b-fault"' not in page


def test_without_runs_it_asks_for_them(client: Client) -> None:
    response = client.get("/compare/")
    assert response.status_code == 200
    assert "Compare two runs" in response.content.decode()


def test_a_list_sends_the_runs_that_were_ticked(client: Client) -> None:
    a, b = orders(), orders()
    assert client.get("/compare/", {"run": [b, a]})["Location"] == f"/compare/?a={a}&b={b}"


def test_the_likely_ones_are_offered(client: Client) -> None:
    good, failed = shipped(client), orders()
    client.post(f"/runs/{failed}/time-travel/", {"step": "check", "where": "copy"})
    copy = Run.objects.get(forked_from=failed).id
    page = client.get(f"/runs/{copy}/compare/", headers=DIALOG).content.decode()
    assert re.search(rf"a={failed}&amp;b={copy}.*?The run before", page, re.DOTALL)
    assert re.search(rf"a={good}&amp;b={copy}.*?The last that succeeded", page, re.DOTALL)
    assert re.search(rf"a={failed}&amp;b={copy}.*?The run it is a copy of", page, re.DOTALL)
    page = client.get(f"/runs/{failed}/compare/").content.decode()
    assert re.search(rf"a={failed}&amp;b={copy}.*?A copy of it", page, re.DOTALL)
    assert "<html" in page


def test_values_stay_hidden_from_who_may_not_read_them(
    client: Client, settings: Any, django_user_model: type[User]
) -> None:
    one, other = (wait_for(started("echo", {"word": word}), "success") for word in ("alpha", "beta"))
    accounts(settings, client, django_user_model, "view_run")
    page = page_of(client, one, other, step="echo")
    assert "alpha" not in page
    assert "beta" not in page
    assert "may not read inputs and results" in page


def test_it_needs_the_right_to_look(client: Client, settings: Any, django_user_model: type[User]) -> None:
    a, b = orders(), orders()
    accounts(settings, client, django_user_model)
    assert client.get("/compare/", {"a": a, "b": b}).status_code == 403
    assert client.get(f"/runs/{a}/compare/").status_code == 403
    assert client.post("/compare/").status_code == 405
    assert client.get("/runs/nothing/compare/").status_code == 403


def test_the_last_run_of_another_version_is_offered(client: Client) -> None:
    run_id = shipped(client)
    older = wait_for(orders(), "suspended")
    Run.objects.filter(pk=older).update(fingerprint="before")
    Version.objects.create(
        workflow_id="order", number=1_000, fingerprint="before", first_at=timezone.now(), last_at=timezone.now()
    )
    dialog = client.get(f"/runs/{run_id}/compare/", headers=DIALOG).content.decode()
    assert "The last of version 1000" in dialog
    assert f"a={older}" in dialog


def test_what_is_left_out_can_be_kept_for_the_workflow(client: Client) -> None:
    runtime.sync_definitions()
    one, other = (wait_for(started("echo", {"at": n, "y": 2}), "success") for n in range(2))
    assert "<code>at</code>" in section(page_of(client, one, other), "Result")
    response = client.post("/workflows/echo/leave-out/", {"a": one, "b": other, "ignore": "at"})
    assert response["Location"] == f"/compare/?a={one}&b={other}"
    page = page_of(client, one, other)
    assert "<code>at</code>" not in section(page, "Result")
    assert "<code>at</code>" in section(page_of(client, one, other, ignore=""), "Result")
    runtime.sync_definitions()
    assert "<code>at</code>" not in section(page_of(client, one, other), "Result")


def test_keeping_it_needs_the_right_to_start(client: Client, settings: Any, django_user_model: type[User]) -> None:
    accounts(settings, client, django_user_model, "view_run")
    assert client.post("/workflows/echo/leave-out/", {"ignore": "at"}).status_code == 403
