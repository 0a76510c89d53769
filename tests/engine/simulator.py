"""A world without a clock: a run is driven by hand, one turn after another, in any order.

The simulator owns what a process owns: the history it folded and the calls it performs. A crash loses both;
what is left is the list of encoded events, as in a store. After every turn it checks what must always hold.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from workflows_app import Engine, Workflow
from workflows_app.engine import events as e
from workflows_app.engine import verbs
from workflows_app.engine.abort import AbortSignal
from workflows_app.engine.decide import Decision, decide
from workflows_app.engine.events import Event, decode
from workflows_app.engine.history import History
from workflows_app.engine.memory import stored
from workflows_app.engine.outcomes import Call, Suspension, Timer
from workflows_app.engine.perform import Performance, Performed, perform
from workflows_app.engine.ports import RunHead
from workflows_app.engine.schema import Value
from workflows_app.engine.snapshot import result_of
from workflows_app.engine.streams import Projector, count

T = TypeVar("T")
Key = tuple[str, int]
REST = (e.RunFinished, e.RunSuspended, e.RunPaused)
FACTS = [name for name in vars(History()) if name not in ("records", "ended")]
CLOSED = ("success", "bailed", "skipped")


def programs(number: int) -> settings:
    return settings(max_examples=number, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def randomly(seed: int) -> Random:
    return Random(seed)


@pytest.fixture(autouse=True, scope="module")
def quiet_log() -> Iterator[None]:
    """Keep the thousands of failures that are wanted here out of the log."""
    logger = logging.getLogger("workflows")
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(logging.NOTSET)


def ending(history: History) -> tuple[str, str]:
    """Say how a finished run ended: with which output, or with which error."""
    if history.status == "failed":
        return "failed", history.error["message"]
    assert history.status == "success"
    assert history.result is not None
    return "done", json.dumps(history.result.data, sort_keys=True)


LOOP = asyncio.new_event_loop()
atexit.register(LOOP.close)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; the loop is for it alone, and nobody else is on it."""
    return LOOP.run_until_complete(work)


def same(one: History, other: History) -> bool:
    return one.records == other.records and all(getattr(one, name) == getattr(other, name) for name in FACTS)


class Simulator:
    """One run of a workflow, and everything that may befall it."""

    def __init__(self, workflow: Workflow, value: Any = None, *, per_step: bool = False) -> None:
        self.workflow = workflow
        self.engine = Engine()
        self.head = RunHead("r", workflow.id)
        self.clock = 1_000_000
        self.rows: list[tuple[str, int, int, str, str | None, str]] = []
        self.history = History()
        self.projector = Projector("r", workflow.id)
        self.decision = Decision((), (), "pending")
        self.calls: dict[Key, Call] = {}
        self.under_way: dict[Key, Performed | None] = {}
        self.delivered: list[Event] = []
        self.stale: list[Performed] = []
        self.done: Counter[str] = Counter()
        self.crashes = 0
        given = verbs.checked_start(workflow, value, None, None, per_step=per_step)
        self.turn(verbs.start(workflow, self.history, given, self.clock))

    # Turns

    def turn(self, happened: Sequence[Event]) -> None:
        """Fold what happened, decide, and commit both."""
        if not happened:
            return
        for event in happened:
            self.history.apply(event)
        finished = {path for path, record in self.history.records.items() if record.status in CLOSED}
        committed = [*happened]
        again = True
        while again:
            self.decision = decide(self.workflow, self.history, self.clock)
            for event in self.decision.opened:
                self.history.apply(event)
            committed += self.decision.opened
            again = self.decision.again
        self.rows += [stored(event) for event in committed]
        opened = [event.path for event in committed if isinstance(event, e.StepStarted)]
        assert not finished.intersection(opened), "a finished step runs again"
        self.check(committed)
        self.dispatch()

    def dispatch(self) -> None:
        wanted = {(wait.path, wait.attempt): wait for wait in self.decision.waits if isinstance(wait, Call)}
        self.calls |= wanted
        for key in [key for key in self.under_way if key not in wanted and not self.granted(key)]:
            performed = self.under_way.pop(key)
            self.stale += [performed] if performed is not None else []
        for key in wanted:
            self.under_way.setdefault(key, None)

    def granted(self, key: Key) -> bool:
        """Tell whether a canceled run waits for this call."""
        return self.history.canceled_at is not None and not self.history.finished and key[0] in self.history.running

    # What may happen next

    def perform(self, key: Key) -> None:
        """Run the body of a call; its outcome is not known to anybody yet."""
        work = Performance(
            self.engine, self.head, self.history, AbortSignal(), lambda chunk, size: None, lambda: self.clock
        )
        self.under_way[key] = at_once(perform(self.calls[key], work))

    def deliver(self, key: Key) -> None:
        """Let the outcome of a call arrive."""
        performed = self.under_way.pop(key)
        assert performed is not None
        event = performed.settle(self.history)
        assert self.history.accepts(event), f"the outcome of {key} is wanted and refused"
        self.done[key[0]] += 1
        self.delivered.append(event)
        self.turn([event])
        assert not self.history.accepts(event), "an outcome counts twice"

    def deliver_stale(self, random: Random) -> None:
        """Let an outcome arrive that is too late, or for the second time."""
        late = [performed.settle(self.history) for performed in self.stale]
        event = random.choice([*late, *self.delivered])
        assert not self.history.accepts(event), f"a stale outcome is accepted: {event}"

    def timers(self) -> list[Timer]:
        return [wait for wait in self.decision.waits if isinstance(wait, Timer)]

    def fire(self, timer: Timer) -> None:
        self.clock = max(self.clock, timer.due)
        self.turn(verbs.wake(self.history, timer.path, self.clock))

    def fire_early(self, timer: Timer) -> None:
        """Ring before time: nothing happens."""
        assert verbs.wake(self.history, timer.path, timer.due - 1) == ()

    def suspensions(self) -> list[Suspension]:
        return [wait for wait in self.decision.waits if isinstance(wait, Suspension)]

    def answer(self, wait: Suspension) -> None:
        if wait.event is not None:
            self.turn(verbs.receive(self.workflow, self.history, wait.event, wait.event, {}, self.clock))
        else:
            self.turn([e.StepResumed(self.clock, wait.path, Value.of("yes"))])

    def unpause(self) -> None:
        self.turn(verbs.unpause(self.workflow, self.history, self.clock, budget=1))

    def cancel(self) -> None:
        self.turn(verbs.cancel(self.history, self.clock, grace=10))

    def crash(self, *, supervised: bool) -> None:
        """Lose the process; either somebody restarts the run, or a supervisor finds its lost calls."""
        self.crashes += 1
        self.stale += [performed for performed in self.under_way.values() if performed is not None]
        self.under_way.clear()
        self.history = History([decode(*row) for row in self.rows])
        assert decide(self.workflow, self.history, self.clock).opened == ()
        if supervised:
            for path in sorted(self.history.running):
                attempt = self.history.records[path].attempt
                self.turn(verbs.lose(self.history, path, attempt, self.clock))
        elif self.history.status == "running":
            self.turn(verbs.restart(self.workflow, self.history, self.clock, dead={}, force=True))

    def moves(self) -> list[Callable[[], None]]:
        """List everything that brings the run forward."""
        begun = self.under_way.items()
        return [
            *(partial(self.perform if performed is None else self.deliver, key) for key, performed in begun),
            *(partial(self.fire, timer) for timer in self.timers()),
            *(partial(self.answer, wait) for wait in self.suspensions()),
        ]

    def run(self, random: Random, *, crashes: int = 0, cancels: bool = False, patience: int = 3000) -> None:
        """Move the run to its end in a random order."""
        for _ in range(patience):
            if self.history.finished:
                return
            self.disturb(random, crashes, cancels=cancels)
            if moves := self.moves():
                random.choice(moves)()
            else:
                assert self.history.finished, f"nothing is left to do, and the run is {self.history.status}"
        raise AssertionError("the run does not end")

    def disturb(self, random: Random, crashes: int, *, cancels: bool) -> None:
        chance = random.random()
        if chance < 0.1 and self.crashes < crashes:
            self.crash(supervised=random.random() < 0.5)
        elif chance < 0.2 and (self.stale or self.delivered):
            self.deliver_stale(random)
        elif chance < 0.25 and (timers := [timer for timer in self.timers() if timer.path]):
            self.fire_early(random.choice(timers))
        elif chance < 0.28 and cancels:
            self.cancel()

    # What must always hold

    def check(self, committed: Sequence[Event]) -> None:
        self.check_streams(committed)
        self.check_waits()
        again = decide(self.workflow, self.history, self.clock)
        assert again.opened == (), "deciding twice opens something new"
        if not self.at_rest:
            assert again.waits == self.decision.waits
        for event in committed[:-1]:
            assert not isinstance(event, e.RunFinished), "something follows the end"
        if isinstance(committed[-1], REST):
            assert not any(isinstance(wait, Call) for wait in self.decision.waits), "a run rests at work"
        if isinstance(committed[-1], e.RunSuspended):
            assert not self.history.running
        if self.at_rest:
            self.check_picture()

    @property
    def at_rest(self) -> bool:
        return self.history.finished or self.history.status in ("suspended", "paused")

    def check_streams(self, committed: Sequence[Event]) -> None:
        for event in committed:
            assert decode(*stored(event)) == event
            number = self.projector.number
            shown = self.projector.project(event)
            assert [one["seq"] for one in shown] == list(range(number + 1, number + 1 + count(event)))

    def check_waits(self) -> None:
        waits = self.decision.waits
        calls = {wait.path for wait in waits if isinstance(wait, Call)}
        asked = {wait.path for wait in waits if isinstance(wait, Suspension)}
        due = {wait.path: wait.due for wait in waits if isinstance(wait, Timer)}
        records = self.history.records
        assert asked <= {record.path for record in self.history.suspended}
        assert all(records[path].due == when for path, when in due.items() if path)
        if self.history.finished:
            assert not waits
        elif self.history.canceled_at is None:
            assert calls == self.history.running
            most = self.workflow.max_concurrency
            assert most is None or len(calls) <= most
        if self.history.status == "suspended":
            assert asked
            assert not calls

    def check_picture(self) -> None:
        result = result_of("r", self.history, self.workflow.places, include_state=True)
        assert result.to_json()["status"] == result.status == self.history.status
        if result.status == "suspended":
            assert len(result.suspended) >= len(self.suspensions())

    def check_fold(self) -> None:
        """See that what was folded event by event is what the store gives back."""
        anew = History([decode(*row) for row in self.rows])
        assert same(self.history, anew)
        assert not anew.ended, "a fold knows nothing of the walk"
        assert decide(self.workflow, self.history, self.clock) == decide(self.workflow, anew, self.clock)
