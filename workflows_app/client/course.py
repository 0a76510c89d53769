"""The course of a stream: what was read of it, and what to ask for when the line breaks.

Every event has its number in the run's stream, so a reader whose line broke observes the run from the last
number it saw: nothing is lost and nothing comes twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from workflows_app.client.answers import REST
from workflows_app.client.faults import StudioError, TooFast, Unreachable
from workflows_app.client.requests import Request, pauses

if TYPE_CHECKING:
    from workflows_app.client.runs import OfRun

Event = dict[str, Any]
SEPARATOR = b"\x1e"
OFFSET = "x-stream-offset"
RUN = "x-stream-run"
STEADY_SECONDS = 10.0
"""A line that held for so long was a good one: when it breaks, patience begins anew."""


class Course:
    """Where a stream is. A transport asks for `next`, and tells what came of it."""

    def __init__(
        self, run: OfRun, first: Request | None = None, *, offset: int = 0, close_on_suspend: bool = True,
        include_state: bool = False, endless: bool = False,
    ) -> None:  # fmt: skip
        self.run, self.include_state = run, include_state
        self.ended, self._endless = False, endless
        self._first, self._seq, self._close_on_suspend = first, offset, close_on_suspend
        self._rest = b""
        self._has_read = False
        self._pauses, self._opened_at = pauses(), time.monotonic()

    def next(self) -> Request:
        """Say what to ask: what begins the stream, or what goes on with it."""
        if self._first is not None:
            return self._first
        query = {"runId": self.run.run_id, "offset": self._seq, "closeOnSuspend": self._close_on_suspend}
        return Request("POST", self.run.verb("observe"), query | ({"live": True} if self._endless else {}))

    def opened(self, headers: Mapping[str, str]) -> None:
        """Hear that the studio answers; from here on the stream can be taken up again."""
        self._rest, self._opened_at = b"", time.monotonic()
        if self._first is not None:
            self._first = None
            self._seq = int(headers.get(OFFSET, self._seq))
            # That of a fork is known only now.
            self.run = copy(self.run)
            self.run.run_id = headers.get(RUN, self.run.run_id)

    def take(self, chunk: bytes) -> Iterator[Event]:
        """Read the events that have come whole; one counts as seen once it is handed out."""
        *records, self._rest = (self._rest + chunk).split(SEPARATOR)
        for record in records:
            event: Event = from_json(record)
            if event["seq"] <= self._seq:
                continue
            self._seq, self._has_read, self._pauses = event["seq"], True, pauses()
            # Set and never taken back: another thread may end the stream meanwhile.
            if event["type"] == "workflow-finish" and self._is_last(event["payload"]["workflowStatus"]):
                self.ended = True
            yield event

    def _is_last(self, status: str) -> bool:
        if self._endless:
            return False
        return status in REST and (status != "suspended" or self._close_on_suspend)

    def closed(self) -> None:
        """Hear that the studio ended its answer. Raises: Unreachable when the run's finish had not come"""
        if (self._has_read or self._endless) and not self.ended:
            raise Unreachable("The stream broke off.")
        self.ended = True

    def broken(self, error: StudioError) -> float:
        """Say how long to wait before the next try. Raises: the error, when there is none"""
        if time.monotonic() - self._opened_at > STEADY_SECONDS:
            self._pauses = pauses()
        pause = None if self._first is not None else next(self._pauses, None)
        if pause is None:
            raise error
        return max(pause, error.retry_after) if isinstance(error, TooFast) else pause
