"""Any program with crashes, answers and cancels: each thing that happened is one span, inside of its parent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.simulator import Simulator, programs, quiet_log, randomly
from tests.engine.trees import Flow, build, plans
from workflows_app.engine.events import Event, StepStarted, decode
from workflows_app.engine.records import CONTAINERS
from workflows_app.telemetry.spans import REST, Span, Trace

assert quiet_log


class Traced(Simulator):
    """A world whose every turn is told of by spans."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.told: list[Span] = []
        super().__init__(*arguments, **options)

    def check(self, committed: Sequence[Event]) -> None:
        super().check(committed)
        trace = Trace(self.head, self.workflow, self.history, values=True)
        self.told += trace.spans(committed, self.history.seq - len(committed))


@programs(60)
@given(plan=plans(), value=st.integers(0, 9), seed=st.integers(0, 2**32), cancels=st.booleans())
def test_every_try_and_leg_is_told_of_once_and_inside_of_its_parent(
    plan: Flow, value: int, seed: int, cancels: bool
) -> None:
    world = Traced(build(plan), value)
    world.run(randomly(seed), crashes=2, cancels=cancels)
    spans = {span.id: span for span in world.told}
    assert len(spans) == len(world.told)
    for span in world.told:
        assert span.start <= span.end
        parent = spans[span.parent] if span.parent else span
        assert parent.start <= span.start, (span, parent)
        assert span.end <= parent.end, (span, parent)
    events = [decode(*row) for row in world.rows]
    kinds = [span.facts["node.kind"] for span in world.told]
    assert kinds.count("run") == sum(isinstance(event, tuple(REST)) for event in events)
    tries = [
        (event.path, event.attempt)
        for event in events
        if isinstance(event, StepStarted) and event.role not in {*CONTAINERS, "event"}
    ]
    assert sorted((span.facts["path"], span.facts["attempt"]) for span in world.told if "attempt" in span.facts) == (
        sorted(tries)
    )
