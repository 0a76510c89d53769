"""The socket of a list of runs: rows that are shown are patched in place, new runs are announced.

A page says once what it shows: its rows with the seq of each, its filters, and the run it begins with. From
then on the database is asked whenever the bell rings, but not more often than `PAUSE`, and every
`POLL_SECONDS` in case it did not ring.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from workflows_app import runtime
from workflows_app.conf import get_conf
from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import Event
from workflows_app.models import Run
from workflows_app.rights import answering_to, reach_of, seen
from workflows_app.web.live.consumers import Line
from workflows_app.web.runs.filters import RunFilters
from workflows_app.web.runs.pages import beyond, position, read_page
from workflows_app.web.runs.rows import rows_of

PAUSE = 1.0
ROWS = 100
NEWS = 100
LONGEST = 220


@dataclass(slots=True)
class Shown:
    """What a page shows: its rows by the seq of each, and the cursor of the newest, if it begins with that."""

    seqs: dict[str, int]
    filters: RunFilters
    top: str
    columns: dict[str, Any]

    @classmethod
    def of(cls, said: Any) -> Self | None:
        """Read what a page says; anything else is nothing."""
        if not isinstance(said, dict) or not isinstance(said.get("rows"), dict):
            return None
        rows = {name: seq for name, seq in list(said["rows"].items())[:ROWS] if isinstance(seq, int)}
        filters = RunFilters.of(QueryDict(str(said.get("query", ""))[:4_000].removeprefix("?")))
        columns = {"bulk": bool(said.get("bulk")), "by_end": filters.by, "hide_workflow": bool(said.get("plain"))}
        return cls(rows, filters, str(said.get("top", ""))[:LONGEST], columns)


class RunListConsumer(Line):
    """One open list of runs."""

    lists: ClassVar[set[RunListConsumer]] = set()
    watching: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        if not await self.may_look():
            await self.refuse()
            return
        bells = runtime.get_engine().turns.bells
        if ring not in bells:
            bells.append(ring)
        self.bell = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.lists.add(self)
        await self.channel_layer.group_add(runtime.ALL_RUNS, self.channel_name)
        await self.accept()
        self.begin_care()

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.watching is not None:
            self.watching.cancel()
        self.lists.discard(self)
        await self.channel_layer.group_discard(runtime.ALL_RUNS, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Hear what the page shows; it says so once."""
        shown = Shown.of(content)
        if shown is not None and self.watching is None:
            self.watching = self.keep_on(partial(self.watch, shown))

    async def run_changed(self, message: dict[str, Any]) -> None:
        """Hear the bell."""
        self.bell.set()

    async def watch(self, shown: Shown) -> None:
        """Send what is new, whenever there may be something."""
        announced = 0
        while True:
            self.bell.clear()
            news = await database_sync_to_async(read_news)(shown, self.scope["user"])
            if news["rows"] or news["gone"] or news["fresh"] != announced:
                announced = news["fresh"]
                await self.send_json(news)
            await asyncio.sleep(PAUSE)
            # Not wait_for: before Python 3.12 it forgets a cancellation that comes with the bell.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(get_conf().poll_seconds):
                    await self.bell.wait()


def ring(active: ActiveRun, happened: Sequence[Event], start: int) -> None:
    """Hear that the engine committed something; called in its thread."""
    for page in tuple(RunListConsumer.lists):
        if not page.bell.is_set() and not page.loop.is_closed():
            page.loop.call_soon_threadsafe(page.bell.set)


def read_news(shown: Shown, user: Any) -> dict[str, Any]:
    """Read which rows changed and how many runs are newer than the page, of what the person may see now."""
    person = User.objects.get(pk=user.pk)
    with answering_to(reach_of(person)):
        return news_for(shown, person)


def news_for(shown: Shown, person: User) -> dict[str, Any]:
    runs = list(seen(Run.objects.all()).filter(id__in=list(shown.seqs)))
    changed = [run for run in runs if run.seq != shown.seqs[run.id]]
    gone = sorted(shown.seqs.keys() - {run.id for run in runs})
    shown.seqs = {run.id: run.seq for run in runs}
    fresh = count_fresh(shown, person)
    more = "+" if fresh == NEWS else ""
    return {
        "rows": {
            row.run.id: render_to_string("runs/_row.html", {"row": row, **shown.columns}) for row in rows_of(changed)
        },
        "gone": gone,
        "fresh": fresh,
        "words": ngettext("%(count)s new run, show it", "%(count)s new runs, show them", fresh)
        % {"count": f"{fresh}{more}"},
    }


def count_fresh(shown: Shown, person: User) -> int:
    """Count the runs that the page would begin with if it were loaded again."""
    top = position(shown.top)
    if top is None:
        return 0
    filters = shown.filters
    if filters.q and "view_payload" not in reach_of(person).everywhere and not reach_of(person).is_all:
        filters = replace(filters, q="")
    if filters.is_sieved:
        return len(read_page(replace(filters, newer=shown.top, older=""), NEWS).runs)
    return beyond(filters.indexed(), filters.column, top, back=True).order_by()[:NEWS].count()
