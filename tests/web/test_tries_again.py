"""A step that failed and waits for its next try does not sleep, and says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.web.studio import started, wait_for
from workflows_app import RetryPolicy, create_step, create_workflow, runtime
from workflows_app.web.graph.drawn import Drawn, Lane
from workflows_app.web.inspector.look import looking_at
from workflows_app.web.live.frames import Picture

pytestmark = pytest.mark.usefixtures("studio")


def fail(ctx: Any) -> None:
    raise ValueError("not yet")


@pytest.fixture
def run_id() -> str:
    """Give a run of which a step has failed, and is tried again in ten minutes."""
    shaky = create_step(id="shaky", execute=fail, retry=RetryPolicy(attempts=2, delay=600))
    runtime.get_engine().add_workflow(create_workflow(id="flaky").then(shaky).commit())
    return wait_for(started("flaky", 1), "waiting")


def test_its_page_says_so_wherever_its_status_stands(client: Client, run_id: str) -> None:
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert "<title>waiting to try again · flaky" in page
    for part in ("head", "flow", "timeline", "panel"):
        said = client.get(f"/runs/{run_id}/{part}/?step=shaky", headers={"HX-Request": "true"}).content.decode()
        assert "aiting to try again" in said, part
        assert "leeping" not in said, part


def test_the_list_says_so_too_and_not_of_what_sleeps(client: Client, run_id: str) -> None:
    runtime.get_engine().add_workflow(create_workflow(id="nap").sleep(600).commit())
    asleep = wait_for(started("nap", 1), "waiting")
    words = {row.run.id: row.words for row in client.get("/runs/").context["rows"]}
    assert words == {run_id: "waiting to try again", asleep: "sleeping"}


def test_an_open_page_is_told_the_word(run_id: str) -> None:
    with looking_at(run_id) as look:
        picture = Picture(look.history, look.moment.reading.events)
        deltas = next(frame["e"] for frame in picture.since(0) if "e" in frame)
    [delta] = [delta for delta in deltas if delta[1] == "shaky"]
    assert (delta[2], delta[4]["word"]) == ("waiting", "again")


def test_a_box_says_so_where_nothing_in_it_waits_for_anything_else() -> None:
    def box(*kinds: str) -> str:
        inside = [Drawn(kind=kind, drawing="node", name=kind, status="waiting") for kind in kinds]
        return Drawn(kind="parallel", drawing="fork", name="p", status="waiting", lanes=tuple(map(Lane, inside))).words

    assert box("step", "agent") == "waiting to try again"
    assert box("step", "sleep") == box("sleep") == "sleeping"
    assert box("event") == "waiting for an event"
