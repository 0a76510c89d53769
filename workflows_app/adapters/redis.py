"""The shared doorbell: a channel layer on Redis that goes silent while Redis is away, and fails nobody.

Bells only save the time until an open page looks by itself. So whoever joins, leaves or listens is not told that
Redis does not answer; once it does again, the channels join their groups anew, which a restarted Redis has forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from channels_redis.core import RedisChannelLayer
from redis.exceptions import RedisError

logger = logging.getLogger("workflows")
ANSWER_SECONDS = 1.0
AWAY_SECONDS = 1.0
"""Between two looks whether it is back."""
AWAY = (RedisError, OSError, TimeoutError)


class PatientRedisLayer(RedisChannelLayer):
    """A Redis layer for bells that may be missed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._groups: dict[str, set[str]] = {}
        self._is_away = False

    async def group_add(self, group: str, channel: str) -> None:
        self._groups.setdefault(channel, set()).add(group)
        await self._try(super().group_add(group, channel))

    async def group_discard(self, group: str, channel: str) -> None:
        left = self._groups.get(channel, set())
        left.discard(group)
        if not left:
            self._groups.pop(channel, None)
        await self._try(super().group_discard(group, channel))

    async def receive(self, channel: str) -> Any:
        while True:
            try:
                return await super().receive(channel)
            except AWAY as error:
                self._leave(error)
            await asyncio.sleep(AWAY_SECONDS)
            while not await self._is_back(channel):
                await asyncio.sleep(AWAY_SECONDS)

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something if Redis is there; where it fails to answer, whoever listens finds out when it is back."""
        if self._is_away:
            work.close()
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await work
        except AWAY as error:
            self._leave(error)

    async def _is_back(self, channel: str) -> bool:
        """Join the groups of a channel again, if Redis answers."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.connection(0).ping()
                for group in tuple(self._groups.get(channel, ())):
                    await super().group_add(group, channel)
        except AWAY:
            return False
        if self._is_away:
            self._is_away = False
            logger.warning("Redis is back; news reach open pages at once again")
        return True

    def _leave(self, error: BaseException) -> None:
        if not self._is_away:
            self._is_away = True
            logger.warning("Redis does not answer (%s); until it does, open pages look for news by themselves", error)
