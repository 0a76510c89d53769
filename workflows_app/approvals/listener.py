"""Hears which runs ask people something, so that the approvals follow the journal at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import Event

from .gather import HEARD, catch_up

MANY = 200
FULLY_EVERY = 5.0
"""Seconds between two looks at everything, which find what another process wrote."""


class Listener:
    """Collects the runs that were heard of; all of it happens on the engine's loop but the looking."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self._heard: set[str] = set()
        self._fully_at = -FULLY_EVERY
        self.bell = asyncio.Event()

    def hear(self, active: ActiveRun, happened: Sequence[Event], start: int) -> None:
        """Be told what the engine committed."""
        if any(isinstance(event, HEARD) for event in happened):
            self._heard.add(active.head.id)
            self.bell.set()

    async def look(self) -> None:
        """Gather the approvals of the runs heard of; now and then, or when they are many, of all runs."""
        runs, self._heard = self._heard, set()
        now = time.monotonic()
        fully = len(runs) > MANY or now - self._fully_at > FULLY_EVERY
        if fully:
            self._fully_at = now
        if fully or runs:
            await self._journal.beside(partial(catch_up, runs=None if fully else runs))
