"""Group commit: the turns of many runs share a transaction.

A turn that arrives while others wait joins their group. If a group fails, its members are written one by
one, so that a turn which cannot be written fails alone. What is passing (a lock, a lost connection) is
tried again; a turn that was written without our knowing answers that its run has moved on, which is true.

`LoopCommitter` writes on the event loop itself, between two rounds or, while there is one writer only, at once:
cheapest where a commit does not wait for the disk. `ThreadCommitter` writes in a thread of its own; while it
commits, the next group gathers.
"""

from __future__ import annotations

import asyncio
import queue
import random
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from workflows_app.engine.errors import JournalError

from .meters import GROUP_SIZE
from .rows import Answer, Item
from .writer import Passing, Writer

GROUP = 256
PATIENCE = 20.0
"""Seconds for which a group is tried again."""
SHORTEST, LONGEST = 0.005, 0.5
"""Seconds between two tries."""
ROUNDS = 4
"""How often a round of the loop may bring more turns before the group is written."""


class Committer(Protocol):
    async def submit(self, item: Item) -> Any:
        """Write an item, together with others; give the writer's answer or raise what it raised."""

    def close(self) -> None: ...


class Job:
    """An item on its way, and who waits for its answer."""

    __slots__ = ("answer", "future", "item", "loop")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.answer: Answer | BaseException | None = None

    def deliver(self) -> None:
        if self.future.done():
            return
        if isinstance(self.answer, BaseException):
            self.future.set_exception(self.answer)
        else:
            self.future.set_result(self.answer)


def take(waiting: list[Job]) -> tuple[list[Job], list[Job]]:
    """Split off a group: at most one job per run, in the order of the runs, in which rows are locked."""
    if len(waiting) == 1:
        return waiting, []
    group: dict[str, Job] = {}
    rest: list[Job] = []
    for job in waiting:
        run_id = job.item.run_id
        if run_id in group or len(group) >= GROUP:
            rest.append(job)
        else:
            group[run_id] = job
    return [group[run_id] for run_id in sorted(group)], rest


def settle(writer: Writer, jobs: Sequence[Job]) -> None:
    """Answer the jobs. Raises: Passing; those without an answer may then be tried again."""
    try:
        answers = writer.write([job.item for job in jobs])
    except Passing:
        raise
    except Exception as error:
        if len(jobs) == 1:
            jobs[0].answer = error
            return
        for job in jobs:
            settle(writer, [job])
        return
    for job, answer in zip(jobs, answers, strict=True):
        job.answer = answer


class Gathering:
    """The jobs that wait for the next commit. `pause` says how long to wait before it, `total` how many came."""

    def __init__(self) -> None:
        self.waiting: list[Job] = []
        self.total = 0
        self.pause = 0.0
        self._trying_since = 0.0

    def add(self, job: Job) -> None:
        self.waiting.append(job)
        self.total += 1

    def flush(self, writer: Writer) -> list[Job]:
        """Write a group and give those of its jobs that are answered."""
        group, rest = take(self.waiting)
        GROUP_SIZE.observe(len(group))
        try:
            settle(writer, group)
        except Passing as error:
            if not self._may_try_again():
                for job in _without_answer(group):
                    job.answer = error.__cause__ or error
            self.waiting = [*_without_answer(group), *rest]
            return [job for job in group if job.answer is not None]
        self.pause, self.waiting = 0.0, rest
        return group

    def _may_try_again(self) -> bool:
        now = time.monotonic()
        if not self.pause:
            self._trying_since = now
        if now - self._trying_since > PATIENCE:
            self.pause = 0.0
            return False
        self.pause = min(max(self.pause * 2, SHORTEST), LONGEST) * random.uniform(0.7, 1)  # noqa: S311
        return True


def _without_answer(jobs: Iterable[Job]) -> list[Job]:
    return [job for job in jobs if job.answer is None]


def _refuse_if(closed: bool) -> None:
    if closed:
        raise JournalError("The journal is closed. Open another one to go on writing.")


class LoopCommitter:
    """Commits on the event loop: what a few rounds of the loop hand in is one group.

    If that was a single item the last time, the next one is written at once, which spares its run two rounds.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._closed = False
        self._is_lonely = True
        # Several loops may use the journal, each in a thread of its own; the connection is one.
        self._lock = threading.Lock()
        self._gatherings: dict[asyncio.AbstractEventLoop, Gathering] = {}

    async def submit(self, item: Item) -> Any:
        _refuse_if(self._closed)
        job = Job(item)
        gathering = self._gatherings.get(job.loop)
        if gathering is not None:
            gathering.add(job)
        else:
            gathering = self._gatherings[job.loop] = Gathering()
            gathering.add(job)
            job.loop.call_soon(self._gather, job.loop, gathering, 0, ROUNDS)
            if self._is_lonely:
                self._write(gathering)
        return await job.future

    def _gather(self, loop: asyncio.AbstractEventLoop, gathering: Gathering, seen: int, rounds: int) -> None:
        """Write once a round of the loop has brought nothing more: runs in step share commits."""
        found = len(gathering.waiting)
        if seen < found and found > 1 and rounds:
            loop.call_soon(self._gather, loop, gathering, found, rounds - 1)
        else:
            self._flush(loop, gathering)

    def _flush(self, loop: asyncio.AbstractEventLoop, gathering: Gathering) -> None:
        if gathering.waiting:
            self._write(gathering)
        if gathering.waiting:
            loop.call_later(gathering.pause, self._flush, loop, gathering)
        else:
            self._is_lonely = gathering.total == 1
            del self._gatherings[loop]

    def _write(self, gathering: Gathering) -> None:
        with self._lock:
            answered = gathering.flush(self._writer)
        for job in answered:
            job.deliver()

    def close(self) -> None:
        self._closed = True
        with self._lock:
            self._writer.close()


class ThreadCommitter:
    """Commits in a thread of its own: what gathers during one commit is the next group."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._closed = False
        self._inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal-writer", daemon=True)
        self._thread.start()

    async def submit(self, item: Item) -> Any:
        _refuse_if(self._closed)
        job = Job(item)
        self._inbox.put(job)
        return await job.future

    def _work(self) -> None:
        gathering = Gathering()
        open_for_more = True
        while open_for_more or gathering.waiting:
            if open_for_more:
                open_for_more = self._gather(gathering)
            if gathering.waiting:
                _deliver(gathering.flush(self._writer))
                time.sleep(gathering.pause)
        self._writer.close()

    def _gather(self, gathering: Gathering) -> bool:
        """Take in what has arrived; wait only if there is nothing at all to do. False: nothing follows."""
        while True:
            try:
                job = self._inbox.get(block=not gathering.waiting)
            except queue.Empty:
                return True
            if job is None:
                return False
            gathering.waiting.append(job)

    def close(self) -> None:
        """Write what was handed in, then end the thread."""
        if not self._closed:
            self._closed = True
            self._inbox.put(None)
        self._thread.join()


def _deliver(jobs: Iterable[Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, theirs in by_loop.items():
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_deliver_here, theirs)


def _deliver_here(jobs: Iterable[Job]) -> None:
    for job in jobs:
        job.deliver()
