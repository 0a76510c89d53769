"""Engine: the registry of workflows, and the door to their runs.

An engine is one worker on one journal. It takes turns on runs, fires timers, and brings back the calls of
workers that are gone. Several engines may share a journal; none of them owns a run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from . import verbs
from .active import ActiveRun
from .arguments import instant, is_storable, name_of, names_of, optional_name, rows, statuses
from .drift import adopt
from .ends import within_bounds
from .errors import DefinitionChanged, InvalidInput, RunIdTaken, RunNotFound, StillRunning, UnreadableEvent
from .events import Event, Instant
from .history import History
from .memory import MemoryJournal, SystemClock
from .options import Seconds, checked_seconds, positive_seconds
from .ports import ACTIVE, Clock, Journal, Page, Query, RunHead, Stored
from .recovery import Recovery
from .registry import Registry, checked, offered
from .resting import Resting, Waiter
from .retention import expired, prune
from .review import LEFT_ALONE, review, review_run
from .run import Run
from .sending import send
from .snapshot import FIELDS, Result, WorkflowRun, WorkflowRuns, result_of, stored_run
from .turns import Turns
from .vault import Vault
from .workflow import Workflow

T = TypeVar("T")
Act = Callable[[ActiveRun], Sequence[Event]]
LEASE_SECONDS = 30.0
NEWS_SECONDS = 1.0
CANCEL_GRACE_SECONDS = 10.0
MAX_PAYLOAD_BYTES = 4_194_304
MAX_STATE_BYTES = 1_048_576
MAX_RUN_BYTES = 268_435_456


class Engine:
    """The registry and the shared resources of its workflows. Without a journal it keeps runs in memory."""

    def __init__(
        self, workflows: Any = (), agents: Any = (), tools: Any = (), *, logger: logging.Logger | None = None,
        journal: Journal | None = None, lease: Seconds = LEASE_SECONDS, cancel_grace: Seconds = CANCEL_GRACE_SECONDS,
        max_payload: int = MAX_PAYLOAD_BYTES, max_state: int = MAX_STATE_BYTES, max_run: int = MAX_RUN_BYTES,
        retention: Seconds | None = None, clock: Clock | None = None, executor: Executor | None = None,
        worker: str | None = None, private: bool = False, vault: Vault | None = None,
    ) -> None:  # fmt: skip
        self.registry = Registry(agents=agents, tools=tools)
        self.journal: Journal = journal or MemoryJournal()
        self.vault = vault or Vault()
        self.clock = clock or SystemClock()
        self.logger = logger or logging.getLogger("workflows")
        self.lease = positive_seconds(lease)
        self.cancel_grace = checked_seconds(cancel_grace, "cancel_grace", 0)
        self.max_payload, self.max_state, self.max_run = max_payload, min(max_state, max_payload), max_run
        self.retention = None if retention is None else positive_seconds(retention)
        self.private = private
        self.worker = worker or uuid4().hex
        self.home: asyncio.AbstractEventLoop | None = None
        self.turns = Turns(
            journal=self.journal, registry=self.registry, clock=self.clock, worker=self.worker, engine=self,
            executor=executor,
        )  # fmt: skip
        self.resting = Resting(self)
        self.recovery = Recovery(self)
        self.turns.bells.append(self.resting.hear)
        self._heart: asyncio.Task[Any] | None = None
        self._left_alone: set[str] = set()
        self.closed = False
        for key, workflow in offered(workflows):
            self.add_workflow(workflow, key)

    # The registry

    def add_workflow(self, workflow: Workflow, key: str | None = None) -> None:
        """Register a workflow, committing it if needed. Raises: DefinitionError"""
        owner = checked(workflow).engine
        if owner is not None and owner is not self and not owner.private and not owner.closed:
            workflow = workflow.copy()
        self.registry.add(workflow, key)
        workflow.engine = self

    def get_workflow(self, name: str) -> Workflow:
        """Find a workflow by its registration key, else by its id. Raises: WorkflowNotFound"""
        return self.registry.get(name)

    def list_workflows(self) -> dict[str, Workflow]:
        """Give the workflows by registration key."""
        return dict(self.registry.workflows)

    def get_agent(self, name: str) -> Any:
        """Find a registered agent. Raises: UnknownReference"""
        return self.registry.agent(name)

    def get_tool(self, name: str) -> Any:
        """Find a registered tool. Raises: UnknownReference"""
        return self.registry.tool(name)

    # Where work happens

    async def at_home(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop that the engine lives on."""
        if self.home is None or asyncio.get_running_loop() is self.home:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.home))

    def start_task(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Start a task on the engine's loop."""
        if self.home is None or asyncio.get_running_loop() is self.home:
            self.turns.spawn(work())
        else:
            self.home.call_soon_threadsafe(lambda: self.turns.spawn(work()))

    def now(self) -> Instant:
        return self.clock.now()

    # Runs

    async def create_run(
        self, workflow: Workflow, *, run_id: str | None = None, resource_id: str | None = None,
        idempotency_key: str | None = None, tags: Sequence[str] = (), forked_from: str | None = None,
        started_by: str | None = None,
    ) -> Run:  # fmt: skip
        """Store a pending run, or get the one that has this id or key. Raises: RunIdTaken, InvalidInput"""
        name = str(uuid4()) if run_id is None else name_of("A run id", run_id)
        now = self.now()
        head = RunHead(
            id=name, workflow_id=workflow.id, resource_id=optional_name("resource_id", resource_id),
            idempotency_key=optional_name("idempotency_key", idempotency_key), tags=names_of("tags", tags),
            forked_from=forked_from, started_by=started_by, created_at=now, updated_at=now,
        )  # fmt: skip
        kept = await self.at_home(self.journal.create(head))
        if kept.workflow_id != workflow.id:
            raise RunIdTaken(f"The run id {name!r} belongs to a run of {kept.workflow_id!r}. Choose another one.")
        return Run(self, workflow, kept)

    async def get_run(self, run_id: str) -> Run:
        """Get the handle of a stored run. Raises: RunNotFound, WorkflowNotFound"""
        head = await self.head(run_id)
        return Run(self, self.get_workflow(head.workflow_id), head)

    async def head(self, run_id: str) -> RunHead:
        """Read a run's head. Raises: RunNotFound"""
        head = await self.at_home(self.journal.head(run_id)) if is_storable(run_id) else None
        if head is None:
            raise RunNotFound(f"Run {run_id!r} not found.")
        return head

    async def read(self, run_id: str, *, resolve: bool = True) -> Stored:
        """Read a run with its events. Raises: RunNotFound"""
        stored = await self.at_home(self.journal.read(run_id, resolve=resolve)) if is_storable(run_id) else None
        if stored is None:
            raise RunNotFound(f"Run {run_id!r} not found.")
        return stored

    async def act(self, head: RunHead, act: Act, *, fresh: bool = False) -> History:
        """Take one turn on a run. Raises: what the verb raises; InvalidPayload, RunFull when it brings too much"""
        self._beat()
        return await self.turns.take(head, within_bounds(act, self), fresh=fresh)

    async def act_until_rest(
        self, head: RunHead, act: Act, *, include_state: bool = False, fresh: bool = False
    ) -> Result:
        """Take a turn and wait until the run next comes to rest. Raises: what the verb raises"""
        waiter = Waiter(asyncio.get_running_loop().create_future(), include_state)
        try:
            history = await self.act(head, self.resting.waiting(head.id, waiter, act), fresh=fresh)
            if not waiter.registered:
                return result_of(head.id, history, self.places(head), include_state=include_state)
            return await self.resting.until(head, waiter, history.seq)
        finally:
            self.resting.forget(head.id, waiter)

    def places(self, head: RunHead) -> Mapping[str, Any]:
        return self.registry.get(head.workflow_id).places

    async def live_calls(self, run_id: str) -> list[str]:
        """Name the calls of a run whose worker is heard of."""
        dead = await self.dead_calls(run_id)
        return [call.path for call in await self.journal.claims(run_id) if call.path not in dead]

    async def dead_calls(self, run_id: str) -> dict[str, int]:
        """Give the calls of a run whose worker is not heard of, as path and attempt."""
        now = self.now()
        return {
            call.path: call.attempt
            for call in await self.journal.claims(run_id)
            if call.worker is None or not await self.journal.is_alive(call.worker, now, self.lease)
        }

    # Runs at rest

    async def list_workflow_runs(
        self, workflow: Workflow, *, status: str | Sequence[str] | None = None, from_date: datetime | None = None,
        to_date: datetime | None = None, resource_id: str | None = None, tags: Sequence[str] = (),
        page: int | None = None, per_page: int | None = None,
    ) -> WorkflowRuns:  # fmt: skip
        """List a workflow's runs, newest first. Raises: InvalidInput for a page that cannot be."""
        query = Query(
            workflow.id, statuses(status), optional_name("resource_id", resource_id),
            instant("from_date", from_date), instant("to_date", to_date), tags=names_of("tags", tags),
            page=rows("page", page, 0), per_page=rows("per_page", per_page, 1),
        )  # fmt: skip
        found: Page = await self.at_home(self.journal.list_runs(query))
        runs = [await self._listed(workflow, head) for head in found.heads]
        return WorkflowRuns([run for run in runs if run is not None], found.total)

    async def _listed(self, workflow: Workflow, head: RunHead) -> WorkflowRun | None:
        """Read a run for a list; of one that cannot be read, give what its head tells."""
        try:
            return await self._stored(workflow, head.id)
        except UnreadableEvent as error:
            self.logger.error("run %s is listed without its steps: %s", head.id, error)
            return stored_run(head, History(), workflow.places)

    async def _stored(
        self, workflow: Workflow, run_id: str, fields: list[str] | None = None, *, nested: bool = True
    ) -> WorkflowRun | None:
        stored = await self.at_home(self.journal.read(run_id)) if is_storable(run_id) else None
        if stored is None or stored.head.workflow_id != workflow.id:
            return None
        history = History(stored.events)
        return stored_run(stored.head, history, workflow.places, fields=fields, nested=nested)

    async def get_workflow_run_by_id(
        self, workflow: Workflow, run_id: str, *, fields: Sequence[str] | None = None,
        with_nested_workflows: bool = True,
    ) -> WorkflowRun | None:  # fmt: skip
        """Read a run; None when there is none. Raises: InvalidInput for an unknown field."""
        wanted = None if fields is None else list(names_of("fields", fields))
        unknown = set(wanted or ()) - FIELDS
        if unknown:
            raise InvalidInput(f"Unknown fields {sorted(unknown)}; known are {sorted(FIELDS)}.")
        return await self._stored(workflow, run_id, wanted, nested=with_nested_workflows)

    async def delete_workflow_run_by_id(self, workflow: Workflow, run_id: str) -> None:
        """Delete a run that is not active. Raises: RunNotFound, StillRunning"""
        head = await self.head(run_id)
        if head.workflow_id != workflow.id:
            raise RunNotFound(f"Run {run_id!r} of {workflow.id!r} not found.")
        await self.delete_run(run_id)

    async def delete_run(self, run_id: str) -> None:
        """Delete a run, whatever became of its workflow. Raises: RunNotFound, StillRunning"""
        head = await self.head(run_id)
        alive = await self.at_home(self.live_calls(run_id)) if head.is_active else []
        if alive:
            raise StillRunning("The run is still running. Cancel it before you delete it.")
        await self.at_home(self.journal.delete(run_id))

    async def prune(self, now: Instant | None = None) -> int:
        """Delete some of the runs that ended longer ago than they are kept. Returns how many; 0 when none is left."""
        return await self.at_home(prune(self, self.now() if now is None else now))

    async def expired(self) -> Mapping[str, Sequence[str]]:
        """List the runs that prune would delete, by workflow."""
        return await self.at_home(expired(self, self.now()))

    async def list_active_workflow_runs(self, workflow: Workflow | None = None) -> WorkflowRuns:
        """List the runs that are running or waiting, of one workflow or of all."""
        workflows = [workflow] if workflow else list(self.registry.by_id.values())
        pages = [await self.list_workflow_runs(one, status=ACTIVE) for one in workflows]
        return WorkflowRuns([run for page in pages for run in page.runs], sum(page.total for page in pages))

    async def restart_all_active_workflow_runs(self, workflow: Workflow | None = None) -> None:
        """Restart every active run whose worker is gone, and wait for them; a failing one is logged."""
        active = await self.list_active_workflow_runs(workflow)
        restarts = (self._restart(run.run_id, is_asked_for=workflow is not None) for run in active.runs)
        for outcome in await asyncio.gather(*restarts, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, StillRunning):
                self.logger.error("a run could not be restarted: %s", outcome, exc_info=outcome)

    async def _restart(self, run_id: str, *, is_asked_for: bool) -> None:
        run = await self.get_run(run_id)
        if is_asked_for or run.workflow.auto_restart_active_runs:
            await run.restart()

    # Time, events and lost workers

    async def fire_due_timers(self) -> int:
        """Wake the runs whose timers are due."""
        fired = 0
        for run_id, path in await self.journal.due(self.now()):
            fired += await self.attempt(run_id, partial(self._wake, path))
        return fired

    def _wake(self, path: str, active: ActiveRun) -> Sequence[Event]:
        now = self.now()
        adopted = adopt(active.workflow, active.known, now)
        woken = verbs.wake(active.known, path, now)
        return [*adopted, *woken] if woken else ()

    async def recover(self) -> int:
        """Open the calls of lost workers again. Returns the number of calls."""
        return await self.recovery.recover()

    async def attempt(self, run_id: str, act: Act) -> int:
        """Take a turn that nobody asked for, on a run that may be gone, or whose workflow may be unknown here."""
        self._beat()
        try:
            before = await self.head(run_id)
            history = await self.turns.take(before, act)
        except LEFT_ALONE as error:
            if isinstance(error, DefinitionChanged):
                await review_run(self, run_id)
            if run_id not in self._left_alone:
                self._left_alone.add(run_id)
                self.logger.warning("run %s is left as it is: %s", run_id, error, extra={"run_id": run_id})
            return 0
        return int(history.seq > before.seq)

    async def review(self) -> None:
        """Note of every open run whether the graph that its workflow has now lets it go on."""
        await review(self)

    async def hear_news(self) -> None:
        """Look whether another process wrote to a run that this one performs, as a cancel does."""
        if self.turns.active:
            self.turns.look_again(await self.journal.seqs(list(self.turns.active)))

    async def send_event(
        self, name: str, payload: Any = None, match: Mapping[str, Any] | None = None,
        among: Callable[[str], bool] | None = None,
    ) -> int:  # fmt: skip
        """Wake every run that waits for this event, of the workflows whose ids `among` takes. Returns how many waits.

        Raises: InvalidInput when the payload does not fit the schema of a wait, InvalidPayload when it is no JSON
        """
        return await self.at_home(send(self, name_of("The name of an event", name), payload, match, among))

    # The end

    def _beat(self) -> None:
        """See to it that the worker is heard of, and hears, while it has runs under way."""
        if self._heart is None or self._heart.done():
            self._heart = self.turns.spawn(self._keep_alive())

    async def _keep_alive(self) -> None:
        """Beat, and hear what other processes write to the runs of this one, while it has any."""
        loop = asyncio.get_running_loop()
        beat_at = loop.time()
        while True:
            if loop.time() >= beat_at and await self._asked(self._say_alive()):
                beat_at = loop.time() + self.lease / 3
            await asyncio.sleep(min(NEWS_SECONDS, self.lease / 3))
            if not self.turns.active:
                return
            await self._asked(self.hear_news())

    async def _say_alive(self) -> None:
        await self.journal.heartbeat(self.worker, self.now())
        if isinstance(self.journal, MemoryJournal):
            # Nobody else looks after it; a database has a supervisor.
            await self.prune()

    async def _asked(self, work: Coroutine[Any, Any, None]) -> bool:
        """Ask something of the journal. One that is away comes back, and then there is news of it again."""
        try:
            await work
        except Exception as error:
            self.logger.warning("the journal does not answer: %s; it is asked again", error)
            return False
        return True

    async def close(self) -> None:
        """Stop the work without finishing it; runs go on when somebody restarts them."""
        await self.at_home(self._close())

    async def _close(self) -> None:
        self.closed = True
        await self.turns.stop()
        self.resting.close()
        await self.journal.leave(self.worker)

    def kill(self) -> None:
        """Drop everything as a crash would: nothing more is recorded."""
        self.closed = True
        self.turns.kill()
        self.resting.close()
        self.journal.abandon(self.worker)


def private_engine(workflow: Workflow) -> Engine:
    """Make the in-memory engine of a workflow that is registered nowhere."""
    return Engine([workflow], private=True)
