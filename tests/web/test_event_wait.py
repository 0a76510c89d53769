"""A run that waits for an event asks nobody, and says so."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from tests.web.studio import orders, started, until, wait_for
from tests.web.test_insights import roll
from workflows_app.models import Ending, Run
from workflows_app.web.graph.drawn import Drawn, Lane

pytestmark = pytest.mark.usefixtures("studio")


def test_a_run_that_waits_for_an_event_is_not_said_to_wait_for_a_person(client: Client) -> None:
    run_id = wait_for(started("invoice", {}), "suspended")
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert "Waiting for an event" in page
    assert "Waiting for the event" in page
    assert re.search(r'id="panel-title"[^>]*>wait for paid<', page)
    assert "aiting for a person" not in page
    assert "<title>waiting for an event · invoice" in page


def test_lists_and_figures_say_that_too(client: Client) -> None:
    run_id = wait_for(started("invoice", {}), "suspended")
    [row] = client.get("/runs/").context["rows"]
    assert (row.run.id, row.status, row.words) == (run_id, "waiting", "waiting for an event")
    assert "aiting for a person" not in client.get("/runs/").content.decode().partition("<tbody")[2]
    assert "nothing waits" in client.get("/").content.decode()


def test_a_name_that_was_made_up_is_shown_nowhere(client: Client) -> None:
    run_id = wait_for(started("invoice", {}), "suspended")
    roll(1, "failed", workflow="invoice", faults={"StepTimeout\nevent_invoice_0": 1})
    for address in ("/insights/", "/runs/", "/runs/?group=step", f"/runs/{run_id}/timeline/?only=waiting"):
        page = client.get(address).content.decode()
        assert "wait for paid" in page, address
        assert not re.search(r">[^<>]*event_invoice_0[^<>]*<", page), address


def test_the_end_of_a_wait_is_told_in_words(client: Client) -> None:
    run_id = wait_for(started("invoice", {}), "suspended")
    at = timezone.now()
    Run.objects.filter(pk=run_id).update(status="failed", finished_at=at, error="it took too long")
    Ending.objects.create(
        run_id=run_id, workflow_id="invoice", status="failed", ended_at=at, took=1, active=1, human=0, retries=0,
        fault="StepTimeout", step="event_invoice_0",
    )  # fmt: skip
    assert "wait for paid failed" in client.get("/").content.decode()


def test_who_waits_for_a_person_too_is_said_to(client: Client) -> None:
    orders()
    [row] = client.get("/runs/").context["rows"]
    assert (row.status, row.words) == ("suspended", "waiting for a person")


def test_its_graph_and_its_timeline_say_that_too(client: Client) -> None:
    run_id = wait_for(started("invoice", {}), "suspended")
    for part in ("flow", "timeline"):
        said = client.get(f"/runs/{run_id}/{part}/", headers={"HX-Request": "true"}).content.decode()
        assert ", waiting for an event" in said
        assert "sleeping" not in said


def test_a_box_waits_for_an_event_where_nothing_in_it_sleeps() -> None:
    paid, nap = Drawn(kind="event", drawing="pill", name="paid"), Drawn(kind="sleep", drawing="pill", name="nap")
    asleep = [replace(node, status="waiting") for node in (paid, nap)]

    def words(*inside: Drawn) -> str:
        lanes = tuple(Lane(node) for node in inside)
        return Drawn(kind="parallel", drawing="fork", name="both", status="waiting", lanes=lanes).words

    assert words(asleep[0], nap) == "waiting for an event"
    assert words(*asleep) == words(paid, asleep[1]) == "sleeping"
    assert paid.words == "not started"


def test_only_who_asks_a_person_needs_attention(client: Client) -> None:
    invoice = wait_for(started("invoice", {}), "suspended")
    asks = orders()
    until(asks, lambda _: asks[:8] in client.get("/").content.decode())
    assert invoice[:8] not in client.get("/").content.decode()
