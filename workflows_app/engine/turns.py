"""Taking turns: the loop that moves every run of a process forward.

A turn folds what happened into the run's history, asks `decide` what is next, commits both as one
transaction if nobody else wrote to the run first, and only then dispatches the calls that were opened. What
arrives while a turn commits waits in the run's mailbox and is taken together by the next one, event by
event, so grouping never changes what is decided.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextvars import Context
from functools import partial
from typing import Any

from . import ends
from . import events as e
from .active import Act, ActiveRun, Key, Posted, Underway, Watcher, nothing, refuse, refuse_all
from .alarm import Alarm
from .current import about, log_error
from .decide import Decision
from .drift import adopt, is_same
from .errors import DefinitionChanged, EngineStopped, RunNotFound, WorkflowsError
from .events import Event, Instant
from .history import History
from .outcomes import Call, Timer, Wait, is_news
from .paths import public
from .perform import Around, Performance, perform
from .ports import Clock, Journal, RunHead, Turn
from .registry import Registry
from .schema import Json
from .standing import by_key, decided, standing
from .streams import count

logger = logging.getLogger("workflows")
REST = (e.RunFinished, e.RunSuspended, e.RunPaused)
OUTPUT_SECONDS = 0.03
# An outcome is work that was done: it is kept for as long as a database may be away, a quarter of an hour at least.
RETRIES = 100
DOUBT_SECONDS = 0.2
LONGEST_SECONDS = 10.0
STOP_SECONDS = 2.0


class Turns:
    """The turns of all runs of one process."""

    def __init__(
        self, *, journal: Journal, registry: Registry, clock: Clock, worker: str, engine: Any,
        executor: Executor | None = None,
    ) -> None:  # fmt: skip
        self.journal, self.registry, self.clock = journal, registry, clock
        self.worker, self.engine, self.executor = worker, engine, executor
        self.active: dict[str, ActiveRun] = {}
        self.watchers: dict[str, list[Watcher]] = {}
        self.bells: list[Watcher] = []
        self.around: Around | None = None
        self.tasks: set[asyncio.Task[Any]] = set()
        self.alarm = Alarm(self.now, lambda: self.spawn(self.engine.fire_due_timers()))
        self.dead = False

    def now(self) -> Instant:
        return self.clock.now()

    async def take(self, head: RunHead, act: Act, *, fresh: bool = False) -> History:
        """Take a turn on a run and give its history as committed.

        A `fresh` run is taken to have no events yet; if it has, the commit conflicts and it is read.
        Raises: what the act raises, EngineStopped
        """
        if self.dead:
            raise EngineStopped
        workflow = self.registry.get(head.workflow_id)
        answer: asyncio.Future[History] = asyncio.get_running_loop().create_future()
        active = self.active.get(head.id)
        if active is None:
            active = self.active[head.id] = ActiveRun(head, workflow)
            if fresh and head.seq == 0:
                active.history = History()
        self._post(active, act, answer)
        return await asyncio.shield(answer)

    def _post(self, active: ActiveRun, act: Act, answer: asyncio.Future[History] | None) -> None:
        """Put something into a run's mailbox and see to it that it is taken out."""
        active.mailbox.append((act, answer, 0))
        if active.is_idle and not self.dead:
            active.busy = True
            self.spawn(self._drain(active), Context())

    async def _deliver(self, active: ActiveRun, act: Act) -> None:
        """Post an outcome from the task of its call, which takes the turn itself if nobody else does."""
        active.mailbox.append((act, None, 0))
        if active.is_idle and not self.dead:
            active.busy = True
            await self._drain(active)

    def spawn(self, work: Any, context: Context | None = None) -> asyncio.Task[Any]:
        """Run something in a task that the engine keeps; an empty context lends it no request's rights and thread."""
        task = asyncio.get_running_loop().create_task(work, context=context)
        self.tasks.add(task)
        task.add_done_callback(self._spawned_is_done)
        return task

    def _spawned_is_done(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_error(logger, error, "a task of the engine failed")

    async def _drain(self, active: ActiveRun) -> None:
        try:
            if len(active.calls) > 1:
                # What else ends in this round of the loop shares the turn.
                await asyncio.sleep(0)
            while active.mailbox and not active.halted and not self.dead:
                await self._turn(active)
        finally:
            active.busy = False
            self._retire(active)

    async def _turn(self, active: ActiveRun) -> None:
        """Take one turn with everything that is in the mailbox."""
        batch = list(active.mailbox)
        active.mailbox.clear()
        try:
            if active.history is None:
                await self._load(active)
            start = active.known.seq
            before = active.waits
            doubts = await self._doubts(active) if active.doubtful else []
            happened, decision, answers = self._consider(active, [*batch, *doubts])
            if active.foreign:
                await self._hand_over(active)
            if decision is not None and not await self._commit(active, start, happened, decision):
                self._again(active, batch)
                return
        except Exception as error:
            self._failed(active, batch, error)
            return
        except asyncio.CancelledError:
            refuse_all(batch)
            raise
        for answer in answers:
            answer.set_result(active.known)
        if decision is not None:
            self._dispatch(active, decision, before)
            for watcher in (*self.watchers.get(active.head.id, ()), *self.bells):
                watcher(active, happened, start)

    async def _load(self, active: ActiveRun) -> None:
        stored = await self.journal.read(active.head.id)
        if stored is None:
            raise RunNotFound(f"Run {active.head.id!r} not found.")
        active.load(stored)
        recorded, wanted, timers = standing(active, self.now())
        active.waits = by_key(recorded)
        for timer in timers:
            self.alarm.set(timer.due)
        self._drop_unwanted(active, wanted)

    async def _hand_over(self, active: ActiveRun) -> None:
        """Leave the calls that have ended here to a process that knows the graph by which the run goes on."""
        active.foreign = False
        for call in await self.journal.claims(active.head.id):
            if call.worker == self.worker and call.path not in active.calls:
                await self.journal.release(call)
                words = "run %s: %s is left to a process with the newer code"
                logger.warning(words, active.head.id, call.path, extra=about(active.head))

    async def _doubts(self, active: ActiveRun) -> list[Posted]:
        """Open again what a commit opened after all, though it failed and so nothing was dispatched."""
        active.doubtful = False
        return [
            (partial(ends.lost, call=call, now=self.now()), None, 0)
            for call in await self.journal.claims(active.head.id)
            if call.worker == self.worker and call.path not in active.calls
        ]

    def _consider(
        self, active: ActiveRun, batch: list[Posted]
    ) -> tuple[list[Event], Decision | None, list[asyncio.Future[History]]]:
        """Fold the batch in and decide. A verb, or a slot that an item of a foreach frees, is decided at once."""
        recorded: list[Event] = []
        answers: list[asyncio.Future[History]] = []
        decision: Decision | None = None
        undecided = False
        for act, answer, _ in batch:
            if undecided and answer is not None:
                decision, undecided = self._decide(active, recorded), False
            try:
                happened = act(active) if answer is not None else self._outcome(active, act)
            except WorkflowsError as error:
                active.foreign |= answer is None and isinstance(error, DefinitionChanged)
                refuse(answer, error)
                continue
            if answer is not None:
                answers.append(answer)
            if happened:
                undecided = True
                self._fold(active, happened, recorded)
                if active.known.canceled_at is not None:
                    self._fold(active, ends.never_begun(active, recorded, self.now()), recorded)
                if "[" in happened[-1].path:
                    decision, undecided = self._decide(active, recorded), False
        if undecided:
            decision = self._decide(active, recorded)
        return recorded, decision, answers

    def _outcome(self, active: ActiveRun, act: Act) -> Sequence[Event]:
        """Let something happen by itself. Raises: DefinitionChanged when the graph known here does not go so far"""
        happened, history = act(active), active.known
        if not happened or history.canceled_at is not None or is_same(active.workflow, history):
            return happened
        return [*adopt(active.workflow, history, self.now()), *happened]

    def _fold(self, active: ActiveRun, events: Sequence[Event], recorded: list[Event]) -> None:
        history, volume = active.known, active.volume
        for event in map(self.engine.vault.close, events):
            history.apply(event)
            volume.add(event)
            recorded.append(event)

    def _decide(self, active: ActiveRun, recorded: list[Event]) -> Decision:
        """Decide what is next and fold what that opens."""
        now = self.now()
        decision = decided(active, now)
        self._fold(active, decision.opened, recorded)
        while decision.again:
            decision = decided(active, now)
            self._fold(active, decision.opened, recorded)
        return decision

    async def _commit(self, active: ActiveRun, start: int, happened: list[Event], decision: Decision) -> bool:
        history = active.known
        streams: list[int] = []
        number = active.stream
        for event in happened:
            streams.append(number + 1)
            number += count(event)
        wanted = by_key(decision.waits)
        error = history.error["message"] if history.error else None
        shown = (decision.status, error, history.fingerprint, history.started_at, history.finished_at)
        turn = Turn(
            run_id=active.head.id, expected_seq=start, events=tuple(happened), streams=tuple(streams),
            status=decision.status, stream=number, at=happened[-1].at,
            opened=tuple([wait for key, wait in wanted.items() if is_news(wait, active.waits.get(key))]),
            closed=tuple([key for key in active.waits if key not in wanted]),
            error=error, fingerprint=history.fingerprint, started_at=history.started_at,
            finished_at=history.finished_at, goes_on=shown == active.shown,
        )  # fmt: skip
        if not await self.journal.commit(turn, self.worker):
            return False
        active.stream, active.waits, active.shown = number, wanted, shown
        return True

    def _again(self, active: ActiveRun, batch: list[Posted]) -> None:
        """The run has moved on: forget what is cached and decide anew.

        Mostly somebody else wrote to it. A journal that tried again after it lost its connection may have done so
        itself: then what it opened was not dispatched.
        """
        active.history, active.doubtful = None, True
        active.mailbox.extendleft(item for item in reversed(batch) if item[1] is None or not item[1].done())

    def _failed(self, active: ActiveRun, batch: list[Posted], error: Exception) -> None:
        """The journal failed: tell the verbs, and try outcomes again, since their work is done."""
        active.history = None
        passes = not isinstance(error, WorkflowsError)
        again: list[Posted] = []
        for act, answer, tries in batch:
            refuse(answer, error)
            if answer is not None or act is nothing:
                continue
            if tries < RETRIES and passes:
                again.append((act, None, tries + 1))
                words = "run %s: an outcome could not be recorded, trying again: %s"
                logger.warning(words, active.head.id, error, extra=about(active.head))
            else:
                logger.error("run %s: an outcome is lost", active.head.id, exc_info=error, extra=about(active.head))
        if passes:
            self._halt(active, again)

    def _halt(self, active: ActiveRun, again: list[Posted]) -> None:
        """Take no turn on the run for a while.

        It is kept, and outcomes stay first in its mailbox: nobody shall take its calls for lost before them.
        """
        active.doubtful = active.halted = True
        active.mailbox.extendleft(reversed(again))
        tried = max((tries for _, _, tries in again), default=1)
        delay = min(DOUBT_SECONDS * 2 ** min(tried - 1, RETRIES), LONGEST_SECONDS)
        asyncio.get_running_loop().call_later(delay, self._go_on, active)

    def _go_on(self, active: ActiveRun) -> None:
        active.halted = False
        self._post(active, nothing, None)

    def _dispatch(self, active: ActiveRun, decision: Decision, before: Mapping[Key, Wait]) -> None:
        """Perform the calls that this turn opened, and tell those that are not wanted any more."""
        wanted = self._drop_unwanted(active, decision.waits)
        for path, call in wanted.items():
            if is_news(call, before.get((Call, path))):
                underway = active.calls[path] = Underway(call.attempt)
                underway.task = self.spawn(self._perform(active, call, underway), Context())
        for wait in decision.waits:
            if type(wait) is Timer and is_news(wait, before.get((Timer, wait.path))):
                self.alarm.set(wait.due)

    def _drop_unwanted(self, active: ActiveRun, waits: Sequence[Wait]) -> dict[str, Call]:
        """Abort the calls under way that the run does not want any more, and give those it wants."""
        wanted = {wait.path: wait for wait in waits if type(wait) is Call}
        for path, underway in list(active.calls.items()):
            call = wanted.get(path)
            if call is None or call.attempt != underway.attempt:
                self._abort(active, path, underway)
        return wanted

    def look_again(self, seqs: Mapping[str, int]) -> None:
        """Read the runs again that another process has written to since this one did."""
        for run_id, seq in seqs.items():
            active = self.active.get(run_id)
            if active is not None and not active.busy and active.history is not None and seq > active.history.seq:
                active.history = None
                self._post(active, nothing, None)

    def _abort(self, active: ActiveRun, path: str, underway: Underway) -> None:
        """Signal a call; unless a canceled run still grants it its grace, drop it."""
        underway.signal.abort()
        record = active.known.record(path)
        granted = record is not None and record.status == "running" and record.attempt == underway.attempt
        if active.known.finished or not granted:
            active.calls.pop(path, None)
            underway.task.cancel()

    async def _perform(self, active: ActiveRun, call: Call, underway: Underway) -> None:
        """Run one call and post its outcome."""

        def emit(chunk: Json, size: int) -> None:
            active.volume.check_room(underway.unrecorded + size, self.engine.max_run, public(call.path))
            underway.keep(chunk, size)
            if underway.flush is None:
                loop.call_soon_threadsafe(self._schedule_flush, active, call, underway)

        loop, grace = asyncio.get_running_loop(), self.engine.cancel_grace
        work = Performance(
            self.engine, active.head, active.known, underway.signal, emit, self.clock.now, self.executor, self.around
        )
        try:
            performed = await perform(call, work)
        except asyncio.CancelledError:
            if self.dead or active.calls.get(call.path) is not underway:
                raise
            said = underway.take_chunks()
            await self._deliver(active, lambda run: ends.cancelled(run, call, underway, said, self.now(), grace))
            return
        chunks = underway.take_chunks()
        await self._deliver(active, lambda run: ends.outcome(run, call, underway, performed, chunks, grace))

    def _schedule_flush(self, active: ActiveRun, call: Call, underway: Underway) -> None:
        if underway.flush is None and underway.chunks:
            loop = asyncio.get_running_loop()
            underway.flush = loop.call_later(OUTPUT_SECONDS, self._flush, active, call, underway)

    def _flush(self, active: ActiveRun, call: Call, underway: Underway) -> None:
        chunks = underway.take_chunks()
        self._post(active, lambda run: ends.output(run, call, chunks, self.now()), None)

    def _retire(self, active: ActiveRun) -> None:
        """Forget a run that has nothing under way: what sleeps or waits holds nothing here."""
        if active.halted and not self.dead:
            return
        if active.mailbox and not self.dead:
            active.busy = True
            self.spawn(self._drain(active), Context())
        elif not active.calls:
            self.active.pop(active.head.id, None)

    def kill(self) -> None:
        """Drop everything at once, as a crash would."""
        self.dead = True
        self.alarm.stop()
        for task in self.tasks:
            task.cancel()
        for active in self.active.values():
            refuse_all(active.mailbox)

    async def stop(self) -> None:
        """Stop without finishing: what is under way is dropped, as in a crash."""
        own = asyncio.current_task()
        pending = [task for task in self.tasks if task is not own]
        self.kill()
        if pending:
            # A step may swallow its cancellation; it is not waited for.
            await asyncio.wait(pending, timeout=STOP_SECONDS)
