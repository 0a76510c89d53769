"""What log records look like: stamped with the run they belong to, one line or one JSON object each.

Nothing that a program or a person sends can forge a line: control characters are escaped, and in the readable
form every line of a traceback is indented.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from .engine import events as e
from .engine.active import ActiveRun
from .engine.current import CURRENT, about
from .engine.events import SECOND, Event
from .engine.secrets import hidden

logger = logging.getLogger("workflows")
STAMPS = ("run_id", "workflow_id", "step", "attempt")
CONTROL = {
    code: chr(code).encode("unicode_escape").decode()
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
    if code != 0x09
}


class RunFilter(logging.Filter):
    """Stamp a record with the run and the step that logged it, unless it says itself whose it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        current = CURRENT.get()
        if current is not None and not hasattr(record, "run_id"):
            record.run_id, record.workflow_id = current.run_id, current.workflow_id
            if current.path:
                record.step, record.attempt = current.path, current.attempt
        return True


class DiscreetFormatter(logging.Formatter):
    """Write no secret that the call under way knows into a traceback; in messages a filter sees to that."""

    def formatException(self, ei: Any) -> str:
        return str(hidden(super().formatException(ei)))


class LineFormatter(logging.Formatter):
    """Write a record as one readable line; a traceback follows indented."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        named = " ".join(f"{name}={value}" for name, value in stamps(record).items())
        line = self.formatMessage(record) + (f" [{named}]" if named else "")
        return "\n".join([escaped(line), *map(indented, filter(None, (exception_of(record), record.stack_info)))])


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **stamps(record),
        }
        optional = {"exception": exception_of(record), "stack": record.stack_info}
        return json.dumps(said | {name: text for name, text in optional.items() if text})


def exception_of(record: logging.LogRecord) -> str | None:
    """Give the traceback as a filter has written it, who may have masked secrets in it, else as it is."""
    if record.exc_text is None and record.exc_info:
        return logging.Formatter().formatException(record.exc_info)
    return record.exc_text


def stamps(record: logging.LogRecord) -> dict[str, Any]:
    """Give what a record is stamped with."""
    return {name: getattr(record, name) for name in STAMPS if getattr(record, name, None)}


def escaped(text: str) -> str:
    return text.translate(CONTROL)


def indented(text: str) -> str:
    return "\n".join(f"    {escaped(line)}" for line in text.split("\n"))


def tell(active: ActiveRun, happened: Sequence[Event], start: int) -> None:
    """Log how runs get on, at INFO, and their steps at DEBUG: no inputs, no outputs. A bell of the engine."""
    if not logger.isEnabledFor(logging.INFO):
        return
    for event in happened:
        if event.path:
            said = {**about(active.head), "step": event.path, "attempt": getattr(event, "attempt", 0)}
            logger.debug("%s", spoken(event), extra=said)
        else:
            logger.info("%s", words_of(active, event), extra=about(active.head))


def spoken(event: Event) -> str:
    """Say the kind of an event in words: `StepSucceeded` is `step succeeded`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in event.kind).strip()


def words_of(active: ActiveRun, event: Event) -> str:
    if not isinstance(event, e.RunFinished):
        return spoken(event)
    took = event.at - (active.known.started_at or event.at)
    return f"run finished: {event.status} after {took / SECOND:.3f} s"
