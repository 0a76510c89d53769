"""Sends what is due to other programs, round after round, beside the runs."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from django.utils import timezone

from workflows_app.conf import get_conf

from .calls import Message, send
from .deliveries import forget, settle, take

logger = logging.getLogger("workflows")


class Messenger:
    """Reads and notes in the journal's threads; what it sends it awaits, all of a round at once."""

    def __init__(self, journal: Any, address: str) -> None:
        self._journal = journal
        self._address = address

    async def round(self) -> None:
        """Send what is due by now, some for each address at a time."""
        while messages := await self._journal.beside(partial(take, timezone.now(), self._address)):
            await asyncio.gather(*(self._deliver(message) for message in messages))

    async def _deliver(self, message: Message) -> None:
        answer = await send(message, int(timezone.now().timestamp()), get_conf().webhook_allow)
        if not answer.is_taken:
            logger.warning("the webhook %s did not take delivery %d: %s", message.url, message.delivery, answer.code)
        await self._journal.beside(partial(settle, message.delivery, answer, timezone.now()))

    async def clean(self) -> None:
        """Forget what was done with long ago."""
        await self._journal.beside(partial(forget, timezone.now()))
