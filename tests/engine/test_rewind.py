"""Rewinds: what is forgotten, what is assumed, and that the run then comes to the same as a fresh one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.engine.answers import evaluate
from tests.engine.simulator import Simulator, ending, programs, quiet_log, randomly
from tests.engine.travel import broken, echo, finished, nested, new, plan, travelled, worked
from tests.engine.trees import Flow, build, plans
from workflows_app import RetryPolicy, Workflow, create_step, create_workflow
from workflows_app.engine.rewind import rewind, spelled
from workflows_app.engine.snapshot import result_of
from workflows_app.errors import (
    InvalidInput,
    InvalidRequestContext,
    InvalidState,
    MissingResult,
    StillRunning,
    UnknownStep,
    WorkflowsError,
)

assert quiet_log


def test_the_target_and_what_follows_run_again() -> None:
    world = finished(new().then(echo("a")).then(echo("b")).then(echo("c")))
    assert plan(world, "b").forget == ("c", "b")
    assert travelled(world, "b") == 4
    assert world.done == {"a": 1, "b": 2, "c": 2}


@pytest.mark.parametrize("step", ["nobody", "a.b", "wf", "b[0].x", ["nobody", 1]])
def test_an_unknown_target_is_refused(step: Any) -> None:
    with pytest.raises(UnknownStep):
        plan(finished(new().then(echo("a")).then(echo("b"))), step)


@pytest.mark.parametrize("step", [None, "", [], 3, object()])
def test_no_target_is_refused(step: Any) -> None:
    with pytest.raises(UnknownStep):
        plan(finished(new().then(echo("a"))), step)


def test_a_run_under_way_is_left_alone() -> None:
    world = Simulator(new().then(echo("a")).commit(), 1)
    with pytest.raises(StillRunning):
        plan(world, "a")
    world.cancel()
    with pytest.raises(StillRunning):
        plan(world, "a")
    world.fire(world.timers()[0])
    assert travelled(world, "a") == 2


def test_a_run_that_only_waits_for_time_can_travel() -> None:
    failing = create_step(id="b", execute=lambda ctx: 1 / 0, retry=RetryPolicy(attempts=1, delay=60))
    flow = new().then(echo("a")).parallel([create_workflow(id="in").sleep(60, id="nap").commit(), failing])
    world = worked(Simulator(flow.then(echo("z")).commit(), 1))
    assert (world.history.status, len(world.timers())) == ("running", 2)
    world.turn([plan(world, "z", context={"in": {"output": 1}, "b": {"output": 2}})])
    worked(world)
    assert (world.history.status, world.timers()) == ("success", [])


def test_a_canceled_run_goes_on_from_a_given_result() -> None:
    workflow = new().then(echo("a")).then(echo("b")).commit()
    canceled = Simulator(workflow, 1)
    canceled.cancel()
    canceled.fire(canceled.timers()[0])
    assert travelled(canceled, "b", context={"a": {"status": "success", "output": 5}}) == 6


def test_a_step_that_never_ran_is_a_missing_result() -> None:
    branch = new().branch([(lambda ctx: False, echo("x"))]).then(echo("b")).then(echo("c"))
    world = finished(branch, 1)
    inner = create_workflow(id="inner").then(echo("p")).then(echo("q")).commit()
    other = finished(new().when(lambda ctx: False, inner).then(echo("z")))
    with pytest.raises(MissingResult):
        plan(other, "inner.q")
    assert travelled(world, "c") == {}


@pytest.mark.parametrize("context", [{"a": None}, {"a": 3}, {"a": {"output": {1}}}])
def test_a_context_that_is_no_step_result_is_refused(context: Any) -> None:
    world = finished(new().then(echo("a")).then(echo("b")))
    with pytest.raises(WorkflowsError):
        plan(world, "b", context=context)


@pytest.mark.parametrize(
    "given",
    [
        {"context": "x"}, {"context": [1]}, {"context": {"a": {"status": "odd"}}}, {"context": {"a": {"status": [1]}}},
        {"context": {"a": {"startedAt": "soon"}}}, {"context": {"a": {"ended_at": True}}},
        {"nested_steps_context": 5}, {"nested_steps_context": {"inner": 5}},
    ],
    ids=str,
)  # fmt: skip
def test_a_context_of_another_kind_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput):
        plan(finished(nested()), "z", **given)


@pytest.mark.parametrize(
    "given",
    [
        {"context": {"nobody": {}}}, {"context": {5: {}}}, {"nested_steps_context": {"a": {}}},
        {"nested_steps_context": {"inner": {"a": {}}}}, {"nested_steps_context": {5: {}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_context_of_a_step_that_there_is_not_is_refused(given: Any) -> None:
    with pytest.raises(UnknownStep, match=r"nobody|5|'a'"):
        plan(finished(nested()), "z", **given)


def test_the_steps_of_a_result_are_a_context() -> None:
    world = finished(nested())
    steps = result_of("r", world.history, world.workflow.places).to_json()["steps"]
    assert travelled(world, "z", context=steps) == 4


@pytest.mark.parametrize("given", [{"initial_state": [1]}, {"initial_state": "x"}])
def test_a_state_that_is_no_dict_is_refused(given: Any) -> None:
    with pytest.raises(InvalidState):
        plan(finished(nested()), "z", **given)


@pytest.mark.parametrize("given", ["x", 5, []])
def test_a_request_context_that_is_no_dict_is_refused(given: Any) -> None:
    with pytest.raises(InvalidRequestContext):
        plan(finished(nested()), "z", request_context=given)


def test_a_context_is_read_in_snake_and_camel_case() -> None:
    given_steps = {"input": 3, "a": {"output": 1, "startedAt": 5, "odd": 1}, "b": {"status": "failed", "payload": 2}}
    assert spelled(given_steps) == {
        "a": {"status": "success", "output": 1},
        "b": {"status": "failed", "payload": 2},
    }


def test_data_and_state_must_fit_their_schemas() -> None:
    world = finished(new(state_schema=dict[str, int]).then(echo("a", input_schema=int)))
    with pytest.raises(InvalidInput):
        plan(world, "a", input_data="x")
    with pytest.raises(InvalidState):
        plan(world, "a", initial_state={"n": "x"})
    event = plan(world, "a", initial_state={"n": 2}, request_context={"k": 1}, per_step=True, resume_data=3)
    assert event.state is not None
    assert event.context is not None
    assert event.resume is not None
    assert (event.state.data, event.context.data, event.budget, event.resume.data) == ({"n": 2}, {"k": 1}, 1, 3)


def siblings() -> Workflow:
    return new().parallel([echo("a"), [echo("b"), echo("c"), echo("d")]]).then(echo("z", 0))


@pytest.mark.parametrize(
    ("step", "again"), [("a", {"a", "z"}), ("b", {"b", "c", "d", "z"}), ("c", {"c", "d", "z"}), ("z", {"z"})]
)
def test_what_stands_beside_the_target_is_kept(step: str, again: set[str]) -> None:
    world = finished(siblings())
    assert travelled(world, step) == {"a": 2, "d": 4}
    assert {path for path, times in world.done.items() if times == 2} == again


def test_a_branch_asks_again_for_a_target_inside_it() -> None:
    world = finished(new().branch([(lambda ctx: True, echo("a")), (lambda ctx: True, echo("b"))]))
    assert travelled(world, "a") == {"a": 2, "b": 2}
    assert world.done["b"] == 1
    assert world.done["a"] == 2


def test_a_target_in_an_arm_that_is_not_taken_is_skipped() -> None:
    world = finished(new().branch([(lambda ctx: False, echo("a")), (lambda ctx: True, echo("b"))]))
    assert travelled(world, "a") == {"b": 2}
    assert world.history.records["a"].status == "skipped"


def test_an_arm_that_was_not_taken_gets_what_reaches_the_branch() -> None:
    flag = Switch(True)
    arms: list[tuple[Any, Any]] = [(flag, echo("a")), (lambda ctx: not flag.on, nested_arm())]
    world = finished(new().then(echo("p")).branch(arms))
    flag.on = False
    assert travelled(world, "arm") == {"arm": 3}
    assert world.history.records["arm"].input.data == 2
    flag.on = True
    assert travelled(world, "a", input_data=10) == {"a": 11}
    assert travelled(world, "arm") == {"a": 11}
    assert world.history.records["arm"].status == "skipped"
    assert world.history.records["arm"].input.data == 10


def nested_arm() -> Workflow:
    return create_workflow(id="arm", input_schema=int).then(echo("x")).commit()


@pytest.mark.parametrize(("holds", "target"), [(True, "b"), (False, "a")])
def test_a_target_that_a_condition_leads_past_is_skipped(holds: bool, target: str) -> None:
    given = Switch(not holds)
    world = finished(new().then(echo("p")).when(given, echo("a"), otherwise=echo("b", 5)))
    given.on = holds
    assert travelled(world, target) == (3 if holds else 7)
    assert world.history.records[target].status == "skipped"


class Switch:
    """A condition that a test turns on and off."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, ctx: Any) -> bool:
        return self.on


def test_the_second_step_of_an_arm_goes_on_from_the_first() -> None:
    world = finished(new().branch([(lambda ctx: True, [echo("a"), echo("b")])]))
    assert travelled(world, "b") == {"b": 3}
    assert (world.done["a"], world.done["b"]) == (1, 2)


def test_an_arm_before_the_target_is_as_it_was() -> None:
    world = finished(new().branch([(lambda ctx: True, echo("a")), (lambda ctx: False, echo("b"))]).then(echo("z", 0)))
    assert travelled(world, "z") == {"a": 2}
    assert travelled(world, "z", context={"b": {"output": 9}}) == {"a": 2, "b": 9}


def test_a_loop_runs_again_from_its_first_pass() -> None:
    def thrice(ctx: Any) -> bool:
        return bool(ctx.iteration_count >= 3)

    world = finished(new().dountil(echo("a"), lambda ctx: thrice(ctx)).then(echo("z", 0)))
    assert travelled(world, "a") == 4
    assert [world.done[f"a#{n}"] for n in (1, 2, 3)] == [2, 2, 2]
    assert travelled(world, "z") == 4
    assert travelled(world, "z", context={"a": {"output": 40}}) == 40


def test_one_item_of_a_foreach_runs_again() -> None:
    world = finished(new().foreach(echo("it")).then(echo("z", 0)), [1, 2, 3])
    assert travelled(world, ["it", 1]) == [2, 3, 4]
    assert [world.done[f"it[{n}]"] for n in range(3)] == [1, 2, 1]
    assert travelled(world, "it") == [2, 3, 4]
    assert [world.done[f"it[{n}]"] for n in range(3)] == [2, 3, 2]


@pytest.mark.parametrize(
    ("step", "again"),
    [
        ("inner", {"inner.x", "inner.y", "z"}),
        ("inner.x", {"inner.x", "inner.y", "z"}),
        (["inner", "y"], {"inner.y", "z"}),
    ],
)
def test_a_step_inside_a_nested_workflow_runs_again(step: Any, again: set[str]) -> None:
    world = finished(nested())
    assert travelled(world, step) == 4
    assert {path for path, times in world.done.items() if times == 2 and "/" not in path} == again


def test_nested_results_can_be_given() -> None:
    world = finished(nested())
    assert travelled(world, "inner.y", nested_steps_context={"inner": {"x": {"output": 50}}}) == 51


def test_an_item_of_nested_workflows() -> None:
    inner = create_workflow(id="inner").then(echo("x")).then(echo("y")).commit()
    world = finished(new().foreach(inner, concurrency=2), [1, 2])
    assert travelled(world, "inner[1].y") == [3, 4]
    assert {path for path, times in world.done.items() if times == 2} == {"inner[1].y"}


@programs(60)
@given(drawn=plans(depth=1), value=st.integers(0, 9), seed=st.integers(0, 2**32))
def test_going_back_to_the_first_entry_is_like_a_fresh_run(drawn: Flow, value: int, seed: int) -> None:
    random = randomly(seed)
    world = Simulator(build(drawn), value)
    world.run(random)
    entry = world.workflow.entries[0]
    assume(entry.kind in ("step", "nested", "sleep", "event"))
    world.turn(rewind(world.workflow, world.history, world.clock, step=entry.id))
    world.run(random)
    outcomes = evaluate(drawn, value).outcomes
    assert ending(world.history) in {("failed" if o.how == "failed" else "done", o.what) for o in outcomes}
    world.check_fold()


@pytest.mark.parametrize("status", ["failed", "suspended", "running", "bailed"])
def test_what_is_given_for_a_step_before_the_target_counts_as_done(status: str) -> None:
    world = finished(new().then(echo("a")).dountil(echo("l"), lambda ctx: True).then(echo("b")))
    context = {"a": {"status": status}, "l": {"status": status, "output": 7}}
    assert travelled(world, "b", context=context) == 8


def test_a_step_of_every_item_at_once_is_no_target() -> None:
    inner = create_workflow(id="inner").then(echo("x")).commit()
    world = finished(new().foreach(inner), [1, 2])
    with pytest.raises(UnknownStep, match=r"as in 'inner\[0\].x'"):
        plan(world, "inner.x")


def test_an_item_of_a_list_that_was_never_reached_is_no_target() -> None:
    world = finished(new().then(broken("a")).foreach(echo("it")), [1, 2])
    with pytest.raises(UnknownStep, match="where no list is recorded"):
        plan(world, "it[0]", context={"a": {"output": [1]}})


def test_a_step_of_a_workflow_in_a_loop_runs_again() -> None:
    inner = create_workflow(id="inner", input_schema=int).then(echo("x")).then(echo("y")).commit()
    world = finished(new().dountil(inner, lambda ctx: ctx.input_data >= 5))
    assert travelled(world, "inner.y", input_data=7) == 8


def test_a_step_of_a_workflow_that_was_never_reached_runs_on_what_is_given() -> None:
    inner = create_workflow(id="inner", input_schema=int).then(echo("x")).then(echo("y")).commit()
    world = finished(new().then(broken("a")).then(inner))
    options = {"context": {"a": {"output": 1}, "inner": {"payload": 1}}, "nested_steps_context": {"inner": {"x": {}}}}
    assert travelled(world, "inner.y", input_data=5, **options) == 6


def test_a_sleep_that_was_never_reached_counts_as_over_and_a_loop_does_not() -> None:
    world = finished(new().then(broken("a")).sleep(1, id="nap").then(echo("b")))
    assert travelled(world, "b", context={"a": {"output": 1}}, input_data=1) == 2
    world = finished(new().then(broken("a")).dountil(echo("l"), lambda ctx: True).then(echo("b")))
    with pytest.raises(MissingResult, match="The loop over 'l'"):
        plan(world, "b", context={"a": {"output": 1}})


def test_a_step_before_the_target_may_be_given_as_skipped() -> None:
    world = finished(new().then(broken("a")).then(echo("b")))
    assert travelled(world, "b", context={"a": {"status": "skipped", "output": 4}}) == 5
