"""A decision costs what is open, not what is finished: counted in instructions, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from workflows_app import Workflow, create_step, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine.decide import decide
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import Call
from workflows_app.engine.schema import Value


def echo(ctx: Any) -> Any:
    return ctx.input_data


def counted(work: Callable[[], Any]) -> int:
    """Count the instructions that the interpreter executes for some work."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


class Driven:
    """A run whose calls succeed one after another."""

    def __init__(self, workflow: Workflow, value: Any) -> None:
        self.workflow = workflow
        self.history = History()
        self.calls: list[Call] = []
        self.turn([e.RunStarted(1, Value.of(value))])

    def turn(self, happened: list[e.Event]) -> None:
        for event in happened:
            self.history.apply(event)
        decision = decide(self.workflow, self.history, 1)
        for event in decision.opened:
            self.history.apply(event)
        self.calls = [wait for wait in decision.waits if isinstance(wait, Call)]

    def succeed(self, call: Call) -> None:
        output = Value.of(False if call.node.role == "condition" else 1)
        self.turn([e.StepSucceeded(1, call.path, call.attempt, output)])

    def run(self, turns: int) -> None:
        for _ in range(turns):
            self.succeed(self.calls[0])

    def cost(self, turns: int) -> int:
        """Count the instructions of the next turns."""
        return counted(lambda: self.run(turns))


def test_a_late_pass_of_a_loop_costs_what_an_early_one_costs() -> None:
    body = create_step(id="body", execute=echo)
    driven = Driven(create_workflow(id="wf").dountil(body, echo).commit(), 0)
    driven.run(20)
    early = driven.cost(20)
    driven.run(10_000)
    assert driven.history.latest_pass("body") == 5_021
    assert early > 1_000
    assert driven.cost(20) <= early * 1.05


def test_a_late_item_of_a_foreach_costs_what_an_early_one_costs() -> None:
    body = create_step(id="body", execute=echo)
    driven = Driven(create_workflow(id="wf").foreach(body, concurrency=4).commit(), list(range(10_000)))
    driven.run(10)
    early = driven.cost(20)
    driven.run(5_000)
    assert driven.history.items["body"].done == 5_030
    assert early > 1_000
    assert driven.cost(20) <= early * 1.05


def test_a_finished_foreach_costs_the_steps_behind_it_nothing() -> None:
    def cost_behind(items: int) -> int:
        body, tail = create_step(id="body", execute=echo), create_step(id="tail", execute=echo)
        last = create_step(id="last", execute=echo)
        driven = Driven(create_workflow(id="wf").foreach(body, 8).then(tail).then(last).commit(), [0] * items)
        driven.run(items)
        cost = driven.cost(1)
        assert [call.path for call in driven.calls] == ["last"]
        return cost

    assert cost_behind(2_000) <= cost_behind(20) * 1.05


@pytest.mark.parametrize("nested", [False, True])
def test_a_late_step_of_a_sequence_costs_what_an_early_one_costs(nested: bool) -> None:
    workflow = create_workflow(id="wf")
    for number in range(1_100):
        workflow.then(create_step(id=f"s{number}", execute=echo))
    driven = Driven(create_workflow(id="outer").then(workflow).commit() if nested else workflow.commit(), 0)
    driven.run(10)
    early = driven.cost(20)
    driven.run(1_000)
    assert early > 1_000
    assert driven.cost(20) <= early * 1.05


def test_an_end_that_was_announced_is_announced_until_it_is_recorded() -> None:
    inner = create_workflow(id="inner").then(create_step(id="a", execute=echo)).commit()
    workflow = create_workflow(id="wf").then(inner).then(create_step(id="last", execute=echo)).commit()
    driven = Driven(workflow, 0)
    driven.history.apply(e.StepSucceeded(1, "inner.a", 1, Value.of(1)))
    decisions = [decide(workflow, driven.history, 1) for _ in range(3)]
    assert [event.path for event in decisions[0].opened] == ["inner", "last"]
    assert decisions[1:] == decisions[:1] * 2


def test_a_fold_is_linear_in_events() -> None:
    def cost_of(passes: int) -> float:
        events: list[e.Event] = [e.RunStarted(1, Value.of(0))]
        for number in range(1, passes):
            path = f"body#{number}"
            events += [e.StepStarted(1, path, 1), e.StepSucceeded(1, path, 1, Value.of(1))]
        return counted(lambda: History(events)) / passes

    assert cost_of(2_000) <= cost_of(200) * 1.05
