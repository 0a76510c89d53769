"""One verb for many runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from tests.web.studio import accounts, order, orders, started, wait_for
from workflows_app import runtime
from workflows_app.models import Activity, Run

pytestmark = pytest.mark.usefixtures("studio")


def post(client: Client, **form: Any) -> HttpResponse:
    return client.post("/runs/bulk/", form)  # type: ignore[return-value]


def body(response: HttpResponse) -> str:
    return response.content.decode()


def test_it_says_first_what_it_would_do_and_does_nothing(client: Client) -> None:
    waiting, done = orders(), wait_for(started("stateful", 1), "success")
    page = body(post(client, verb="cancel", run=[waiting, done]))
    assert "Cancel 1 run</h1>" in page
    assert "One other is left alone" in page
    assert "It has finished." in page
    assert page.count('type="hidden" name="run"') == 1
    assert order(waiting).head.status == "suspended"


def test_runs_are_canceled_with_their_reason_and_noted(client: Client) -> None:
    runs = [orders("Ada"), orders("Grace")]
    page = body(post(client, verb="cancel", run=runs, sure="1", reason="Wrong prices"))
    assert "Cancel: 2 done" in page
    assert {wait_for(run, "canceled") for run in runs} == set(runs)
    assert list(Activity.objects.filter(verb="cancel").values_list("reason", flat=True)) == ["Wrong prices"] * 2


def test_what_is_not_possible_for_some_leaves_the_others_alone(client: Client) -> None:
    waiting, done = orders(), wait_for(started("stateful", 1), "success")
    page = body(post(client, verb="cancel", run=[waiting, done], sure="1"))
    assert "Cancel: 1 done, 1 left alone" in page
    assert "It had finished before." in page
    wait_for(waiting, "canceled")


def test_runs_are_deleted(client: Client) -> None:
    runs = [wait_for(started("stateful", 1), "success") for _ in range(2)]
    assert "deleted in 30 s; until then you can undo it" in body(post(client, verb="delete", run=runs))
    assert "2 runs are deleted at" in body(post(client, verb="delete", run=runs, sure="1"))
    engine = runtime.get_engine()
    runtime.call(runtime.delete_due(engine, engine.now() + 3_600_000_000))
    assert not Run.objects.exists()
    again = body(post(client, verb="delete", run=runs, sure="1"))
    assert "No run was selected" in again or again == ""


def test_a_run_that_is_performed_is_not_restarted(client: Client) -> None:
    busy = wait_for(started("patient", {"seconds": 60}), "running")
    page = body(post(client, verb="restart", run=[busy]))
    assert "not possible for these runs" in page
    assert "It is being performed" in page


def test_all_that_match_are_taken_not_only_those_that_are_shown(client: Client) -> None:
    runs = {orders() for _ in range(3)}
    wait_for(started("stateful", 1), "success")
    page = body(post(client, verb="cancel", all="1", query="?status=suspended"))
    assert "Cancel 3 runs" in page
    assert all(f'value="{run}"' in page for run in runs)


@pytest.mark.parametrize("form", [{"verb": "cancel"}, {"verb": "explode", "run": "x"}, {"run": "x"}])
def test_nothing_to_do_goes_back_to_the_list_and_says_so(client: Client, form: dict[str, str]) -> None:
    response = client.post("/runs/bulk/", {**form, "query": "?status=failed"}, follow=True)
    assert response.redirect_chain == [("/runs/?status=failed", 302)]
    assert 'data-s="suspended"' in body(response)  # type: ignore[arg-type]


def test_it_takes_the_right_to_the_verb(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run = orders()
    accounts(settings, client, django_user_model, "view_run", "cancel_run")
    assert post(client, verb="delete", run=run).status_code == 403
    assert post(client, verb="cancel", run=run).status_code == 200
    page = client.get("/runs/").content.decode()
    assert 'value="cancel"' in page
    assert 'value="delete"' not in page


def test_it_is_not_done_by_a_get(client: Client) -> None:
    assert client.get("/runs/bulk/").status_code == 405
