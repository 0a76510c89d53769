"""Which run, and which try of which step, the running code works for: what log records and spans are stamped with.

It follows the code into the tasks and threads that it starts, as context variables do.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar, Token
from typing import NamedTuple

from .ports import RunHead


class Current(NamedTuple):
    """A run, and a try of a step of it; the path is empty where no step but a callback of the run is at work."""

    run_id: str
    workflow_id: str
    path: str = ""
    attempt: int = 0


CURRENT: ContextVar[Current | None] = ContextVar("CURRENT", default=None)


class Within:
    """Let what runs inside belong to a try of a step. Written out, since every step passes here."""

    __slots__ = ("_current", "_token")
    _token: Token[Current | None]

    def __init__(self, head: RunHead, path: str = "", attempt: int = 0) -> None:
        self._current = Current(head.id, head.workflow_id, path, attempt)

    def __enter__(self) -> None:
        self._token = CURRENT.set(self._current)

    def __exit__(self, *_: object) -> None:
        CURRENT.reset(self._token)


def about(head: RunHead) -> dict[str, str]:
    """Name the run that a log record of the engine is about, as its `extra`."""
    return {"run_id": head.id, "workflow_id": head.workflow_id}


def log_error(
    logger: logging.Logger, error: BaseException, words: str, *given: object, extra: dict[str, str] | None = None
) -> None:
    """Log an error with its traceback; without, where its class raises while one is written."""
    try:
        logger.error(words, *given, exc_info=error, extra=extra)
    except Exception:
        logger.error(words, *given, extra=extra)
