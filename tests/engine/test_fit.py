"""Warnings at commit: which steps of a workflow can never fit one another, and which might."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from workflows_app import (
    Step,
    Workflow,
    clone_workflow,
    const,
    create_step,
    create_tool,
    create_workflow,
    from_context,
    from_init,
    from_step,
    template,
)
from workflows_app.engine.nodes import Cursor, Node
from workflows_app.engine.outcomes import Done, Outcome
from workflows_app.engine.schema import Value


class Less(BaseModel):
    y: int = 0


class More(BaseModel):
    x: int


class Both(BaseModel):
    a: More
    b: More


class Deep(BaseModel):
    more: More


class Order(BaseModel):
    lines: list[Deep]
    note: str | None = None


def gives(id: str, output: Any = None, takes: Any = None) -> Step:
    return create_step(id=id, input_schema=takes, output_schema=output, execute=lambda ctx: ctx.input_data)


def takes(id: str, schema: Any = More) -> Step:
    return gives(id, takes=schema)


def begun(**options: Any) -> Workflow:
    return create_workflow(id="w", **options)


def said(workflow: Workflow) -> list[str]:
    return [warning.message for warning in workflow.commit().warnings]


def holds(ctx: Any) -> bool:
    return True


def test_a_missing_field_is_a_warning_that_names_step_and_field(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "workflows"):
        workflow = begun().then(gives("a", Less)).then(takes("b")).commit()
        workflow.commit()
    (warning,) = workflow.warnings
    assert (warning.step, warning.field) == ("b", "x")
    assert warning.message == "output of a lacks field x required by b"
    assert [record.getMessage() for record in caplog.records] == [f"workflow w: {warning.message}"]


def test_a_workflow_with_warnings_runs() -> None:
    workflow = begun().then(gives("a", Less)).then(takes("b")).commit()

    async def scenario() -> None:
        run = await workflow.create_run()
        result = await run.start(input_data={"x": 1})
        assert result.status == "success"

    asyncio.run(scenario())


def test_a_clone_has_the_warnings_of_its_original() -> None:
    workflow = begun().then(gives("a", Less)).then(takes("b")).commit()
    assert clone_workflow(workflow, id="copy").warnings == workflow.warnings


def test_the_first_step_is_held_against_the_workflows_input() -> None:
    assert said(begun(input_schema=Less).then(takes("b"))) == ["input of w lacks field x required by b"]


def test_the_last_step_is_held_against_the_workflows_output() -> None:
    workflow = begun(output_schema=More).then(gives("a", Less))
    assert said(workflow) == ["output of a lacks field x required by the output of w"]
    assert workflow.warnings[0].step == "a"


def test_kinds_are_named_in_plain_words() -> None:
    assert said(begun(input_schema=int).then(takes("b"))) == ["input of w gives number where b takes object"]
    workflow = begun(input_schema=Deep).then(takes("b", list[int] | str))
    assert said(workflow) == ["input of w gives object where b takes list or text"]


def test_a_kind_inside_a_field_names_the_field() -> None:
    class Wanted(BaseModel):
        more: list[int]

    workflow = begun(input_schema=Deep).then(takes("b", Wanted))
    assert said(workflow) == ["input of w gives object in field more where b takes list"]


def test_a_forbidden_field_is_named() -> None:
    class Closed(BaseModel, extra="forbid"):
        x: int

    workflow = begun().parallel([gives("x", int), gives("z", int)]).then(takes("b", Closed))
    assert said(workflow) == ["output of the parallel of x, z has field z refused by b"]


def test_without_validation_nothing_can_fail() -> None:
    assert said(begun(validate_inputs=False).then(gives("a", Less)).then(takes("b"))) == []


def test_members_of_a_parallel_take_the_same_and_give_a_field_each() -> None:
    workflow = begun(input_schema=Less).parallel([takes("a"), gives("b", More)]).then(takes("c", Both))
    assert said(workflow) == ["input of w lacks field x required by a"]
    workflow = begun().parallel([gives("a", Less), gives("c", More)]).then(takes("d", Both))
    assert said(workflow) == ["output of the parallel of a, c lacks field a.x required by d"]
    workflow = begun().parallel([gives(name) for name in "cdefg"]).then(takes("h", Both))
    assert said(workflow) == ["output of the parallel of c, d, e, f, … lacks field a required by h"]


def test_a_member_that_may_fail_may_give_nothing() -> None:
    class Wanted(BaseModel):
        a: list[int] | None

    members = [gives("a", Less)]
    assert said(begun().parallel(members, on_error="collect").then(takes("b", Wanted))) == []
    assert said(begun().parallel(members).then(takes("b", Wanted))) == [
        "output of the parallel of a gives object in field a where b takes list or nothing"
    ]


def test_any_arm_of_a_branch_may_be_left_out_but_no_other_field_is_there() -> None:
    arms = [(holds, gives("a", More)), (holds, [gives("first"), gives("b", More)])]
    assert said(begun().branch(arms).then(takes("c", Both))) == []
    assert said(begun().branch(arms, otherwise=gives("d")).then(takes("c"))) == [
        "output of the branch of a, b, d lacks field x required by c"
    ]


def test_when_gives_what_passes_by_or_what_its_step_gives() -> None:
    assert said(begun(input_schema=More).when(holds, gives("a", Less)).then(takes("b"))) == []
    assert said(begun(input_schema=Less).when(holds, gives("a", Less)).then(takes("b"))) != []
    workflow = begun(input_schema=More).when(holds, gives("a", Less), otherwise=gives("c", Less)).then(takes("b"))
    assert said(workflow) == ["output of a lacks field x required by b"]


@pytest.mark.parametrize("loop", [Workflow.dowhile, Workflow.dountil])
def test_a_loop_takes_its_own_output_in_its_next_pass(loop: Callable[..., Workflow]) -> None:
    workflow = loop(begun(input_schema=More), gives("a", Less, takes=More), holds)
    assert said(workflow) == ["output of a lacks field x required by a in its next pass"]
    assert said(loop(begun(), gives("a", More, takes=More), holds)) == []


def test_a_loop_of_a_workflow_takes_that_workflows_output() -> None:
    inner = create_workflow(id="inner", input_schema=More, output_schema=Less).then(gives("a")).commit()
    assert said(begun().dowhile(inner, holds)) == ["output of inner lacks field x required by inner in its next pass"]


def test_foreach_takes_items_and_gives_a_list() -> None:
    workflow = begun(input_schema=list[Less]).foreach(takes("a"))
    assert said(workflow) == ["each item of input of w lacks field x required by a"]
    workflow = begun(input_schema=list[More] | None).foreach(gives("a", Less, takes=More)).then(takes("b", list[More]))
    assert said(workflow) == ["output of a lacks field [].x required by b"]


def test_foreach_over_what_is_no_list_is_a_warning() -> None:
    workflow = begun(input_schema=More).foreach(takes("a"))
    assert said(workflow) == ["input of w is no list, and a takes the items of one"]
    assert said(begun(input_schema=Any).foreach(takes("a"))) == []


def test_waiting_changes_nothing() -> None:
    workflow = begun(input_schema=Less).sleep(1).sleep_until(holds).then(takes("b"))
    assert said(workflow) == ["input of w lacks field x required by b"]


def test_an_event_gives_its_payload() -> None:
    assert said(begun(input_schema=More).wait_for_event("paid", schema=Less).then(takes("b"))) != []
    assert said(begun(input_schema=Less).wait_for_event("paid").then(takes("b"))) == []


def test_a_time_limit_hides_nothing() -> None:
    workflow = begun(timeout=9).parallel([gives("a", Less)], timeout=5).then(takes("b"))
    assert said(workflow) == ["output of the parallel of a lacks field x required by b"]


def test_a_construct_that_is_not_known_may_give_anything() -> None:
    class Odd(Node):
        def advance(self, at: Cursor, value: Value) -> Outcome:
            return Done(value)

        def members(self) -> tuple[Node, ...]:
            return (self,)

    assert said(begun(input_schema=Less).add(Odd(id="odd")).then(takes("b"))) == []


def test_a_tool_takes_and_gives_by_its_schemas() -> None:
    tool = create_tool(id="t", input_schema=More, output_schema=Less, execute=lambda data, ctx: data)
    workflow = begun(input_schema=Less).then(tool).then(takes("b"))
    assert said(workflow) == ["input of w lacks field x required by t", "output of t lacks field x required by b"]
    assert said(begun(input_schema=Less).tool("by-name").then(takes("b"))) == []


def test_a_nested_workflow_takes_and_gives_by_its_schemas() -> None:
    inner = create_workflow(id="inner", input_schema=More, output_schema=Less).then(gives("a")).commit()
    workflow = begun(input_schema=Less).then(inner).then(takes("b"))
    assert said(workflow) == [
        "input of w lacks field x required by inner",
        "output of inner lacks field x required by b",
    ]


def test_a_nested_workflow_without_schemas_takes_and_gives_what_its_steps_do() -> None:
    inner = create_workflow(id="inner").then(gives("a", Less, takes=More)).commit()
    workflow = begun(input_schema=Less).then(inner).then(takes("b"))
    assert said(workflow) == [
        "input of w lacks field x required by inner.a",
        "output of inner lacks field x required by b",
    ]
    assert workflow.warnings[0].step == "inner.a"


def test_a_nested_workflow_keeps_its_own_warnings() -> None:
    inner = create_workflow(id="inner", input_schema=Less).then(takes("a")).commit()
    assert said(inner) == ["input of inner lacks field x required by a"]
    assert said(begun(input_schema=Less).then(inner).then(takes("b"))) == []


@pytest.mark.parametrize("validates", [True, False])
def test_the_outermost_workflow_says_whether_values_are_checked(validates: bool) -> None:
    inner = create_workflow(id="inner", input_schema=More, validate_inputs=not validates).then(gives("a")).commit()
    outer = begun(input_schema=Less, validate_inputs=validates).then(inner)
    assert said(outer) == (["input of w lacks field x required by inner"] if validates else [])


def test_a_mapping_that_reads_a_field_that_is_not_there_is_a_warning() -> None:
    sources = {
        "a": from_step("a", "lines.0.more.z"),
        "b": from_init("z"),
        "c": from_step("a", "lines.first"),
        "d": from_step("a", "note.length"),
    }
    workflow = begun(input_schema=Less).then(gives("a", Order)).map(sources, id="m")
    assert said(workflow) == [
        "output of a lacks field lines.0.more.z read by m",
        "input of w lacks field z read by m",
        "output of a lacks field lines.first read by m",
        "output of a lacks field note.length read by m",
    ]
    assert {warning.step for warning in workflow.warnings} == {"m"}


def test_a_mapping_gives_the_fields_that_it_makes() -> None:
    class Wanted(BaseModel):
        whole: Order
        first: Deep
        number: int
        text: str
        flag: bool
        listed: list[int]
        nested: More
        user: Any
        made: Any

    sources = {
        "whole": from_step("a"),
        "first": from_step(["a", "a"], "lines.0"),
        "number": const(1),
        "text": template("${initData.x}"),
        "flag": const(True),
        "listed": const([1]),
        "nested": const({"x": 1}),
        "user": from_context("user"),
        "made": holds,
    }
    workflow = begun().then(gives("a", Order)).map(sources).then(takes("b", Wanted))
    assert said(workflow) == []
    sources |= {"text": const(1), "listed": const(None), "nested": const({"y": 1})}
    workflow = begun().then(gives("a", Order)).map(sources, id="m").then(takes("b", Wanted))
    assert said(workflow) == ["output of m gives number in field text where b takes text"]


def test_a_mapping_by_a_function_may_give_anything() -> None:
    assert said(begun(input_schema=Less).map(holds).then(takes("b"))) == []


def test_a_mapping_may_read_anything_of_what_is_not_declared() -> None:
    sources = {"a": from_step("a", "x.y.z"), "b": from_init("x.y"), "later": from_step("b", "x")}
    assert said(begun().then(gives("a")).map(sources).then(gives("b", Less))) == []
    sources = {"open": from_step("a", "x.y")}
    assert said(begun().then(gives("a", dict[str, Any])).map(sources)) == []


def test_a_mapping_reads_lists_of_a_foreach_and_members_of_blocks() -> None:
    sources = {"a": from_step("a", "0.x"), "b": from_step("b", "x"), "c": from_step("a", "x")}
    workflow = (
        begun(input_schema=list[More]).foreach(gives("a", More)).parallel([gives("b", Less)]).map(sources, id="m")
    )
    assert said(workflow) == ["output of b lacks field x read by m", "output of a lacks field x read by m"]


def test_of_many_warnings_the_first_are_kept() -> None:
    workflow = begun(input_schema=Less)
    for number in range(60):
        workflow.parallel([takes(f"a{number}")]).map(lambda ctx: ctx.get_init_data())
        workflow.then(gives(f"b{number}", Less))
    assert len(said(workflow)) == 50
