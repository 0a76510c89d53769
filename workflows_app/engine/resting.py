"""Waiting for rest: who awaits a verb is told once the run next suspends, pauses or ends.

First the callbacks return: the run's own, and those of the nested workflows that ended on the way. Only who
waits inside such a callback is not kept waiting for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from .active import Act, ActiveRun
from .callbacks import End, call_finished, end_of, nested_ends
from .errors import EngineStopped, RunNotFound
from .events import Event
from .history import History
from .ports import RunHead
from .snapshot import Result, result_of
from .turns import REST

POLL_SECONDS = 0.5
CALLING: ContextVar[str] = ContextVar("CALLING", default="")
"""The run of whose callback the running code is part."""


@dataclass(slots=True, eq=False)
class Waiter:
    """Somebody who awaits a run's rest."""

    rested: asyncio.Future[Result]
    include_state: bool
    registered: bool = False
    inside: bool = False

    def tell(self, result: Result) -> None:
        if not self.rested.done():
            self.rested.set_result(result if self.include_state else replace(result, state=None))


class Resting:
    """The waiters of one engine, and the callbacks under way, by run."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._waiters: dict[str, list[Waiter]] = {}
        self._calling: dict[str, set[asyncio.Task[None]]] = {}

    def waiting(self, run_id: str, waiter: Waiter, act: Act) -> Act:
        """Wrap an act so that its caller waits from the moment it is taken; a rest before does not count."""
        waiter.inside = CALLING.get() == run_id

        def acting(active: ActiveRun) -> Sequence[Event]:
            happened = act(active)
            if happened and not waiter.registered:
                waiter.registered = True
                self._waiters.setdefault(run_id, []).append(waiter)
            return happened

        return acting

    async def until(self, head: RunHead, waiter: Waiter, seq: int) -> Result:
        """Wait for the rest. A poll sees it when another process brings the run there. Raises: RunNotFound"""
        engine = self._engine
        while True:
            done, _ = await asyncio.wait({waiter.rested}, timeout=POLL_SECONDS)
            if done:
                return waiter.rested.result()
            if head.id in engine.turns.active or (head.id in self._calling and not waiter.inside):
                continue
            stored = await engine.journal.read(head.id)
            if stored is None:
                raise RunNotFound(f"Run {head.id!r} was deleted.")
            if any(isinstance(event, REST) for event in stored.events[seq - 1 :]) and not stored.head.is_active:
                history, places = History(stored.events), engine.places(head)
                return result_of(head.id, history, places, include_state=waiter.include_state)

    def forget(self, run_id: str, waiter: Waiter) -> None:
        """Let go of somebody who does not wait any more."""
        waiters = self._waiters.get(run_id, [])
        if waiter in waiters:
            waiters.remove(waiter)
        if not waiters:
            self._waiters.pop(run_id, None)

    def hear(self, active: ActiveRun, happened: Sequence[Event], start: int) -> None:
        """Call back whoever hears of an end, and tell the waiters of a run that came to rest."""
        history, workflow, run_id = active.known, active.workflow, active.head.id
        ends = list(nested_ends(workflow, run_id, history, happened))
        at_rest = history.finished or history.status in ("suspended", "paused")
        if not at_rest or not any(isinstance(event, REST) for event in happened):
            if ends:
                self._call_back(active.head, ends)
            return
        waiters = self._waiters.pop(run_id, [])
        hears = history.status != "paused" and (workflow.on_finish or workflow.on_error)
        if not (waiters or hears or ends):
            return
        result = result_of(run_id, history, workflow.places, include_state=True)
        if hears:
            ends.append(end_of(workflow, history, result))
        if ends or run_id in self._calling:
            self._call_back(active.head, ends, waiters, result)
        else:
            tell(waiters, result)

    def _call_back(
        self, head: RunHead, ends: list[End], waiters: Sequence[Waiter] = (), result: Result | None = None
    ) -> None:
        """Call back in a task of its own, then tell the waiters, after all that was called back before."""
        calling = self._calling.setdefault(head.id, set())
        earlier = set(calling)

        async def call_back() -> None:
            CALLING.set(head.id)
            for end in ends:
                await call_finished(self._engine, head, end)
            if result is not None:
                tell([waiter for waiter in waiters if waiter.inside], result)
                if earlier:
                    await asyncio.wait(earlier)
                tell(waiters, result)

        def returned(task: asyncio.Task[None]) -> None:
            calling.discard(task)
            if not calling:
                self._calling.pop(head.id, None)

        task = self._engine.turns.spawn(call_back())
        calling.add(task)
        task.add_done_callback(returned)

    def close(self) -> None:
        """Let go of everybody who still waits."""
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.rested.set_exception(
                    EngineStopped("The engine was closed before the run came to rest. Restart the run to go on.")
                )
        self._waiters.clear()


def tell(waiters: Sequence[Waiter], result: Result) -> None:
    for waiter in waiters:
        waiter.tell(result)
