"""Writes groups of turns to SQLite: prepared statements on a connection that nothing else uses."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from workflows_app.engine.ports import RunHead

from .rows import COLUMNS, HEAD, PROGRESS, Answer, Creation, Item, TurnRows, head_of, head_row
from .writer import Passing

CREATE = f"""
INSERT INTO workflows_app_run ({COLUMNS}) VALUES ({", ".join("?" * len(HEAD))}) ON CONFLICT DO NOTHING
"""  # noqa: S608 - the names of the columns
FIND = f"""
SELECT {COLUMNS} FROM workflows_app_run WHERE id = ? OR (workflow_id = ? AND idempotency_key = ?)
ORDER BY id <> ? LIMIT 1
"""  # noqa: S608 - the names of the columns
# Leaving out the columns that an index holds spares the indexes.
GO_ON = """
UPDATE workflows_app_run SET seq = ?, stream = ?, updated_at = ? WHERE id = ? AND seq = ? AND blocked_reason IS NULL
"""
ADVANCE = """
UPDATE workflows_app_run SET
    seq = ?, stream = ?, updated_at = ?, status = ?, error = ?, fingerprint = ?,
    started_by = coalesce(?, started_by), started_at = ?, finished_at = ?, blocked_reason = NULL
WHERE id = ? AND seq = ?
"""
ADD_EVENT = """
INSERT INTO workflows_app_event (run_id, seq, stream, at, kind, path, "by", version, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_PAYLOAD = """
INSERT INTO workflows_app_payload (run_id, sha256, size, encoding, bytes)
VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
CLOSE_WAIT = "DELETE FROM workflows_app_wait WHERE run_id = ? AND path = ? AND kind = ?"
OPEN_WAIT = """
INSERT INTO workflows_app_wait
    (run_id, path, kind, attempt, due_at, event, claimed_by, claimed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run_id, path, kind) DO UPDATE SET
    attempt = excluded.attempt, due_at = excluded.due_at, event = excluded.event,
    claimed_by = excluded.claimed_by, claimed_at = excluded.claimed_at
"""
# For every webhook that is to hear of it; where there is none this costs a look at an empty table.
TELL = """
WITH rest (run_id, seq, kind, status, at) AS (VALUES (?, ?, ?, ?, ?))
INSERT INTO workflows_app_delivery
    (webhook_id, run_id, workflow_id, seq, kind, status, at, tries, again_at, answer)
SELECT hook.id, run.id, run.workflow_id, rest.seq, rest.kind, rest.status, rest.at, 0, 0, ''
FROM workflows_app_webhook hook CROSS JOIN rest JOIN workflows_app_run run ON run.id = rest.run_id
WHERE hook.is_active AND hook.workflow_id IN ('', run.workflow_id)
    AND CASE rest.kind WHEN 'finished' THEN hook.on_finished ELSE hook.on_suspended END
ON CONFLICT DO NOTHING
"""
STATEMENTS = (
    (ADD_EVENT, "events"), (ADD_PAYLOAD, "payloads"), (CLOSE_WAIT, "closed"), (OPEN_WAIT, "opened"), (TELL, "rests"),
)  # fmt: skip
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class SqliteWriter:
    """One connection and the statements on it; `patience` is for how long a write may block on another."""

    def __init__(self, alias: str, durability: str, patience: float) -> None:
        self._alias = alias
        self._settings = (
            f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}",
            f"PRAGMA busy_timeout = {int(patience * 1000)}",
        )
        self._cursor: sqlite3.Cursor | None = None

    def write(self, items: Sequence[Item]) -> list[Answer]:
        cursor = self._cursor or self._open()
        try:
            cursor.execute("BEGIN IMMEDIATE")
            answers = self._write(cursor, items)
            cursor.execute("COMMIT")
        except BaseException as error:
            if cursor.connection.in_transaction:
                cursor.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in BUSY:
                raise Passing(str(error)) from error
            raise
        return answers

    def _open(self) -> sqlite3.Cursor:
        wrapper = connections.create_connection(self._alias)
        # Django refuses to connect in a thread whose event loop runs.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(wrapper.connect).result()
        connection: sqlite3.Connection = wrapper.connection
        self._cursor = cursor = connection.cursor()
        for setting in self._settings:
            cursor.execute(setting)
        return cursor

    def close(self) -> None:
        if self._cursor is not None:
            self._cursor.connection.close()
            self._cursor = None

    def _write(self, cursor: sqlite3.Cursor, items: Sequence[Item]) -> list[Answer]:
        answers: list[Answer] = []
        won: list[TurnRows] = []
        for item in items:
            if isinstance(item, Creation):
                answers.append(self._create(cursor, item.head))
                continue
            advanced = self._advance(cursor, item)
            answers.append(advanced)
            if advanced:
                won.append(item)
        self._add(cursor, won)
        return answers

    def _advance(self, cursor: sqlite3.Cursor, turn: TurnRows) -> bool:
        where = (turn.run_id, turn.expected_seq)
        if turn.goes_on and cursor.execute(GO_ON, (*turn.run[:PROGRESS], *where)).rowcount == 1:
            return True
        return cursor.execute(ADVANCE, (*turn.run, *where)).rowcount == 1

    def _create(self, cursor: sqlite3.Cursor, head: RunHead) -> RunHead:
        if cursor.execute(CREATE, head_row(head)).rowcount == 1:
            return head
        key = (head.id, head.workflow_id, head.idempotency_key, head.id)
        return head_of(cursor.execute(FIND, key).fetchone())

    def _add(self, cursor: sqlite3.Cursor, turns: list[TurnRows]) -> None:
        for statement, table in STATEMENTS:
            if rows := [row for turn in turns for row in getattr(turn, table)]:
                cursor.executemany(statement, rows)
