"""The journal on Django's databases.

Turns are written by a committer, past the ORM, since they are the hot path; everything else is read, in
threads with connections of their own, so that the event loop which calls never waits for a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q

from workflows_app.engine.errors import RunNotFound, UnreadableEvent
from workflows_app.engine.events import Instant, decode
from workflows_app.engine.ports import TERMINAL, OpenCall, Page, Query, RunHead, Stored, Turn
from workflows_app.engine.schema import Value
from workflows_app.models import Payload, Run
from workflows_app.models.instants import to_datetime

from . import workers
from .clock import DatabaseClock
from .committer import PATIENCE, Committer, LoopCommitter, ThreadCommitter
from .meters import COMMIT, CONFLICTS
from .payloads import missing, unpacked, values_of
from .pool import Pool
from .rows import HEAD, Creation, head_of, turn_rows
from .sqlite import SqliteWriter

HEAD_OF_RUN = """
SELECT
    id, workflow_id, status, seq, stream, resource_id, idempotency_key, tags, fingerprint, forked_from,
    started_by, blocked_reason, error, created_at, updated_at, started_at, finished_at
FROM workflows_app_run WHERE id = %s
"""
# Up to the seq that was read before, so that head and events are of one moment without a transaction.
EVENTS = """
SELECT kind, version, at, path, "by", data FROM workflows_app_event
WHERE run_id = %s AND seq > %s AND seq <= %s ORDER BY seq
"""
DUE = """
SELECT run_id, path FROM workflows_app_wait WHERE kind = 'timer' AND due_at <= %s ORDER BY due_at
"""
AWAITING = """
SELECT DISTINCT run_id FROM workflows_app_wait WHERE kind = 'suspension' AND event = %s ORDER BY run_id
"""
DELETE_RUN = "DELETE FROM workflows_app_run WHERE id = %s"
DELETE_ENDED = f"""
DELETE FROM workflows_app_run
WHERE id = %s AND status IN ({", ".join(f"'{status}'" for status in TERMINAL)}) AND finished_at <= %s
"""  # noqa: S608 - the names of statuses are ours
DELETE = (
    "DELETE FROM workflows_app_event WHERE run_id = %s",
    "DELETE FROM workflows_app_wait WHERE run_id = %s",
    "DELETE FROM workflows_app_payload WHERE run_id = %s",
    "DELETE FROM workflows_app_ending WHERE run_id = %s",
    """
    DELETE FROM workflows_app_notice
    WHERE approval_id IN (SELECT id FROM workflows_app_approval WHERE run_id = %s)
    """,
    """
    DELETE FROM workflows_app_desk
    WHERE approval_id IN (SELECT id FROM workflows_app_approval WHERE run_id = %s)
    """,
    """
    DELETE FROM workflows_app_comment
    WHERE approval_id IN (SELECT id FROM workflows_app_approval WHERE run_id = %s)
    """,
    "DELETE FROM workflows_app_approval WHERE run_id = %s",
)
ROWS_AT_ONCE = 500
T = TypeVar("T")


class OrmJournal:
    """A `ports.Journal` on the database of a Django alias. Close it when nothing uses it any more."""

    def __init__(self, alias: str = "default", *, durability: str = "normal", inline_bytes: int = 8_192) -> None:
        self._inline_bytes = inline_bytes
        self._pool = Pool(alias)
        self._committer = committer_of(alias, durability)
        self._gone: set[str] = set()
        self.clock = DatabaseClock(alias)

    async def create(self, head: RunHead) -> RunHead:
        stored: RunHead = await self._committer.submit(Creation(head))
        return stored

    async def commit(self, turn: Turn, worker: str) -> bool:
        if worker in self._gone:
            return False
        began = perf_counter()
        won: bool = await self._committer.submit(turn_rows(turn, worker, self._inline_bytes))
        COMMIT.observe(perf_counter() - began)
        if not won:
            CONFLICTS[()] += 1
        if not won and await self.head(turn.run_id) is None:
            raise RunNotFound(f"Run {turn.run_id!r} not found.")
        return won

    async def read(self, run_id: str, *, after: int = 0, resolve: bool = True) -> Stored | None:
        return await self._pool.run(read, run_id, after, resolve)

    async def head(self, run_id: str) -> RunHead | None:
        return await self._pool.run(read_head, run_id)

    async def seqs(self, run_ids: Sequence[str]) -> Mapping[str, int]:
        return await self._pool.run(read_seqs, run_ids)

    async def list_runs(self, query: Query) -> Page:
        return await self._pool.run(list_runs, query)

    async def block(self, run_id: str, reason: str | None) -> None:
        await self._pool.run(block, run_id, reason)

    async def ended(self, workflow_id: str, before: Instant, limit: int | None = None) -> Sequence[str]:
        return await self._pool.run(ended, workflow_id, before, limit)

    async def delete(self, run_id: str, *, ended_before: Instant | None = None) -> bool:
        return await self._pool.run(delete, run_id, ended_before)

    async def due(self, now: Instant) -> Sequence[tuple[str, str]]:
        return [(run_id, path) for run_id, path in await self._pool.run(rows, DUE, now)]

    async def awaiting(self, event: str) -> Sequence[str]:
        return [run_id for (run_id,) in await self._pool.run(rows, AWAITING, event)]

    async def resolve(self, run_id: str, values: Iterable[Value]) -> None:
        if wanted := missing(values):
            await self._pool.run(fill_in, run_id, wanted)

    async def claims(self, run_id: str) -> Sequence[OpenCall]:
        return await self._pool.run(workers.claims, run_id)

    async def release(self, call: OpenCall) -> None:
        await self._pool.run(workers.release, call)

    async def lost(self, now: Instant, lease: float) -> Sequence[OpenCall]:
        return await self._pool.run(workers.lost, now, lease, tuple(self._gone))

    async def note_lost(self, worker: str, calls: int, now: Instant) -> None:
        await self._pool.run(workers.note_lost, worker, calls, now)

    async def is_alive(self, worker: str, now: Instant, lease: float) -> bool:
        return worker not in self._gone and await self._pool.run(workers.is_alive, worker, now, lease)

    async def heartbeat(self, worker: str, now: Instant) -> None:
        if worker not in self._gone:
            await self._pool.run(self._beat, worker, now)

    def beat(self, worker: str, now: Instant) -> None:
        """Write the heartbeat from a thread that has no event loop."""
        if worker not in self._gone:
            self._pool.run_here(self._beat, worker, now)

    def _beat(self, connection: BaseDatabaseWrapper, worker: str, now: Instant) -> None:
        workers.heartbeat(connection, worker, now)
        self.clock.measure(connection)

    def abandon(self, worker: str) -> None:
        self._gone.add(worker)

    async def leave(self, worker: str) -> None:
        self._gone.add(worker)
        await self._pool.run(workers.leave, worker, self.clock.now())

    async def beside(self, work: Callable[[str], T]) -> T:
        """Call `work(alias)` in a thread with a connection of its own, where turns are not held up by it."""
        return await self._pool.run(lambda connection: work(connection.alias))

    def close(self) -> None:
        """Finish what is under way and close every connection. May be called from anywhere."""
        self._committer.close()
        self._pool.close()


def committer_of(alias: str, durability: str) -> Committer:
    """Choose how to write: on the loop where a commit does not wait for the disk, else in a thread."""
    vendor = connections[alias].vendor
    if vendor == "postgresql":
        from .postgresql import PostgresqlWriter

        return ThreadCommitter(PostgresqlWriter(alias))
    if vendor != "sqlite":
        raise ImproperlyConfigured(f"Runs cannot be kept on {vendor}. Use SQLite or PostgreSQL.")
    if durability == "full":
        return ThreadCommitter(SqliteWriter(alias, durability, patience=PATIENCE))
    # The loop must not stand still while another process writes, so it comes back instead of waiting.
    return LoopCommitter(SqliteWriter(alias, durability, patience=0))


def rows(connection: BaseDatabaseWrapper, statement: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def read_head(connection: BaseDatabaseWrapper, run_id: str) -> RunHead | None:
    if "\0" in run_id:
        # No run is called so, and PostgreSQL would not even look for it.
        return None
    found = rows(connection, HEAD_OF_RUN, run_id)
    return head_of(found[0]) if found else None


def read_seqs(connection: BaseDatabaseWrapper, run_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(run_ids), ROWS_AT_ONCE):
        some = Run.objects.using(connection.alias).filter(id__in=run_ids[start : start + ROWS_AT_ONCE])
        found.update(some.values_list("id", "seq"))
    return found


def read(connection: BaseDatabaseWrapper, run_id: str, after: int, resolve: bool) -> Stored | None:
    head = read_head(connection, run_id)
    if head is None:
        return None
    events = [decode(*row) for row in rows(connection, EVENTS, run_id, after, head.seq)]
    if len(events) < head.seq - after:
        # It was deleted between the two reads.
        return None
    if resolve and (wanted := missing(values_of(events))):
        fill_in(connection, run_id, wanted)
    return Stored(head, events)


def fill_in(connection: BaseDatabaseWrapper, run_id: str, wanted: dict[str, list[Value]]) -> None:
    """Read payloads into the values that wait for them. Raises: UnreadableEvent when one is not there."""
    hashes = list(wanted)
    stored = Payload.objects.using(connection.alias).filter(run_id=run_id)
    for start in range(0, len(hashes), ROWS_AT_ONCE):
        some = stored.filter(sha256__in=hashes[start : start + ROWS_AT_ONCE])
        for sha, encoding, packed in some.values_list("sha256", "encoding", "bytes"):
            text = unpacked(sha, encoding, packed)
            for value in wanted.pop(sha):
                value.resolve(text)
    if wanted:
        raise UnreadableEvent(f"The run {run_id} has lost the payload {next(iter(wanted))}. Restore its row.")


def list_runs(connection: BaseDatabaseWrapper, query: Query) -> Page:
    found = Run.objects.using(connection.alias).filter(**conditions(query)).newest()
    if query.changed_from is not None:
        found = found.filter(~Q(fingerprint=query.changed_from) | Q(blocked_reason__isnull=False))
    for tag in query.tags:
        found = found.tagged(tag)
    if query.per_page is None:
        heads = [head_of(row) for row in found.values_list(*HEAD)]
        return Page(heads, len(heads))
    start = (query.page or 0) * query.per_page
    heads = [head_of(row) for row in found[start : start + query.per_page].values_list(*HEAD)]
    complete = len(heads) < query.per_page and (heads or start == 0)
    return Page(heads, start + len(heads) if complete else found.count())


def conditions(query: Query) -> dict[str, Any]:
    wanted = {
        "workflow_id": query.workflow_id,
        "status__in": query.status or None,
        "resource_id": query.resource_id,
        "created_at__gte": query.from_date,
        "created_at__lte": query.to_date,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def block(connection: BaseDatabaseWrapper, run_id: str, reason: str | None) -> None:
    found = Run.objects.using(connection.alias).filter(id=run_id)
    if reason is not None:
        found = found.exclude(status__in=TERMINAL)
    found.update(blocked_reason=reason)


def ended(connection: BaseDatabaseWrapper, workflow_id: str, before: Instant, limit: int | None) -> list[str]:
    """List runs that ended, status by status, so that an index finds the oldest of them."""
    found: list[str] = []
    moment = to_datetime(before)
    for status in TERMINAL:
        # A run was created before it ended; that is what the index knows.
        of_status = Run.objects.using(connection.alias).filter(
            workflow_id=workflow_id, status=status, created_at__lte=moment, finished_at__lte=moment
        )
        left = None if limit is None else limit - len(found)
        found += of_status.order_by("created_at").values_list("id", flat=True)[:left]
    return found


def delete(connection: BaseDatabaseWrapper, run_id: str, ended_before: Instant | None) -> bool:
    """Delete a run, its row first, so that whoever is about to write to it finds nothing."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if ended_before is None:
            cursor.execute(DELETE_RUN, (run_id,))
        else:
            cursor.execute(DELETE_ENDED, (run_id, ended_before))
        if cursor.rowcount == 0:
            return False
        for statement in DELETE:
            cursor.execute(statement, (run_id,))
    return True
