"""A run that this process is moving: its cached history, its mailbox, and its calls under way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from .abort import AbortSignal
from .errors import EngineStopped, RunNotFound
from .events import Event
from .history import History
from .outcomes import Wait
from .ports import RunHead, Stored
from .schema import Json
from .volume import Volume
from .workflow import Workflow

Act = Callable[["ActiveRun"], Sequence[Event]]
Watcher = Callable[["ActiveRun", Sequence[Event], int], None]
Posted = tuple[Act, "asyncio.Future[History] | None", int]
Key = tuple[type[Wait], str]


class Underway:
    """A call this process performs: its abort signal, and what it wrote that is not recorded yet."""

    __slots__ = ("attempt", "chunks", "flush", "signal", "task", "unrecorded")
    task: asyncio.Task[None]

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.signal = AbortSignal()
        self.chunks: list[Json] = []
        self.unrecorded = 0
        self.flush: asyncio.TimerHandle | None = None

    def keep(self, chunk: Json, size: int) -> None:
        """Keep what was written until it is recorded."""
        self.chunks.append(chunk)
        self.unrecorded += size

    def take_chunks(self) -> list[Json]:
        """Take out what was written and is not recorded yet."""
        if self.flush is not None:
            self.flush.cancel()
            self.flush = None
        chunks, self.chunks, self.unrecorded = self.chunks, [], 0
        return chunks


class ActiveRun:
    """A run that this process is moving: its cached history, its mailbox, and the calls under way."""

    __slots__ = (
        "busy", "calls", "doubtful", "foreign", "halted", "head", "history", "mailbox", "shown", "stream", "volume",
        "waits", "workflow",
    )  # fmt: skip

    def __init__(self, head: RunHead, workflow: Workflow) -> None:
        self.head = head
        self.workflow = workflow
        self.history: History | None = None
        self.volume = Volume()
        self.stream = head.stream
        self.waits: dict[Key, Wait] = {}
        # What the head said at the last commit; None when that is not known.
        self.shown: tuple[object, ...] | None = None
        self.calls: dict[str, Underway] = {}
        self.mailbox: deque[Posted] = deque()
        self.busy = False
        # Whether a commit failed or came second, so that nobody knows if it was written.
        self.doubtful = False
        # Whether no turn is taken for a while, because the journal failed.
        self.halted = False
        # Whether something ended here from which only a process with another graph can go on.
        self.foreign = False

    @property
    def is_idle(self) -> bool:
        """Tell whether somebody must see to it that the mailbox is emptied."""
        return not self.busy and not self.halted

    @property
    def known(self) -> History:
        if self.history is None:
            raise RunNotFound(f"The history of the run {self.head.id!r} is not loaded.")
        return self.history

    def load(self, stored: Stored) -> None:
        """Take the run as it is recorded."""
        self.head, self.stream, self.shown = stored.head, stored.head.stream, None
        self.history, self.volume = History(stored.events), Volume(stored.events)


def nothing(run: ActiveRun) -> Sequence[Event]:
    """Make a run be looked at, and add nothing to it."""
    return ()


def refuse(answer: asyncio.Future[History] | None, error: Exception) -> None:
    """Raise an error where a verb waits, unless it was refused already."""
    if answer is not None and not answer.done():
        answer.set_exception(error)


def refuse_all(posted: Iterable[Posted]) -> None:
    """Tell who waits that the engine ended meanwhile; whether it was recorded nobody knows."""
    for _, answer, _ in posted:
        refuse(answer, EngineStopped())
