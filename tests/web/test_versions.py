"""The versions of a workflow: which are kept, and what differs between two."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pydantic import BaseModel

from studio.workflows import workflows as samples
from tests.workflows.wire import workflows as wire
from workflows_app import create_step, create_workflow
from workflows_app.catalogue import Offer
from workflows_app.definitions import write_definitions
from workflows_app.engine import codec
from workflows_app.engine.history import History
from workflows_app.engine.workflow import Workflow
from workflows_app.models import Version
from workflows_app.web.graph.flow import draw
from workflows_app.web.workflows.versions import Change, changes, steps_in

pytestmark = pytest.mark.usefixtures("studio")


class Old(BaseModel):
    customer: str
    total: int


class New(BaseModel):
    customer: str
    total: float
    express: bool = False


async def work(ctx: Any) -> Any:
    return ctx.input_data


def a_step(name: str, schema: Any = None) -> Any:
    return create_step(id=name, execute=work, input_schema=schema) if schema else create_step(id=name, execute=work)


def chain(*steps: Any) -> Workflow:
    workflow = create_workflow(id="order")
    for one in steps:
        workflow = workflow.then(a_step(one) if isinstance(one, str) else one)
    return workflow.commit()


def fork(*steps: str) -> Workflow:
    return create_workflow(id="order").parallel([a_step(one) for one in steps]).then(a_step("end")).commit()


def between(old: Workflow, new: Workflow) -> list[Change]:
    a, b = ({str(part["path"]): part for part in codec.parts(one)} for one in (old, new))
    return changes(a, b)


def write(workflow: Workflow) -> None:
    write_definitions([Offer(workflow.id, "tests", workflow)])


def test_each_graph_is_a_version_and_coming_back_is_none() -> None:
    for workflow in (chain("a"), chain("a", "b"), chain("a", "b"), chain("a")):
        write(workflow)
    kept = Version.objects.filter(workflow_id="order").order_by("number")
    assert [(version.number, version.fingerprint) for version in kept] == [
        (1, chain("a").fingerprint),
        (2, chain("a", "b").fingerprint),
    ]
    assert kept[0].last_at >= kept[1].last_at


def test_a_version_knows_the_schemas_that_were_read_last() -> None:
    write(chain(a_step("a", Old)))
    write(chain(a_step("a", New)))
    assert Version.objects.filter(workflow_id="order").count() == 1
    assert "express" in Version.objects.get(workflow_id="order").parts


def test_added_and_removed_steps_are_told() -> None:
    assert between(chain("a", "b"), chain("a", "c")) == [Change("removed", "b", "step"), Change("added", "c", "step")]


def test_a_step_that_went_into_a_block_has_moved() -> None:
    found = between(chain("a", "b", "end"), fork("a", "b"))
    assert [(change.what, change.path, change.words) for change in found] == [
        ("moved", "a", ("in parallel",)),
        ("moved", "b", ("in parallel",)),
    ]


def test_as_few_steps_as_possible_have_moved() -> None:
    [change] = between(chain("a", "b", "c", "d"), chain("b", "c", "d", "a"))
    assert (change.what, change.path) == ("moved", "a")


def test_a_changed_schema_is_told_field_by_field() -> None:
    [change] = between(chain(a_step("a", Old)), chain(a_step("a", New)))
    assert change.what == "changed"
    assert change.words == ("input.total: whole number → number", "input.express: not there → yes or no, optional")


def test_a_step_that_became_something_else_is_told() -> None:
    nested = create_workflow(id="a").then(a_step("inner")).commit()
    found = between(chain("a"), create_workflow(id="order").then(nested).commit())
    assert [(change.what, change.path) for change in found] == [("changed", "a"), ("added", "a.inner")]
    assert found[0].words == ("was a step, is a workflow",)


def test_equal_versions_do_not_differ() -> None:
    assert between(chain("a", "b"), chain("a", "b")) == []


def test_the_page_compares_the_two_latest_unless_others_are_asked_for(client: Client) -> None:
    for workflow in (chain("a"), chain("a", "b"), chain("b")):
        write(workflow)
    page = client.get("/workflows/order/versions/").content.decode()
    assert '<del class="mono">a</del>' in page
    assert "added" not in page.partition("changes")[2].partition("</section>")[0]
    page = client.get("/workflows/order/versions/?a=1&b=2").content.decode()
    assert '<span class="mono">b</span>' in page
    assert client.get("/workflows/order/versions/?a=99&b=x").status_code == 200


def test_a_workflow_with_one_version_says_so(client: Client) -> None:
    write(chain("a"))
    assert "There is only one version" in client.get("/workflows/order/versions/").content.decode()
    assert "No version is kept" in client.get("/workflows/echo/versions/").content.decode()


@pytest.mark.parametrize("workflow", [*samples, *wire.values()], ids=lambda workflow: workflow.id)
def test_a_version_has_as_many_steps_as_its_graph(workflow: Workflow) -> None:
    parts = {part["path"]: part for part in codec.parts(workflow)}
    assert steps_in(parts) == draw(workflow.root, History(), 0).steps
