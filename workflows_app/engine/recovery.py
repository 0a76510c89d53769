"""Brings back the calls of lost workers, and finds out which of them kills its worker.

When a process dies, nobody knows which of its calls was to blame, and each of them counts the crash. Those that
were lost before are opened again one at a time, so that the next crash is counted by the guilty one alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from . import verbs
from .active import ActiveRun
from .drift import adopt
from .events import SECOND, Event, Instant
from .ports import OpenCall


class Recovery:
    """What one process brings back."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self._suspect: OpenCall | None = None
        self._until: Instant = 0

    async def recover(self) -> int:
        """Open the calls of lost workers again. Returns the number of calls."""
        engine, found = self.engine, Counter[str | None]()
        for call in await engine.journal.lost(engine.now(), engine.lease):
            # A process that stood still for long may find itself silent.
            if not self._is_under_way(call):
                found[call.worker] += await engine.attempt(call.run_id, partial(self._lose, call))
        for worker, calls in found.items():
            if worker is not None and calls:
                engine.logger.warning("the worker %s is gone; %d of its calls are opened again", worker, calls)
                await engine.journal.note_lost(worker, calls, engine.now())
        return found.total()

    def _lose(self, call: OpenCall, active: ActiveRun) -> Sequence[Event]:
        """Open a call again; a suspect only if no other is under way. Raises: DefinitionChanged"""
        now = self.engine.now()
        adopted = adopt(active.workflow, active.known, now)
        record = active.known.record(call.path)
        is_suspect = record is not None and bool(record.crashes)
        if is_suspect and self._is_waited_for(now):
            return ()
        lost = verbs.lose(active.known, call.path, call.attempt, now, crashed=call.has_crashed)
        if is_suspect and lost:
            self._suspect = replace(call, attempt=active.known.next_attempt(call.path))
            self._until = now + int(self.engine.lease * SECOND)
        return [*adopted, *lost] if lost else ()

    def _is_waited_for(self, now: Instant) -> bool:
        """Tell whether a suspect is under way. Who lives that long keeps the others waiting no longer."""
        return self._suspect is not None and now < self._until and self._is_under_way(self._suspect)

    def _is_under_way(self, call: OpenCall) -> bool:
        """Tell whether this process performs a call."""
        active: ActiveRun | None = self.engine.turns.active.get(call.run_id)
        underway = active.calls.get(call.path) if active else None
        return underway is not None and underway.attempt == call.attempt
