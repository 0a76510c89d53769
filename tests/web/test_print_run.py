"""A run on paper: what went in, what each step did, who decided, what came out."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import accounts, answered, orders, started, wait_for
from workflows_app.approvals.gather import catch_up
from workflows_app.models import Run

pytestmark = pytest.mark.usefixtures("studio")


def paper(client: Client, run_id: str) -> str:
    response = client.get(f"/runs/{run_id}/print/")
    assert response.status_code == 200
    return response.content.decode()


def test_a_run_that_ended_is_told_from_its_input_to_its_result(client: Client) -> None:
    run_id = orders("Grace <b>")
    catch_up()
    answered(run_id)
    catch_up()
    page = paper(client, run_id)
    for words in (run_id, "Grace &lt;b&gt;", "shipped", "May it be shipped?", "ada", "succeeded", "by ada"):
        assert words in page
    for step in ("check", "stock", "fraud", "review", "ship"):
        assert f'<td class="fold">{step}' in page
    assert f'href="/runs/{run_id}/print/"' in client.get(f"/runs/{run_id}/").content.decode()


def test_a_run_that_waits_and_one_that_failed_are_told_as_they_are(client: Client) -> None:
    waiting = paper(client, orders())
    assert "waiting for a person" in waiting
    assert "Result</h2>" not in waiting
    failed = paper(client, wait_for(started("failing", {}), "failed"))
    assert "Error</h2>" in failed


def test_a_long_list_is_told_in_short(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.web.inspector.printed.MOST", 2)
    page = paper(client, answered(orders()))
    assert page.count('<tr><td class="fold">') == 2
    assert "more steps are left out" in page


def test_values_are_for_those_who_may_read_them(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = answered(orders("Grace"))
    accounts(settings, client, django_user_model, "view_run")
    page = paper(client, run_id)
    assert "Grace" not in page
    assert '<td class="fold">review' in page


def test_what_is_not_there_is_not_found(client: Client) -> None:
    assert client.get("/runs/nothing/print/").status_code == 404
    assert not Run.objects.exists()
