"""Who performs calls, and whether they still live: heartbeats, claims, and a look at this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from workflows_app.engine.events import SECOND, Instant
from workflows_app.engine.ports import OpenCall

DISTRIBUTION = "workflow-studio"

HEARTBEAT = """
INSERT INTO workflows_app_worker (id, host, boot, pid, version, started_at, heartbeat_at, left_at, lost_calls)
VALUES (%s, %s, %s, %s, %s, %s, %s, NULL, 0)
ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at
"""
LEAVE = """
INSERT INTO workflows_app_worker (id, host, boot, pid, version, started_at, heartbeat_at, left_at, lost_calls)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0)
ON CONFLICT (id) DO UPDATE SET left_at = excluded.left_at
"""
NOTE_LOST = """
UPDATE workflows_app_worker SET lost_calls = lost_calls + %s, lost_at = %s WHERE id = %s
"""
ALIVE = """
SELECT left_at IS NULL AND heartbeat_at > %s, host, boot, pid FROM workflows_app_worker WHERE id = %s
"""
CLAIMED_LATELY = """
SELECT 1 FROM workflows_app_wait WHERE kind = 'call' AND claimed_by = %s AND claimed_at > %s LIMIT 1
"""
CLAIMS = """
SELECT run_id, path, attempt, claimed_by FROM workflows_app_wait
WHERE run_id = %s AND kind = 'call' ORDER BY path
"""
# Unclaimed for a lease; or claimed by somebody who left, fell silent, or never said a word.
LOST = """
SELECT wait.run_id, wait.path, wait.attempt, wait.claimed_by, worker.left_at IS NOT NULL
FROM workflows_app_wait wait LEFT JOIN workflows_app_worker worker ON worker.id = wait.claimed_by
WHERE wait.kind = 'call' AND (
    worker.left_at IS NOT NULL OR coalesce(worker.heartbeat_at, wait.claimed_at, wait.due_at) <= %s
)
ORDER BY wait.run_id, wait.path
"""
# Long due, so that nobody waits for a lease.
RELEASE = """
UPDATE workflows_app_wait SET claimed_by = NULL, claimed_at = NULL, due_at = 0
WHERE run_id = %s AND path = %s AND kind = 'call' AND attempt = %s AND claimed_by = %s
"""
CLAIMED = """
SELECT wait.run_id, wait.path, wait.attempt, wait.claimed_by
FROM workflows_app_wait wait
WHERE wait.kind = 'call' AND wait.claimed_by = %s ORDER BY wait.run_id, wait.path
"""
NEIGHBOURS = """
SELECT id, pid FROM workflows_app_worker
WHERE host = %s AND boot = %s AND left_at IS NULL AND heartbeat_at > %s
"""


@cache
def host() -> str:
    return socket.gethostname()


@cache
def boot() -> str:
    """Name this start of the machine and the space its process numbers count in; empty when unknown."""
    try:
        started = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{started} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


@cache
def own_version() -> str:
    with suppress(PackageNotFoundError):
        return version(DISTRIBUTION)
    return ""


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def heartbeat(connection: BaseDatabaseWrapper, worker: str, now: Instant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(HEARTBEAT, (worker, host(), boot(), os.getpid(), own_version(), now, now))


def leave(connection: BaseDatabaseWrapper, worker: str, now: Instant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LEAVE, (worker, host(), boot(), os.getpid(), own_version(), now, now, now))


def is_alive(connection: BaseDatabaseWrapper, worker: str, now: Instant, lease: float) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ALIVE, (_silent_since(now, lease), worker))
        row = cursor.fetchone()
        if row is None:
            # It has not said a word yet; then its latest claim speaks for it.
            cursor.execute(CLAIMED_LATELY, (worker, _silent_since(now, lease)))
            return cursor.fetchone() is not None
    if not row[0]:
        return False
    here = boot() != "" and (row[1], row[2]) == (host(), boot())
    return not (here and is_gone(row[3]))


def claims(connection: BaseDatabaseWrapper, run_id: str) -> Sequence[OpenCall]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIMS, (run_id,))
        return [OpenCall(*row) for row in cursor.fetchall()]


def release(connection: BaseDatabaseWrapper, call: OpenCall) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, (call.run_id, call.path, call.attempt, call.worker))


def lost(connection: BaseDatabaseWrapper, now: Instant, lease: float, abandoned: Iterable[str]) -> Sequence[OpenCall]:
    """List the calls that nobody performs.

    A process of this machine that is gone is found at once, not only when its lease is over.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOST, (_silent_since(now, lease),))
        found = [OpenCall(run, path, attempt, by, bool(left)) for run, path, attempt, by, left in cursor.fetchall()]
        for worker in {*abandoned, *_gone_neighbours(connection, now, lease)} - {c.worker for c in found}:
            cursor.execute(CLAIMED, (worker,))
            found += [OpenCall(*row) for row in cursor.fetchall()]
    return found


def _gone_neighbours(connection: BaseDatabaseWrapper, now: Instant, lease: float) -> list[str]:
    if not boot():
        return []
    with connection.cursor() as cursor:
        cursor.execute(NEIGHBOURS, (host(), boot(), _silent_since(now, lease)))
        return [worker for worker, pid in cursor.fetchall() if is_gone(pid)]


def note_lost(connection: BaseDatabaseWrapper, worker: str, calls: int, now: Instant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(NOTE_LOST, (calls, now, worker))


def _silent_since(now: Instant, lease: float) -> Instant:
    return now - int(lease * SECOND)
