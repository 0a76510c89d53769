"""Makes notices and sends mails, round after round, beside the runs."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from django.utils import timezone

from .digests import digest_not_sent, take_digests
from .letters import Letter, not_sent, take_letters
from .notices import make_notices

logger = logging.getLogger("workflows")


class Postman:
    """Reads and notes in the journal's threads; only the talk with the mail server has one of its own."""

    def __init__(self, journal: Any, address: str) -> None:
        self._journal = journal
        self._address = address

    async def round(self) -> None:
        """Tell people what there is to tell by now."""
        now = timezone.now()
        await self._journal.beside(partial(make_notices, now))
        for take in (take_letters, take_digests):
            for letter in await self._journal.beside(partial(take, now, self._address)):
                await self._send(letter)

    async def _send(self, letter: Letter) -> None:
        try:
            await asyncio.to_thread(letter.send)
        except Exception as error:
            # Whatever a mail backend raises, the notice must not be lost.
            logger.error("a mail to %s could not be sent and is tried again: %s", letter.to, error)
            again = digest_not_sent if letter.digest_of else not_sent
            await self._journal.beside(partial(again, letter, timezone.now()))
