"""The workflows, and the page of one."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tests.web.studio import orders
from tests.web.test_rollups import ended
from workflows_app import create_step, create_workflow, runtime
from workflows_app.engine.history import History
from workflows_app.models import Definition, Version, Wait
from workflows_app.rollups import catch_up
from workflows_app.web.graph.flow import draw
from workflows_app.web.workflows.opens import noted

pytestmark = pytest.mark.usefixtures("studio")


def test_every_workflow_is_listed_with_its_words(client: Client) -> None:
    page = client.get("/workflows/").content.decode()
    for name in ("order", "patient", "stateful", "failing"):
        assert f'href="/workflows/{name}/"' in page
    assert "Checks an order and asks a person." in page


def test_the_list_can_be_searched(client: Client) -> None:
    page = client.get("/workflows/?q=ASKS+a+person").content.decode()
    assert 'href="/workflows/order/"' in page
    assert 'href="/workflows/patient/"' not in page


def test_a_search_that_finds_nothing_says_so(client: Client) -> None:
    page = client.get("/workflows/?q=<b>").content.decode()
    assert "No workflow is called “&lt;b&gt;”" in page


def test_the_page_shows_graph_schema_and_runs(client: Client) -> None:
    run_id = orders()
    page = client.get("/workflows/order/").content.decode()
    for path in ("check", "stock", "fraud", "review", "ship"):
        assert f'data-path="{path}"' in page
    assert "<code>customer</code>" in page
    assert "Who ordered." in page
    assert f'href="/runs/{run_id}/"' in page


def test_a_step_can_be_looked_at(client: Client) -> None:
    page = client.get("/workflows/order/?step=review").content.decode()
    assert "<h3>Answer</h3>" in page
    assert "<code>decision</code>" in page
    assert "one of approve, reject" in page


def test_what_does_not_fit_is_said_in_plain_words(client: Client) -> None:
    page = client.get("/workflows/unlike/").content.decode()
    assert "Input of unlike lacks field customer required by ask." in page
    assert 'href="?step=ask"' in page
    assert "Output of the parallel of part lacks field customer required by the output of unlike." in page
    assert 'id="warnings"' not in client.get("/workflows/order/").content.decode()


def test_what_does_not_fit_is_kept_with_the_definition() -> None:
    runtime.sync_definitions()
    kept = json.loads(Definition.objects.get(id="unlike").warnings)
    assert [(one["step"], one["field"]) for one in kept] == [("ask", "customer"), ("parallel_unlike_0", "customer")]
    assert Definition.objects.get(id="order").warnings == "[]"


def test_a_workflow_that_has_not_run_says_so(client: Client) -> None:
    assert "has not run yet" in client.get("/workflows/order/").content.decode()


def test_a_broken_module_shows_its_traceback_and_leaves_the_others_alone(client: Client) -> None:
    response = client.get("/workflows/tests.workflows.broken/")
    page = response.content.decode()
    assert response.status_code == 200
    assert "RuntimeError: The key of the warehouse is not set &lt;b&gt;here&lt;/b&gt;" in page
    assert client.get("/workflows/tests.workflows.broken/run/").status_code == 409
    assert client.get("/workflows/order/").status_code == 200


@pytest.mark.parametrize("address", ["/workflows/nothing/", "/workflows/order/?step=nothing"])
def test_what_is_not_there_is_a_page(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert "nothing" in response.content.decode()


def test_a_box_in_which_runs_are_is_open() -> None:
    inner = create_workflow(id="inner").then(create_step(id="ask", execute=str)).commit()
    outer = create_workflow(id="outer").then(inner).commit()
    box = draw(outer.root, History(), 0).lanes[0].node
    assert not noted(box, {}).open
    assert noted(box, {"inner.ask": "2 open"}).open


def test_the_graph_says_how_many_runs_are_on_each_step(client: Client) -> None:
    cache.clear()
    orders()
    orders()
    page = client.get("/workflows/order/?step=review").content.decode()
    assert "2 open" in page
    assert 'href="/runs/?workflow=order&amp;step=review">2</a>' in page
    assert client.get("/workflows/order/open/").json() == {"open": {"review": "2 open"}}


def test_runs_on_a_step_that_is_gone_are_told_with_its_last_version(client: Client) -> None:
    cache.clear()
    run_id = orders()
    Wait.objects.filter(run=run_id).update(path="second-review#2")
    Version.objects.create(
        workflow_id="order", number=3, fingerprint="x", parts='[{"path": "second-review"}]',
        first_at=timezone.now(), last_at=timezone.now(),
    )  # fmt: skip
    page = client.get("/workflows/order/").content.decode()
    assert "<del>second-review</del>" in page
    assert "last in v3" in page


def test_the_list_shows_how_the_last_day_went(client: Client) -> None:
    for index in range(4):
        ended(f"run-{index}", at=timezone.now(), status="failed" if index == 0 else "success")
    catch_up()
    page = client.get("/workflows/").content.decode()
    assert ">4</a>" in page
    assert "75.0 %" in page
    fragment = client.get("/workflows/?q=order", headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith('<div class="scroll" id="workflows"')


def test_workflows_are_found_by_the_tags_of_their_metadata(client: Client) -> None:
    page = client.get("/workflows/?tag=sales").content.decode()
    assert 'href="/workflows/order/"' in page
    assert 'href="/workflows/echo/"' not in page
    assert "No workflow has the tag “none”" in client.get("/workflows/?tag=none").content.decode()


def test_the_calls_that_start_it_can_be_copied_and_work(client: Client) -> None:
    page = unescape(client.get("/workflows/order/").content.decode())
    assert 'get_workflow("order")' in page
    assert "run.start(input_data={'customer': 'text', 'total': 1.0})" in page
    body = re.search(r"-d '(\{.*\})'", page)
    assert body is not None
    answer = client.post("/api/workflows/order/start-async", json.loads(body[1]), content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["status"] == "suspended"


def test_a_step_shows_where_its_code_is(client: Client) -> None:
    page = client.get("/workflows/order/?step=check").content.decode()
    assert "tests/workflows/journeys.py:" in page
    assert "async def check(ctx: Any)" in page
