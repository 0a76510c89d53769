"""Makes notices and sends mails and pushes, round after round, beside the runs."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from django.utils import timezone

from .bundles import not_sent
from .digests import digest_not_sent, take_digests
from .letters import Letter, take_letters
from .notices import make_notices
from .pushes import Push, not_taken, take_pushes

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
            again = partial(digest_not_sent, letter) if letter.digest_of else partial(not_sent, letter.notices)
            await self._journal.beside(partial(again, timezone.now()))

    async def push(self) -> None:
        """Tell people on their devices; one whose push service is slow keeps no mail waiting."""
        pushes = await self._journal.beside(partial(take_pushes, timezone.now()))
        await asyncio.gather(*(self._deliver(push) for push in pushes))

    async def _deliver(self, push: Push) -> None:
        answer = await push.send()
        if not answer.is_taken:
            logger.warning("device %d did not take a push: %s", push.device.pk, answer.code or answer.text)
            await self._journal.beside(partial(not_taken, push, answer, timezone.now()))
