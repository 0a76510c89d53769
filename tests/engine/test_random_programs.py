"""Any program, in any order, with crashes and stale outcomes at any moment, comes to what plain recursion says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.answers import Answer, evaluate
from tests.engine.simulator import Simulator, ending, programs, quiet_log, randomly
from tests.engine.trees import Flow, build, plans
from workflows_app.engine.records import OPEN

SEEDS = st.integers(0, 2**32)
assert quiet_log


def agrees(world: Simulator, answer: Answer) -> None:
    """Compare a finished run with the direct evaluation."""
    assert world.history.status in ("success", "failed")
    expected = {("failed" if o.how == "failed" else "done", o.what) for o in answer.outcomes}
    assert ending(world.history) in expected
    assert set(world.done) <= set(answer.trace.counts)
    for path, (least, most) in answer.trace.counts.items():
        assert least <= world.done[path] <= most, path
    state = world.history.state.data
    for key, value in state.items():
        assert value in answer.trace.state[key]
    assert not answer.trace.sure or set(state) == set(answer.trace.state)


@programs(100)
@given(plan=plans(), value=st.integers(0, 9), seed=SEEDS)
def test_any_order_gives_the_value_of_a_direct_evaluation(plan: Flow, value: int, seed: int) -> None:
    workflow, answer = build(plan), evaluate(plan, value)
    for order in range(2):
        world = Simulator(workflow, value)
        world.run(randomly(seed + order))
        agrees(world, answer)
        world.check_fold()


@programs(100)
@given(plan=plans(), value=st.integers(0, 9), seed=SEEDS)
def test_crashes_change_nothing(plan: Flow, value: int, seed: int) -> None:
    world = Simulator(build(plan), value)
    world.run(randomly(seed), crashes=2)
    agrees(world, evaluate(plan, value))
    world.check_fold()


@programs(20)
@given(plan=plans(depth=1), value=st.integers(0, 9), seed=SEEDS)
def test_a_crash_after_each_turn_changes_nothing(plan: Flow, value: int, seed: int) -> None:
    workflow, answer = build(plan), evaluate(plan, value)
    turns = 0
    while True:
        world, random = Simulator(workflow, value), randomly(seed)
        for _ in range(turns):
            if moves := world.moves():
                random.choice(moves)()
        last = world.history.finished
        world.crash(supervised=turns % 2 == 0)
        world.run(random)
        agrees(world, answer)
        if last:
            return
        turns += 1


@programs(80)
@given(plan=plans(), value=st.integers(0, 9), seed=SEEDS)
def test_a_cancel_at_any_moment_ends_the_run(plan: Flow, value: int, seed: int) -> None:
    world, answer = Simulator(build(plan), value), evaluate(plan, value)
    world.run(randomly(seed), crashes=2, cancels=True)
    if world.history.canceled_at is None:
        agrees(world, answer)
        return
    assert world.history.status == "canceled"
    open_still = [record.path for record in world.history.records.values() if record.status in OPEN]
    assert open_still == []
    for path, times in world.done.items():
        assert times <= answer.trace.counts[path][1]
    world.check_fold()


@programs(80)
@given(plan=plans(depth=1), value=st.integers(0, 9), seed=SEEDS)
def test_step_by_step_comes_to_the_same(plan: Flow, value: int, seed: int) -> None:
    random = randomly(seed)
    world = Simulator(build(plan), value, per_step=True)
    for _ in range(800):
        if world.history.finished:
            break
        moves = world.moves()
        if world.history.status == "paused":
            world.unpause()
        else:
            random.choice(moves)()
    agrees(world, evaluate(plan, value))
