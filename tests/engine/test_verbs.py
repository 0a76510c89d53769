"""Verbs: what each gives for a run as it stands, and what it refuses without changing anything."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.simulator import Simulator
from workflows_app import Workflow, create_step, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine import verbs
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import Suspension
from workflows_app.errors import (
    AmbiguousStep,
    DefinitionChanged,
    InvalidInput,
    InvalidRequestContext,
    InvalidResumeData,
    InvalidState,
    NotActive,
    NotSuspended,
    ResumeAlreadyClaimed,
    RunAlreadyStarted,
    StillRunning,
    UnknownStep,
)


class Yes(BaseModel):
    yes: bool


def echo(id: str) -> Any:
    async def run(ctx: Any) -> Any:
        return ctx.input_data

    return create_step(id=id, execute=run)


def asks(id: str, label: str | None = None) -> Any:
    async def run(ctx: Any) -> Any:
        if ctx.resume_data is None:
            return await ctx.suspend({"q": id}, resume_label=label)
        return ctx.resume_data.yes

    return create_step(id=id, execute=run, resume_schema=Yes)


def settled(workflow: Workflow, value: Any = 1) -> Simulator:
    """Perform everything until only people are waited for."""
    world = Simulator(workflow.commit(), value)
    while moves := [move for move in world.moves() if not isinstance(move.args[0], Suspension)]:  # type: ignore[attr-defined]
        moves[0]()
    return world


def resume(world: Simulator, **options: Any) -> list[str]:
    seq = world.history.seq
    answers = verbs.resume(world.workflow, world.history, 9, **{"resume_data": {"yes": True}, **options})
    assert world.history.seq == seq
    return [event.path for event in answers]


def new() -> Workflow:
    return create_workflow(id="wf")


# Start


def test_a_start_checks_everything_it_is_given() -> None:
    workflow = create_workflow(id="wf", input_schema=Yes, state_schema=Yes, request_context_schema=Yes).then(echo("a"))
    good = {"yes": True}
    for data, state, context, error in [
        ({}, good, good, InvalidInput),
        (good, {"yes": 3}, good, InvalidState),
        (good, good, {}, InvalidRequestContext),
    ]:
        with pytest.raises(error):
            verbs.checked_start(workflow, data, state, context)
    assert verbs.checked_start(workflow, good, good, good, per_step=True).budget == 1


@pytest.mark.parametrize("given", ["x", 5, [], True])
def test_a_start_takes_dicts_for_state_and_context(given: Any) -> None:
    workflow = new().then(echo("a"))
    with pytest.raises(InvalidState):
        verbs.checked_start(workflow, 1, given, None)
    with pytest.raises(InvalidRequestContext):
        verbs.checked_start(workflow, 1, None, given)


def test_a_request_context_keeps_what_can_be_stored() -> None:
    given = verbs.checked_start(new().then(echo("a")), 1, None, {"a": 1, "\ud800": 2, "\0": 3, "b": {4}})
    assert given.context.data == {"a": 1}


def test_a_workflow_that_does_not_validate_takes_anything() -> None:
    workflow = create_workflow(id="wf", input_schema=Yes, validate_inputs=False).then(echo("a"))
    assert verbs.checked_start(workflow, {"no": 1}, None, None).input.data == {"no": 1}


def test_a_run_starts_once() -> None:
    world = settled(new().then(echo("a")))
    given = verbs.checked_start(world.workflow, 1, None, None)
    with pytest.raises(RunAlreadyStarted):
        verbs.start(world.workflow, world.history, given, 9)
    canceled = History([e.RunCancelled(1), e.RunFinished(1, "canceled")])
    assert verbs.start(world.workflow, canceled, given, 9) == ()


# Resume


def test_the_only_question_needs_no_name() -> None:
    assert resume(settled(new().then(asks("a")))) == ["a"]


@pytest.mark.parametrize("step", ["a", ["a"], asks("a")])
def test_a_question_is_named_in_any_way(step: Any) -> None:
    assert resume(settled(new().parallel([asks("a"), asks("b")])), step=step) == ["a"]


def test_several_questions_need_a_name_or_all() -> None:
    world = settled(new().parallel([asks("b"), asks("a")]))
    with pytest.raises(AmbiguousStep, match=r"\[b\], \[a\]"):
        resume(world)
    assert resume(world, all=True) == ["b", "a"]


@pytest.mark.parametrize("address", [{"step": "a", "for_each_index": 3}, {"step": "a[3]"}, {"step": ["a", 0]}])
def test_a_plain_step_has_no_items(address: Any) -> None:
    with pytest.raises(UnknownStep, match="list"):
        resume(settled(new().then(asks("a"))), **address)


@pytest.mark.parametrize("index", ["0", 1.0, True, [0]])
@pytest.mark.parametrize("address", [{}, {"step": "a"}, {"label": "y"}])
def test_the_index_of_an_item_is_a_whole_number(index: Any, address: Any) -> None:
    world = settled(new().foreach(asks("a", "y")), [1])
    with pytest.raises(InvalidInput, match="for_each_index"):
        resume(world, for_each_index=index, **address)


@pytest.mark.parametrize(
    "address",
    [
        {"step": "a", "label": "y"}, {"step": "it[0]", "for_each_index": 1}, {"label": "y", "for_each_index": 0},
        {"step": "it[0]", "label": "y", "for_each_index": 1},
    ],
    ids=str,
)  # fmt: skip
def test_addresses_that_contradict_one_another_are_refused(address: Any) -> None:
    world = settled(new().parallel([asks("a", "x"), asks("b", "y")]))
    if "it" in str(address):
        world = settled(new().foreach(asks("it", "y"), concurrency=2), [1, 2])
    with pytest.raises(InvalidInput):
        resume(world, **address)


def test_addresses_that_agree_name_one_question() -> None:
    world = settled(new().parallel([asks("a", "x"), asks("b", "y")]))
    assert resume(world, step="b", label="y") == ["b"]
    world = settled(new().foreach(asks("it", "y"), concurrency=2), [1, 2])
    assert resume(world, step="it[1]", for_each_index=1) == ["it[1]"]
    assert resume(world, label="y", for_each_index=1) == ["it[1]"]


def test_a_label_finds_its_question() -> None:
    world = settled(new().parallel([asks("a", "x"), asks("b", "y")]))
    assert resume(world, label="y") == ["b"]
    with pytest.raises(UnknownStep, match="label 'z'"):
        resume(world, label="z")


def test_items_are_named_by_index_path_or_all_below() -> None:
    inner = create_workflow(id="inner").then(asks("ask")).commit()
    world = settled(new().foreach(inner, concurrency=3), [1, 2, 3])
    assert resume(world, for_each_index=1) == ["inner[1].ask"]
    assert resume(world, step="inner", for_each_index=2) == ["inner[2].ask"]
    assert resume(world, step=["inner", 0, "ask"]) == ["inner[0].ask"]
    assert resume(world, step="inner", all=True) == ["inner[0].ask", "inner[1].ask", "inner[2].ask"]
    for options in ({"for_each_index": 7}, {"step": "inner", "for_each_index": 7}, {"step": "inner[7]"}):
        with pytest.raises(UnknownStep, match=r"inner"):
            resume(world, **options)


def test_what_is_unknown_and_what_does_not_ask_are_told_apart() -> None:
    world = settled(new().then(echo("first")).then(asks("a")))
    with pytest.raises(UnknownStep, match="nobody"):
        resume(world, step="nobody")
    with pytest.raises(UnknownStep):
        resume(world, step=3)
    with pytest.raises(NotSuspended, match="first"):
        resume(world, step="first")
    with pytest.raises(NotSuspended):
        resume(settled(new().then(echo("a"))))
    with pytest.raises(NotSuspended):
        resume(world, for_each_index=0)


def test_an_answer_that_does_not_fit_is_refused() -> None:
    world = settled(new().then(asks("a")))
    for data in ({"no": 1}, None, float("nan")):
        with pytest.raises(InvalidResumeData):
            resume(world, resume_data=data)


def test_the_second_answer_is_told_who_was_first() -> None:
    world = settled(new().then(asks("a")))
    world.turn(verbs.resume(world.workflow, world.history, 9, resume_data={"yes": True}, by="ada"))
    for options in ({}, {"step": "a"}):
        with pytest.raises(ResumeAlreadyClaimed) as caught:
            resume(world, **options)
        assert caught.value.details == {"path": "a", "by": "ada", "at": 9}


def test_an_answer_may_change_the_request_context() -> None:
    world = settled(new().then(asks("a")))
    [event] = verbs.resume(
        world.workflow, world.history, 9, resume_data={"yes": True}, request_context={"k": 1, "o": object()}
    )
    assert isinstance(event, e.StepResumed)
    assert event.context is not None
    assert event.context.data == {"k": 1}


# Cancel, restart, wake, lose


@pytest.mark.parametrize("reason", [5, "\ud800", "a\0b"])
def test_a_reason_that_is_no_text_is_refused(reason: Any) -> None:
    with pytest.raises(InvalidInput, match="The reason of a cancel is a text"):
        verbs.cancel(settled(new().then(asks("a"))).history, 9, grace=1, reason=reason)


def test_a_second_cancel_does_nothing() -> None:
    world = Simulator(new().then(echo("a")).commit(), 1)
    world.cancel()
    assert verbs.cancel(world.history, 9, grace=1) == ()
    assert verbs.cancel(settled(new().then(echo("a"))).history, 9, grace=1) == ()


def test_a_restart_takes_over_only_what_is_dead() -> None:
    world = Simulator(new().parallel([echo("a"), echo("b")]).commit(), 1)

    def restart(dead: dict[str, int], **options: Any) -> Any:
        return verbs.restart(world.workflow, world.history, 9, dead=dead, **options)

    for dead in ({}, {"a": 1}, {"a": 1, "b": 2}):
        with pytest.raises(StillRunning):
            restart(dead)
    [event] = restart({"a": 1, "b": 1}, request_context={"k": 1})
    assert event.lost == ("a", "b")
    assert event.context.data == {"k": 1}
    assert restart({}, force=True)[0].lost == ("a", "b")


def test_a_restart_of_what_is_not_active() -> None:
    finished = settled(new().then(echo("a")))
    assert verbs.restart(finished.workflow, finished.history, 9, dead={}) == ()
    asking = settled(new().then(asks("a")))
    with pytest.raises(NotActive):
        verbs.restart(asking.workflow, asking.history, 9, dead={})
    with pytest.raises(NotActive):
        verbs.restart(asking.workflow, History(), 9, dead={})


def test_a_changed_graph_is_refused_unless_forced() -> None:
    world = Simulator(new().then(echo("a")).commit(), 1)
    other = new().then(echo("b")).commit()
    with pytest.raises(DefinitionChanged) as caught:
        verbs.restart(other, world.history, 9, dead={"a": 1})
    assert caught.value.details == {"gone": ["a"]}
    assert verbs.restart(other, world.history, 9, dead={"a": 1}, force=True)
    longer = new().then(echo("a")).then(echo("b")).commit()
    assert verbs.restart(longer, world.history, 9, dead={"a": 1})


def test_only_a_paused_run_is_unpaused() -> None:
    world = Simulator(new().then(echo("a")).commit(), 1)
    with pytest.raises(NotActive, match="running"):
        verbs.unpause(world.workflow, world.history, 9, budget=1)


def test_a_timer_that_nobody_waits_for_does_nothing() -> None:
    world = Simulator(new().sleep(1, id="z").commit(), 1)
    [timer] = world.timers()
    assert verbs.wake(world.history, "nobody", timer.due) == ()
    assert verbs.wake(world.history, "", timer.due) == ()
    assert verbs.wake(world.history, "z", timer.due - 1) == ()
    [fired] = verbs.wake(world.history, "z", timer.due)
    world.turn([fired])
    assert verbs.wake(world.history, "z", timer.due) == ()


def test_a_call_is_lost_once() -> None:
    world = Simulator(new().then(echo("a")).commit(), 1)
    assert verbs.lose(world.history, "a", 2, 9) == ()
    world.turn(verbs.lose(world.history, "a", 1, 9))
    assert verbs.lose(world.history, "a", 1, 9) == ()
    assert world.history.records["a"].attempt == 2


# Events


def test_an_event_wakes_the_waits_that_it_matches() -> None:
    one = create_workflow(id="one").wait_for_event("paid", {"id": 1}, id="w").commit()
    two = create_workflow(id="two").wait_for_event("paid", {"id": 2}, id="w").commit()
    any_one = create_workflow(id="any").wait_for_event("paid", id="w").commit()
    other = create_workflow(id="other").wait_for_event("sent", id="w").commit()
    world = settled(new().parallel([one, two, any_one, other, asks("a")]))
    found = verbs.receive(world.workflow, world.history, "paid", {"id": 1}, {"id": 1}, 9)
    assert [event.path for event in found] == ["one.w", "any.w"]
    assert verbs.receive(world.workflow, world.history, "paid", None, {}, 9)[0].path == "any.w"


def test_a_payload_that_does_not_fit_is_refused() -> None:
    world = settled(new().wait_for_event("paid", schema=Yes))
    with pytest.raises(InvalidInput):
        verbs.receive(world.workflow, world.history, "paid", {}, {}, 9)


def test_an_answer_that_nobody_can_be_named_for_was_claimed_all_the_same() -> None:
    assert verbs.claimed(History(), None).details == {}
