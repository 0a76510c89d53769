"""The doorbell: after a commit, tell the other processes which run changed and up to which seq.

A message carries numbers only; who hears it reads the journal. A lost bell costs an open page one poll. A
layer that stays inside one process reaches nobody who does not watch the engine already, so it is not rung.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import Event

logger = logging.getLogger("workflows")
ALL_RUNS = "runs"
RING_SECONDS = 0.04


def group_of(run_id: str) -> str:
    """Name the channel group of a run, in the letters that a channel layer allows."""
    return f"run.{hashlib.sha1(run_id.encode(), usedforsecurity=False).hexdigest()}"


class ChannelsNotifier:
    """Rings once for all the turns of a moment, so that a busy run does not flood its watchers."""

    def __init__(self) -> None:
        self._seqs: dict[str, int] = {}
        self._ringing: asyncio.Task[None] | None = None

    def changed(self, active: ActiveRun, happened: Sequence[Event], start: int) -> None:
        """Note that a run was committed; a watcher of `Turns`."""
        self._seqs[active.head.id] = start + len(happened)
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.get_running_loop().create_task(self._ring())

    async def _ring(self) -> None:
        while self._seqs:
            await asyncio.sleep(RING_SECONDS)
            seqs, self._seqs = self._seqs, {}
            layer = get_channel_layer()
            if layer is None or isinstance(layer, InMemoryChannelLayer):
                return
            for run_id, seq in seqs.items():
                await self._send(layer, run_id, seq)

    async def _send(self, layer: Any, run_id: str, seq: int) -> None:
        message = {"type": "run.changed", "run_id": run_id, "seq": seq}
        try:
            await layer.group_send(group_of(run_id), message)
            await layer.group_send(ALL_RUNS, message)
        except Exception:
            logger.warning("the bell of the run %s did not ring; open pages poll", run_id, exc_info=True)
