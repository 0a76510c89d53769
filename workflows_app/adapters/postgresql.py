"""Writes groups of turns to PostgreSQL: one statement per group, its rows passed as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import psycopg
from django.db import connections
from django.db.utils import OperationalError

from workflows_app.engine.ports import RunHead

from .rows import COLUMNS, Answer, Creation, Item, Row, TurnRows, head_of, head_row
from .writer import Passing

CREATE = f"""
INSERT INTO workflows_app_run ({COLUMNS})
SELECT * FROM unnest(
    %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[]
)
ON CONFLICT DO NOTHING RETURNING id
"""  # noqa: S608 - the names of the columns
FIND = f"""
SELECT {COLUMNS} FROM workflows_app_run WHERE id = %s OR (workflow_id = %s AND idempotency_key = %s)
ORDER BY id <> %s LIMIT 1
"""  # noqa: S608 - the names of the columns
# Rows are locked in the order of their ids before any is changed, so that two groups cannot lock each
# other out. A wait that is closed and opened anew is changed once, which is why the deletion spares it.
COMMIT = """
WITH turn AS MATERIALIZED (
    SELECT * FROM unnest(
        %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
        %s::text[], %s::text[], %s::bigint[], %s::bigint[]
    ) AS t (
        id, expected_seq, seq, stream, updated_at, status, error, fingerprint, started_by, started_at,
        finished_at
    )
), locked AS MATERIALIZED (
    SELECT run.id FROM workflows_app_run run JOIN turn ON turn.id = run.id
    WHERE run.seq = turn.expected_seq ORDER BY run.id FOR UPDATE OF run
), won AS (
    UPDATE workflows_app_run run SET
        seq = turn.seq, stream = turn.stream, status = turn.status, error = turn.error,
        fingerprint = turn.fingerprint, started_by = coalesce(turn.started_by, run.started_by),
        started_at = turn.started_at, finished_at = turn.finished_at, updated_at = turn.updated_at,
        blocked_reason = NULL
    FROM turn JOIN locked ON locked.id = turn.id
    WHERE run.id = turn.id AND run.seq = turn.expected_seq
    RETURNING run.id, run.workflow_id
), added AS (
    INSERT INTO workflows_app_event (run_id, seq, stream, at, kind, path, "by", version, data)
    SELECT e.* FROM unnest(
        %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
        %s::smallint[], %s::text[]
    ) AS e (run_id, seq, stream, at, kind, path, "by", version, data)
    JOIN won ON won.id = e.run_id
), stored AS (
    INSERT INTO workflows_app_payload (run_id, sha256, size, encoding, bytes)
    SELECT p.* FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::bytea[])
        AS p (run_id, sha256, size, encoding, bytes)
    JOIN won ON won.id = p.run_id
    ON CONFLICT DO NOTHING
), opening AS MATERIALIZED (
    SELECT w.* FROM unnest(
        %s::text[], %s::text[], %s::text[], %s::integer[], %s::bigint[], %s::text[], %s::text[], %s::bigint[]
    ) AS w (run_id, path, kind, attempt, due_at, event, claimed_by, claimed_at)
    JOIN won ON won.id = w.run_id
), closed AS (
    DELETE FROM workflows_app_wait wait
    USING unnest(%s::text[], %s::text[], %s::text[]) AS c (run_id, path, kind)
        JOIN won ON won.id = c.run_id
    WHERE wait.run_id = c.run_id AND wait.path = c.path AND wait.kind = c.kind AND NOT EXISTS (
        SELECT FROM opening o
        WHERE o.run_id = wait.run_id AND o.path = wait.path AND o.kind = wait.kind
    )
), opened AS (
    INSERT INTO workflows_app_wait
        (run_id, path, kind, attempt, due_at, event, claimed_by, claimed_at)
    SELECT * FROM opening
    ON CONFLICT (run_id, path, kind) DO UPDATE SET
        attempt = excluded.attempt, due_at = excluded.due_at, event = excluded.event,
        claimed_by = excluded.claimed_by, claimed_at = excluded.claimed_at
), told AS (
    INSERT INTO workflows_app_delivery
        (webhook_id, run_id, workflow_id, seq, kind, status, at, tries, again_at, answer)
    SELECT hook.id, won.id, won.workflow_id, rest.seq, rest.kind, rest.status, rest.at, 0, 0, ''
    FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[])
        AS rest (run_id, seq, kind, status, at)
    JOIN won ON won.id = rest.run_id
    JOIN workflows_app_webhook hook ON hook.is_active AND hook.workflow_id IN ('', won.workflow_id)
        AND CASE rest.kind WHEN 'finished' THEN hook.on_finished ELSE hook.on_suspended END
    ON CONFLICT DO NOTHING
)
SELECT id FROM won
"""


PREPARE_AFTER = 3
"""How often a statement is executed before the server keeps its plan."""


def columns(rows: Sequence[Row], count: int) -> list[list[Any]]:
    """Turn rows into one list per column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]


def passes(error: psycopg.Error | OperationalError) -> bool:
    """Tell whether it is worth trying again: no connection, a deadlock, a lock, a server that restarts."""
    if not isinstance(error, psycopg.Error):
        return True
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(("08", "40", "53", "55P03", "57P"))


class PostgresqlWriter:
    """One connection in autocommit mode, made anew when it breaks."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._cursor: psycopg.Cursor[Row] | None = None

    def write(self, items: Sequence[Item]) -> list[Answer]:
        try:
            return self._write(self._cursor or self._open(), items)
        except (psycopg.Error, OperationalError) as error:
            if not passes(error):
                raise
            self.close()
            raise Passing(str(error)) from error

    def _write(self, cursor: psycopg.Cursor[Row], items: Sequence[Item]) -> list[Answer]:
        found: dict[str, Answer] = {}
        if creations := [item.head for item in items if isinstance(item, Creation)]:
            found.update(self._create(cursor, creations))
        if turns := [item for item in items if isinstance(item, TurnRows)]:
            found.update(self._commit(cursor, turns))
        return [found.get(item.run_id, False) for item in items]

    def _create(self, cursor: psycopg.Cursor[Row], heads: list[RunHead]) -> dict[str, Answer]:
        rows = [head_row(head) for head in heads]
        created = {row[0] for row in cursor.execute(CREATE, columns(rows, 0))}
        return {head.id: head if head.id in created else self._find(cursor, head) for head in heads}

    def _find(self, cursor: psycopg.Cursor[Row], head: RunHead) -> RunHead:
        row = cursor.execute(FIND, (head.id, head.workflow_id, head.idempotency_key, head.id)).fetchone()
        if row is None:
            raise Passing(f"The run {head.id} was there and is being deleted.")
        return head_of(row)

    def _commit(self, cursor: psycopg.Cursor[Row], turns: list[TurnRows]) -> dict[str, Answer]:
        parameters = [
            *columns([(turn.run_id, turn.expected_seq, *turn.run) for turn in turns], 11),
            *columns(list(chain.from_iterable(turn.events for turn in turns)), 9),
            *columns(list(chain.from_iterable(turn.payloads for turn in turns)), 5),
            *columns(list(chain.from_iterable(turn.opened for turn in turns)), 8),
            *columns(list(chain.from_iterable(turn.closed for turn in turns)), 3),
            *columns(list(chain.from_iterable(turn.rests for turn in turns)), 5),
        ]
        return {row[0]: True for row in cursor.execute(COMMIT, parameters)}

    def _open(self) -> psycopg.Cursor[Row]:
        wrapper = connections.create_connection(self._alias)
        wrapper.connect()
        # Planning takes longer than executing. Who has a pooler that cannot prepare says so in the options.
        if "prepare_threshold" not in wrapper.settings_dict["OPTIONS"]:
            wrapper.connection.prepare_threshold = PREPARE_AFTER
        # Django's own cursors put the parameters into the text of the statement.
        self._cursor = psycopg.Cursor(wrapper.connection)
        return self._cursor

    def close(self) -> None:
        if self._cursor is not None:
            self._cursor.connection.close()
            self._cursor = None
