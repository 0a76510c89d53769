"""The composition root: the only place that joins the engine, the database and the settings.

`get_engine()` is the process's engine on the database. Where runs are performed in the background (the
studio), it lives on an event loop in a thread of its own, so a slow step never holds up a page; its verbs may
be awaited from any loop. Elsewhere (scripts, tests) it lives on the loop of whoever awaits it.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import logging
import os
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar, cast

from .adapters import deleting
from .adapters.journal import OrmJournal
from .adapters.meters import REGISTRY as REGISTRY
from .adapters.meters import tally
from .adapters.notifier import ALL_RUNS as ALL_RUNS
from .adapters.notifier import ChannelsNotifier
from .adapters.notifier import group_of as group_of
from .adapters.threads import AsyncConnections, StepThreads
from .adapters.vault import FernetVault
from .approvals.listener import Listener
from .approvals.postman import Postman
from .catalogue import Catalogue, read_catalogue
from .catalogue import Offer as Offer
from .conf import get_conf
from .definitions import write_definitions
from .engine import Engine, EngineStopped
from .engine.retention import cutoffs
from .engine.secrets import Names
from .logs import tell
from .rollups import BEHIND, FAR_BEHIND, catch_up
from .schedules.declared import write_declared
from .schedules.starter import Starter
from .supervisor import Heart, Pulse, repeat, review, tick
from .telemetry.starting import begin
from .trials.examiner import Examiner
from .webhooks.messenger import Messenger

T = TypeVar("T")
logger = logging.getLogger("workflows")
STOP_SECONDS = 10.0
END_SECONDS = 15.0
CALL_SECONDS = 1.0
PRUNE_SECONDS = 60.0
CLEAN_SECONDS = 600.0
PRUNE_PAUSE = 0.1
"""Between two batches, so that runs under way are not held up."""
YOUNG_OBJECTS = 10_000
"""How many objects may come to live before cycles are looked for among them."""
COUNT_REST = 20.0
"""Counting takes no more than a twentieth of the time, however much there is to count."""
LOOK_REST = 4.0
"""Following the journal takes no more than a fifth of it."""


class Background:
    """The thread, the loop and the supervisor that perform runs behind the pages."""

    def __init__(self, engine: Engine, address: str = "", *, mails: bool = True) -> None:
        self.engine = engine
        self.mails = mails
        self.postman = Postman(engine.journal, address)
        self.messenger = Messenger(engine.journal, address)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name="workflows-engine", daemon=True)
        self.heart = Heart(self._beat, get_conf().lease_seconds / 3)
        self.pulse = Pulse()
        self.tasks: list[asyncio.Task[None]] = []
        self.behind = FAR_BEHIND
        self.listener = Listener(engine.journal)
        self.examiner = Examiner(engine)
        self.starter = Starter(engine)

    def start(self) -> None:
        """Start as a whole; where the database is away, leave nothing behind. Raises: what the database raises"""
        self.engine.home = self.loop
        self.thread.start()
        try:
            self.call(self._begin())
        except BaseException:
            self._end_loop()
            raise
        self.heart.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            # Without its loop the process would only look alive, and nobody would take over what it had begun.
            logger.critical("a step asked for the end of the process, which ends", exc_info=True)
            os._exit(1)

    async def _begin(self) -> None:
        await self.engine.journal.heartbeat(self.engine.worker, self.engine.now())
        journal: Any = self.engine.journal
        workflows = list(self.engine.registry.by_id.values())
        await journal.beside(lambda _alias: write_declared(workflows, self.engine.now()))
        self.engine.turns.bells += [self.listener.hear, self.examiner.hear]
        seconds = get_conf().tick_seconds
        work = [
            repeat(partial(tick, self.engine), seconds),
            repeat(self._count, seconds, rest=COUNT_REST),
            repeat(partial(prune, self.engine), PRUNE_SECONDS),
            repeat(partial(delete_due, self.engine), seconds),
            repeat(self.listener.look, seconds, rest=LOOK_REST, bell=self.listener.bell),
            repeat(self.examiner.look, seconds, rest=LOOK_REST, bell=self.examiner.bell),
            repeat(self.messenger.round, seconds),
            repeat(self.starter.round, seconds),
            repeat(self.messenger.clean, CLEAN_SECONDS),
            review(self.engine),
            self.pulse.feel(),
        ]
        if self.mails:
            work.append(repeat(self.postman.round, seconds))
        if self.mails and get_conf().push_key:
            work.append(repeat(self.postman.push, seconds))
        self.tasks = [self.loop.create_task(one) for one in work]

    async def _count(self) -> None:
        """Count what has ended; the first time look back far enough for what another process left."""
        journal: Any = self.engine.journal
        await journal.beside(partial(catch_up, behind=self.behind))
        self.behind = BEHIND

    def _beat(self) -> None:
        journal: Any = self.engine.journal
        journal.beat(self.engine.worker, self.engine.now())

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop; a loop that stops meanwhile would never answer."""
        answer = asyncio.run_coroutine_threadsafe(work, self.loop)
        while True:
            try:
                return answer.result(CALL_SECONDS)
            except TimeoutError:
                if answer.done():
                    raise
                if not self.thread.is_alive():
                    raise EngineStopped("The studio is stopping. Try again once it runs.") from None

    def stop(self) -> None:
        """Stop without finishing: active runs go on when a process starts again."""
        self.heart.stop()
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(STOP_SECONDS)
        self._end_loop()

    def _end_loop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(STOP_SECONDS)
        if self.thread.is_alive():
            logger.warning("a step holds up the loop, so the process ends without it; its run goes on elsewhere")
        else:
            self.loop.close()
        self.engine.home = None

    async def _end(self) -> None:
        """Stop what runs on the loop, and give everything that was cancelled the moment to end."""
        for task in self.tasks:
            task.cancel()
        await self.engine.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            # One that swallows its cancellation shall not keep the process from ending.
            await asyncio.wait(left, timeout=STOP_SECONDS / 2)


@dataclass(slots=True)
class Process:
    """What this process has: its catalogue, its engine, and the background if it was started."""

    catalogue: Catalogue | None = None
    engine: Engine | None = None
    background: Background | None = None


process = Process()
lock = threading.RLock()


def get_catalogue() -> list[Offer]:
    """List what the modules offer, with what could not be imported."""
    return _catalogue().offers


def _catalogue() -> Catalogue:
    with lock:
        if process.catalogue is None:
            process.catalogue = read_catalogue()
        return process.catalogue


def get_engine() -> Engine:
    """Give the process's engine on the database, with everything that was discovered."""
    with lock:
        if process.engine is None:
            found, conf = _catalogue(), get_conf()
            journal = OrmJournal(durability=conf.durability, inline_bytes=conf.inline_bytes)
            process.engine = Engine(
                found.workflows, found.agents, found.tools, journal=journal, lease=conf.lease_seconds,
                cancel_grace=conf.cancel_grace_seconds, clock=journal.clock, max_payload=conf.max_payload_bytes,
                max_state=conf.max_state_bytes, max_run=conf.max_run_bytes,
                retention=None if conf.retention_days is None else timedelta(days=conf.retention_days),
                executor=StepThreads(), vault=FernetVault(secret_names()),
            )  # fmt: skip
            turns = process.engine.turns
            turns.bells += [ChannelsNotifier().changed, tell, tally, AsyncConnections().hear]
            if (telemetry := begin(values=conf.trace_values)) is not None:
                turns.bells.append(telemetry.hear)
                turns.around = telemetry.around
        return process.engine


def secret_names() -> Names:
    """Say which keys of data mean that what stands under them is secret."""
    conf = get_conf()
    return Names(conf.secret_names, conf.plain_names)


def start_background(address: str = "", *, mails: bool = True) -> None:
    """Start to perform runs in this process; a second call does nothing.

    `address` is where pages are served; links in mails begin with it unless the settings name another. Who knows
    no address leaves the `mails` to others.
    """
    if process.background is not None:
        return
    with lock:
        if process.background is None:
            background = Background(get_engine(), get_conf().address or address, mails=mails)
            # What was loaded so far stays: looking through it again and again costs a tenth of the work.
            gc.collect()
            gc.freeze()
            # What a turn makes goes away by itself; looking for cycles after 700 objects finds next to nothing.
            gc.set_threshold(YOUNG_OBJECTS)
            background.start()
            process.background = background
            atexit.register(stop_background)


def stop_background() -> None:
    """Stop performing and close what the engine holds; without a background this does nothing."""
    with lock:
        background, process.background = process.background, None
        if background is not None:
            background.stop()
            close_engine()


def end_in_time(seconds: float = END_SECONDS, code: int = 0) -> None:
    """See to it that a stopping process ends, whatever still hangs in it: the journal holds all that counts.

    The thread of a step can not be stopped, and the interpreter would wait for it.
    """

    def end() -> None:
        logger.warning("a thread goes on %g s after the wish to stop, so the process ends without it", seconds)
        os._exit(code)

    last = threading.Timer(seconds, end)
    last.daemon = True
    last.start()


def close_engine() -> None:
    """Forget the process's engine and close its connections."""
    with lock:
        engine, process.engine = process.engine, None
        if engine is not None:
            journal: Any = engine.journal
            journal.close()
            if engine.turns.executor is not None:
                engine.turns.executor.shutdown(wait=False, cancel_futures=True)


def is_running() -> bool:
    return process.background is not None


def faults() -> list[str]:
    """Say why this process does not perform runs, if it does not: a restart of it would help."""
    background = process.background
    if background is None or not background.thread.is_alive():
        return ["Nothing performs runs in this process."]
    if background.pulse.silence > get_conf().lease_seconds:
        return [f"A step has blocked the engine's loop for {background.pulse.silence:.0f} s."]
    return []


def doubts() -> list[str]:
    """Say why others may take this process for dead, if they may."""
    background = process.background
    if background is not None and background.heart.silence > get_conf().lease_seconds:
        return [f"The heartbeat could not be written for {background.heart.silence:.0f} s."]
    return []


def call(work: Coroutine[Any, Any, T]) -> T:
    """From code that cannot await: run a coroutine on the engine's loop and give its result."""
    if process.background is not None:
        return process.background.call(work)
    return asyncio.run(work)


def recover() -> int:
    """Take up at once what a dead process of this machine left. Returns how many calls were lost."""
    return call(get_engine().recover()) if get_conf().auto_restart else 0


async def prune(engine: Engine) -> int:
    """Delete what is past its retention, once figures have counted it. Returns how many runs."""
    now, journal = engine.now(), cast(OrmJournal, engine.journal)
    if not cutoffs(engine, now):
        return 0
    await journal.beside(catch_up)
    deleted = 0
    while some := await engine.prune(now):
        deleted += some
        await asyncio.sleep(PRUNE_PAUSE)
    return deleted


async def delete_due(engine: Engine, now: int | None = None) -> None:
    """Delete the runs that nobody has brought back in time; one that is performed again waits until it rests."""
    journal = cast(OrmJournal, engine.journal)
    moment = engine.now() if now is None else now
    for run_id in await journal.beside(partial(deleting.due, now=moment)):
        if not await engine.live_calls(run_id):
            await journal.beside(partial(deleting.delete_wished, run_id=run_id))


def sync_definitions() -> None:
    """Write what the code offers to the definitions table, so that pages can show it without the code."""
    write_definitions(get_catalogue())
