"""Between the engine's objects and the tables' rows: what a head and a turn are in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import from_json, to_json

from workflows_app.engine.events import encode
from workflows_app.engine.outcomes import Call, Suspension, Timer, Wait
from workflows_app.engine.ports import RunHead, Turn
from workflows_app.models.instants import to_instant

from .payloads import Payloads

Row: TypeAlias = tuple[Any, ...]

HEAD = tuple(field.name for field in fields(RunHead))
"""A head has the names of the columns, in their order."""
COLUMNS = ", ".join(HEAD)
TAGS = HEAD.index("tags")
PROGRESS = 3
"""How many columns of a turn's run, from the first, change with every turn."""
RESTS = {"RunFinished": "finished", "RunSuspended": "suspended"}
KINDS: dict[type[Wait], str] = {Call: "call", Timer: "timer", Suspension: "suspension"}


class TurnRows(NamedTuple):
    """A turn, ready to be written: the new columns of its run, and the rows beside it."""

    run_id: str
    expected_seq: int
    run: Row
    events: list[Row]
    payloads: list[Row]
    closed: list[Row]
    opened: list[Row]
    rests: list[Row]
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Creation:
    """A run to be stored unless its id or its idempotency key is taken."""

    head: RunHead

    @property
    def run_id(self) -> str:
        return self.head.id


Item: TypeAlias = Creation | TurnRows
Answer: TypeAlias = RunHead | bool


def head_row(head: RunHead) -> Row:
    values = [getattr(head, name) for name in HEAD]
    values[TAGS] = to_json(head.tags).decode()
    return tuple(values)


def head_of(row: Sequence[Any]) -> RunHead:
    """Read a head; its instants may be integers, or what the ORM makes of them."""
    values: list[Any] = [to_instant(value) if isinstance(value, datetime) else value for value in row]
    values[TAGS] = tuple(from_json(values[TAGS]))
    return RunHead(*values)


def turn_rows(turn: Turn, worker: str, inline_bytes: int) -> TurnRows:
    """Encode a turn. Large values are put among the payloads."""
    run_id = turn.run_id
    payloads = Payloads(run_id, inline_bytes)
    shorten = payloads.shorten
    seq = turn.expected_seq
    events = []
    for event, stream in zip(turn.events, turn.streams, strict=True):
        seq += 1
        data = encode(event, shorten)
        where, by = event.path, event.by
        events.append((run_id, seq, stream, event.at, event.kind, where, by, event.version, data))
    return TurnRows(
        run_id=run_id,
        expected_seq=turn.expected_seq,
        run=(
            seq, turn.stream, turn.at, turn.status, turn.error, turn.fingerprint, turn.started_by,
            turn.started_at, turn.finished_at,
        ),
        events=events,
        payloads=payloads.rows,
        closed=[(run_id, path, KINDS[kind]) for kind, path in turn.closed],
        opened=[wait_row(run_id, wait, turn.at, worker or None) for wait in turn.opened],
        rests=rest_rows(turn),
        goes_on=turn.goes_on,
    )  # fmt: skip


def rest_rows(turn: Turn) -> list[Row]:
    """Tell whether the run comes to rest with a turn: its last event says so. A fork repeats rests before it."""
    kind = RESTS.get(turn.events[-1].kind) if turn.events else None
    return [] if kind is None else [(turn.run_id, turn.seq, kind, turn.status, turn.at)]


def wait_row(run_id: str, wait: Wait, at: int, worker: str | None) -> Row:
    """Write a wait. A call is due from the moment it opens, and claimed by the process that opened it."""
    if isinstance(wait, Call):
        return (run_id, wait.path, "call", wait.attempt, at, None, worker, at if worker else None)
    if isinstance(wait, Timer):
        return (run_id, wait.path, "timer", 0, wait.due, None, None, None)
    return (run_id, wait.path, "suspension", wait.attempt, None, wait.event, None, None)
