"""A run that waits for an event asks nobody, and says so."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.web.studio import orders, started, until, wait_for

pytestmark = pytest.mark.usefixtures("studio")


def test_a_run_that_waits_for_an_event_is_not_said_to_wait_for_a_person(client: Client) -> None:
    run_id = wait_for(started("invoice", {}), "suspended")
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert "Waiting for an event" in page
    assert "Waiting for the event" in page
    assert "aiting for a person" not in page
    assert "<title>waiting for an event · invoice" in page


def test_only_who_asks_a_person_needs_attention(client: Client) -> None:
    invoice = wait_for(started("invoice", {}), "suspended")
    asks = orders()
    until(asks, lambda _: asks[:8] in client.get("/").content.decode())
    assert invoice[:8] not in client.get("/").content.decode()
