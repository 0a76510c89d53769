"""The fold: what each event means, and which outcomes are let in."""

from __future__ import annotations

import pytest

from workflows_app.engine import events as e
from workflows_app.engine.events import Event
from workflows_app.engine.history import History, merged
from workflows_app.engine.records import Record
from workflows_app.engine.schema import EMPTY, Value


def begun(*more: Event) -> History:
    return History([e.RunStarted(1, Value.of(0)), e.StepStarted(2, "a", 1, input=Value.of(0)), *more])


OUTCOMES = [
    e.StepSucceeded(3, "a", 1),
    e.StepFailed(3, "a", 1),
    e.StepSuspended(3, "a", 1),
    e.StepLost(3, "a", 1),
    e.StepOutput(3, "a", 1),
]


@pytest.mark.parametrize("event", OUTCOMES, ids=lambda event: event.kind)
def test_the_newest_try_of_an_open_step_is_heard(event: Event) -> None:
    assert begun().accepts(event)


@pytest.mark.parametrize("event", OUTCOMES, ids=lambda event: event.kind)
@pytest.mark.parametrize(
    "past",
    [
        [e.StepSucceeded(3, "a", 1)],
        [e.StepFailed(3, "a", 1)],
        [e.StepSuspended(3, "a", 1)],
        [e.StepCanceled(3, "a")],
        [e.StepLost(3, "a", 1)],
        [e.StepLost(3, "a", 1), e.StepStarted(4, "a", 2, cause="restart")],
        [e.RunRewound(3, "a", ("a",))],
    ],
    ids=["success", "failed", "suspended", "canceled", "lost", "a newer try", "rewound"],
)
def test_a_late_or_second_outcome_is_not_heard(event: Event, past: list[Event]) -> None:
    assert not begun(*past).accepts(event)


def test_an_outcome_of_nobody_is_not_heard() -> None:
    assert not begun().accepts(e.StepSucceeded(3, "b", 1))
    assert not begun().accepts(e.TimerFired(3, "b"))
    assert not begun().accepts(e.TimerFired(3, "a"))


def test_the_timer_of_a_grace_is_heard_only_after_a_cancel() -> None:
    grace = e.TimerFired(4, "", "cancel")
    assert not begun().accepts(grace)
    assert begun(e.RunCancelled(3)).accepts(grace)
    assert not begun(e.RunCancelled(3), e.RunFinished(4, "canceled")).accepts(grace)


def test_a_record_tells_its_tries() -> None:
    history = begun(
        e.StepFailed(3, "a", 1, {"message": "no"}, False, retry_at=4),
        e.TimerFired(4, "a", "retry"),
        e.StepStarted(4, "a", 2, cause="retry"),
        e.StepLost(5, "a", 2),
        e.StepStarted(6, "a", 3, cause="restart"),
        e.StepSucceeded(7, "a", 3, Value.of(1)),
    )
    record = history.records["a"]
    assert [(one.attempt, one.status) for one in record.tries] == [(1, "failed"), (2, "lost"), (3, "success")]
    assert (record.failures, record.retries, record.crashes, record.restarted) == (1, 1, 1, True)
    assert (record.started_at, record.ended_at) == (2, 7)
    assert history.execution == ["a", "a"]
    assert history.seq == 8


def test_a_final_failure_is_no_retry() -> None:
    assert begun(e.StepFailed(3, "a", 1)).records["a"].retries == 0


def test_state_merges_by_its_top_keys_in_order() -> None:
    first, second = Value.of({"a": 1, "b": {"x": 1}}), Value.of({"b": {"y": 2}})
    history = begun(e.StepSucceeded(3, "a", 1, state=first))
    history.apply(e.StepStarted(3, "b", 1))
    history.apply(e.StepSuspended(4, "b", 1, state=second))
    assert history.state.data == {"a": 1, "b": {"y": 2}}
    assert merged(first, EMPTY) is first
    assert merged(EMPTY, first) is first


def test_a_deleted_key_leaves_the_request_context() -> None:
    history = History([e.RunStarted(1, EMPTY, EMPTY, Value.of({"a": 1, "b": 2})), e.StepStarted(2, "a", 1)])
    history.apply(e.StepSucceeded(3, "a", 1, context=Value.of({"b": None, "c": 3}), gone=("a",)))
    assert history.context.data == {"b": None, "c": 3}


def test_a_foreach_counts_its_items() -> None:
    history = History([e.RunStarted(1, EMPTY), e.StepStarted(2, "it", 1, "foreach", Value.of([1, 2, 3, 4, 5]))])
    for number in range(5):
        history.apply(e.StepStarted(3, f"it[{number}]", 1))
    history.apply(e.StepSucceeded(4, "it[1]", 1))
    history.apply(e.StepFailed(4, "it[2]", 1))
    history.apply(e.StepSuspended(4, "it[3]", 1))
    items = history.items["it"]
    assert (items.total, items.next, items.done) == (5, 5, 1)
    assert (items.failed, items.suspended, items.running) == (1, 1, 2)
    history.apply(e.RunRewound(5, "it[1]", ("it[1]",)))
    assert (items.done, items.open[1]) == (0, "ready")


def test_the_latest_pass_is_that_of_this_very_prefix() -> None:
    history = History([e.RunStarted(1, EMPTY)])
    assert history.latest_pass("o.b") is None
    history.apply(e.StepStarted(2, "o.b#1", 1))
    history.apply(e.StepStarted(2, "o.b#2", 1))
    assert history.latest_pass("o.b") == 2
    assert history.latest_pass("o~2.b") is None
    history.apply(e.RunRewound(3, "o.b", ("o.b#2",)))
    assert history.latest_pass("o.b") == 1
    found = history.find("o.b")
    assert found is not None
    assert found.path == "o.b#1"


def test_forgotten_tries_are_not_numbered_again() -> None:
    history = begun(e.StepSucceeded(3, "a", 1), e.RunRewound(4, "a", ("a",)))
    assert history.record("a") is None
    assert history.next_attempt("a") == 2


def test_a_rewind_opens_a_finished_run_again() -> None:
    history = begun(e.StepSucceeded(3, "a", 1), e.RunFinished(4, "success", Value.of(1)))
    assert history.finished
    assume = Value.of({"b": {"status": "success", "output": 5, "payload": 4}})
    state, context = Value.of({"s": 1}), Value.of({"c": 1})
    history.apply(e.RunRewound(5, "a", ("a",), assume, Value.of(9), Value.of("r"), state, context, 1, "print"))
    assert (history.finished, history.status, history.result) == (False, "running", None)
    assert (history.input.data, history.state.data, history.context.data) == (9, {"s": 1}, {"c": 1})
    assert (history.budget, history.fingerprint) == (1, "print")
    assert history.carried_resume == Value.of("r")
    record = history.records["b"]
    assert record.output is not None
    assert (record.status, record.output.data, record.input.data) == ("success", 5, 4)


def test_what_is_no_outcome_is_always_heard() -> None:
    assert History().accepts(e.RunPaused(1))


def test_a_record_says_when_time_brings_it_on() -> None:
    asked = Record("a", status="suspended", due=9, on_due=({"do": "remind", "after": 0},))
    assert asked.alarm == 9
    assert Record("a", status="failed", due=7).alarm == 7
    assert Record("a", role="event", status="suspended", due=5).alarm == 5
