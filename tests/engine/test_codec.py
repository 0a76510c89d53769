"""The tree as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from workflows_app import Workflow, create_step, create_workflow
from workflows_app.engine import codec
from workflows_app.engine.nodes import Cursor, Node
from workflows_app.engine.outcomes import Done, Outcome
from workflows_app.engine.schema import Value


class Order(BaseModel):
    sku: str


def echo(id: str, **options: Any) -> Any:
    return create_step(id=id, execute=yes, **options)


def yes(ctx: Any) -> Any:
    """Say yes."""
    return ctx.input_data


def graph(workflow: Workflow) -> Any:
    written = workflow.commit().serialized_step_graph
    assert json.loads(json.dumps(written)) == written
    return written


def only(workflow: Workflow) -> dict[str, Any]:
    [entry] = graph(workflow)
    return dict(entry)


def new() -> Workflow:
    return create_workflow(id="wf")


def test_a_step() -> None:
    step = echo("a", description="says", metadata={"k": 1}, resume_schema=Order)
    assert only(new().then(step)) == {
        "type": "step",
        "step": {"id": "a", "canSuspend": True, "description": "says", "metadata": {"k": 1}},
    }
    assert only(new().then(echo("a"))) == {"type": "step", "step": {"id": "a", "canSuspend": False}}


def test_a_nested_workflow_holds_its_own_graph() -> None:
    inner = create_workflow(id="inner", description="deep").then(echo("a")).commit()
    entry = only(new().then(inner))
    assert (entry["type"], entry["id"], entry["description"]) == ("workflow", "inner", "deep")
    assert entry["serializedStepFlow"] == inner.serialized_step_graph


def test_a_parallel_with_a_list_arm() -> None:
    entry = only(new().parallel([echo("a"), [echo("b"), echo("c")]], on_error="collect", id="p"))
    assert (entry["type"], entry["id"], entry["onError"]) == ("parallel", "p", "collect")
    assert [step["type"] for step in entry["steps"]] == ["step", "sequence"]


def test_branches_show_their_conditions() -> None:
    entry = only(new().branch([(yes, echo("a")), (yes, echo("b"))], mode="first", otherwise=echo("c")))
    assert (entry["type"], entry["mode"]) == ("conditional", "first")
    assert [condition["id"] for condition in entry["serializedConditions"]] == ["a-condition", "b-condition"]
    assert "Say yes" in entry["serializedConditions"][0]["fn"]
    assert entry["otherwise"]["step"]["id"] == "c"
    assert "otherwise" not in only(new().branch([(yes, echo("a"))]))


def test_a_when_is_a_branch_of_one() -> None:
    entry = only(new().when(yes, echo("a")))
    assert (entry["type"], len(entry["steps"]), "otherwise" in entry) == ("conditional", 1, False)
    assert only(new().when(yes, echo("a"), otherwise=echo("b")))["otherwise"]["step"]["id"] == "b"


@pytest.mark.parametrize("kind", ["dowhile", "dountil"])
def test_a_loop(kind: str) -> None:
    entry = only(getattr(new(), kind)(echo("a"), yes))
    assert (entry["type"], entry["loopType"], entry["step"]["step"]["id"]) == ("loop", kind, "a")
    assert entry["serializedCondition"]["id"] == "a-condition"


def test_a_foreach() -> None:
    assert only(new().foreach(echo("a"), concurrency=3))["opts"] == {"concurrency": 3}
    assert "Say yes" in only(new().foreach(echo("a"), concurrency=yes))["opts"]["concurrency"]["fn"]


def test_sleeps_and_waits() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert only(new().sleep(1.5, id="s")) == {"type": "sleep", "id": "s", "duration": 1500}
    assert only(new().sleep(yes, id="s"))["type"] == "sleep"
    assert only(new().sleep_until(moment, id="s"))["date"] == int(moment.timestamp() * 1000)
    assert only(new().sleep_until(yes, id="s"))["type"] == "sleepUntil"
    entry = only(new().wait_for_event("paid", timeout=5, id="w"))
    assert entry == {"type": "waitForEvent", "id": "w", "event": "paid", "timeout": 5.0}


def test_a_time_limit_stands_beside_what_it_bounds() -> None:
    entry = only(new().parallel([echo("a")], timeout=1.5, id="p"))
    assert (entry["type"], entry["id"], entry["timeout"]) == ("parallel", "p", 1500)


def test_a_construct_of_ones_own_shows_its_kind_and_id() -> None:
    class Odd(Node):
        kind = "odd"

        def advance(self, at: Cursor, value: Value) -> Outcome:
            return Done(value)

    assert only(new().add(Odd(id="o"))) == {"type": "odd", "id": "o"}


def test_a_mapping() -> None:
    entry = only(new().map(yes, id="m"))
    assert (entry["type"], entry["id"]) == ("mapping", "m")


def test_what_an_entry_says_of_itself_is_kept() -> None:
    entry = only(new().parallel([echo("a")], description="both", metadata={"lane": 2}))
    assert (entry["description"], entry["metadata"]) == ("both", {"lane": 2})


@pytest.mark.parametrize(
    "build",
    [
        lambda says: new().map(yes, **says),
        lambda says: new().sleep(1, **says),
        lambda says: new().sleep_until(yes, **says),
        lambda says: new().wait_for_event("paid", **says),
        lambda says: new().when(yes, echo("a"), **says),
        lambda says: new().foreach(echo("a"), timeout=1, **says),
        lambda says: new().dowhile(echo("a"), yes, timeout=1, **says),
    ],
)
def test_every_entry_may_say_something_of_itself(build: Any) -> None:
    entry = only(build({"description": "why", "metadata": {"lane": 2}}))
    assert (entry["description"], entry["metadata"]) == ("why", {"lane": 2})


def test_declared_schemas_are_written() -> None:
    step = echo("a", input_schema=Order, resume_schema=int)
    assert set(codec.schemas(step)) == {"input", "resume"}
    inner = create_workflow(id="inner", output_schema=Order).then(step)
    [node] = new().then(inner).commit().entries
    assert set(codec.schemas(inner)) == {"output"}
    assert codec.schemas(node)["output"]["required"] == ["sku"]  # type: ignore[arg-type]


def test_the_parts_of_a_graph_are_listed_with_where_they_stand() -> None:
    inner = create_workflow(id="inner", input_schema=Order).then(echo("i")).commit()
    workflow = new().branch([(yes, [echo("a"), echo("b")]), (yes, inner)]).foreach(echo("c", input_schema=int)).commit()
    shown = [(part["path"], part["kind"], part["inside"], part["when"]) for part in codec.parts(workflow)]
    assert shown == [
        ("a", "step", ["branch"], "Say yes"),
        ("b", "step", ["branch"], "Say yes"),
        ("inner", "nested", ["branch"], "Say yes"),
        ("inner.i", "step", [], None),
        ("c", "step", ["foreach"], None),
    ]
    schemas = {part["path"]: set(part["schemas"]) for part in codec.parts(workflow)}
    assert (schemas["inner"], schemas["c"], schemas["a"]) == ({"input"}, {"input"}, set())
