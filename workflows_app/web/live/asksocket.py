"""The socket of an open question: it tells that the question has changed, what was said, and who else looks.

A page says which question it shows, again whenever it shows another. What is told are marks, no values: a page
that shows something else fetches its parts anew. While it is open, others who look are told so. The database is
asked when something of this process rings, and every `POLL_SECONDS` for what others did.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from workflows_app.approvals.policy import Who
from workflows_app.conf import get_conf
from workflows_app.models import Approval
from workflows_app.web.approvals.watching import LOOKS, look_at, look_away, may_watch, standing_of
from workflows_app.web.live.consumers import Line
from workflows_app.web.people.signin import still_signed_in

PAUSE = 0.2


class AskConsumer(Line):
    """One open page of the inbox."""

    lines: ClassVar[set[AskConsumer]] = set()
    watching: asyncio.Task[None] | None = None
    shown = 0
    noted_at = 0.0

    async def connect(self) -> None:
        if not await self.may_look():
            await self.refuse()
            return
        self.bell = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.lines.add(self)
        await self.accept()
        self.begin_care()
        self.watching = self.keep_on(self.watch)

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.watching is not None:
            self.watching.cancel()
        self.lines.discard(self)
        await self.show(0)

    async def may_look(self) -> bool:
        """Ask whether the person may still look at the question that is shown; without one, at the inbox."""
        person, session = self.scope.get("user"), self.scope.get("session")
        return await database_sync_to_async(may_look)(person, session, self.shown)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Hear which question the page shows."""
        shown = content.get("shown") if isinstance(content, dict) else None
        if isinstance(shown, int) and 0 <= shown < 2**63:
            await self.show(shown)

    async def show(self, approval_id: int) -> None:
        """Turn to another question, or to none."""
        left, self.shown, self.noted_at = self.shown, approval_id, 0.0
        is_open = any(line.shown == left and line.person == self.person for line in self.lines)
        if left and left != approval_id and not is_open:
            await database_sync_to_async(look_away)(left, self.person)
            stir(left)
        if self in self.lines:
            self.bell.set()

    @property
    def person(self) -> Any:
        return self.scope.get("user")

    async def watch(self) -> None:
        """Tell how the question stands, whenever that has changed."""
        told: dict[str, Any] | None = None
        while True:
            self.bell.clear()
            news = await self.read() if self.shown else None
            if news is not None and news != told:
                await self.send_json(news)
                told = news
            await asyncio.sleep(PAUSE)
            # Not wait_for: before Python 3.12 it forgets a cancellation that comes with the bell.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(get_conf().poll_seconds):
                    await self.bell.wait()

    async def read(self) -> dict[str, Any] | None:
        """Read how the question stands, and note now and then that it is looked at."""
        shown, is_new = self.shown, not self.noted_at
        is_due = self.loop.time() - self.noted_at > LOOKS.total_seconds() / 3
        news = await database_sync_to_async(read)(self.person, shown, is_due or is_new, is_new)
        if news is None or shown != self.shown:
            return None
        if is_due or is_new:
            self.noted_at = self.loop.time()
        if is_new:
            stir(shown)
        return {"shown": shown, **news}


def may_look(user: Any, session: Any, approval_id: int) -> bool:
    known = still_signed_in(user, session)
    if known is None:
        return False
    approval = Approval.objects.filter(pk=approval_id).first()
    return Who.of(known).may_decide if approval is None else may_watch(known, approval)


def read(user: Any, approval_id: int, is_due: bool, is_new: bool) -> dict[str, Any] | None:
    """Read how a question stands; of one that is gone, or not for this person, nothing is told."""
    approval, now = Approval.objects.filter(pk=approval_id).first(), timezone.now()
    if approval is None or (is_new and not may_watch(User.objects.get(pk=user.pk), approval)):
        return None
    if is_due and approval.is_open:
        look_at(approval, user, now)
    return asdict(standing_of(approval, user, now))


def stir(approval_id: int) -> None:
    """Have the pages that show a question look at it again; may be called in any thread."""
    for line in tuple(AskConsumer.lines):
        if line.shown == approval_id and not line.loop.is_closed():
            line.loop.call_soon_threadsafe(line.bell.set)
