"""Large values: taken out of events, stored once per run under their hash, compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from hashlib import sha256
from typing import Any

from workflows_app.engine.errors import UnreadableEvent
from workflows_app.engine.events import Event
from workflows_app.engine.schema import Value

ENCODING = "zlib"
# Hardly larger than at higher levels, and several times faster.
LEVEL = 1


class Payloads:
    """Collects the large values of one turn."""

    def __init__(self, run_id: str, inline_bytes: int) -> None:
        self.run_id = run_id
        self.inline_bytes = inline_bytes
        self.rows: list[tuple[Any, ...]] = []
        self._taken: set[str] = set()

    def shorten(self, value: Value) -> str | None:
        """Put a large value aside and name it; None keeps it where it is."""
        if value.size <= self.inline_bytes and (value.ref is None or value.loaded):
            return None
        # A value that is not loaded was read from this run, so the store holds it.
        if value.loaded and (value.ref is None or value.ref not in self._taken):
            self._take(value)
        return value.ref

    def _take(self, value: Value) -> None:
        text = value.text.encode()
        value.ref = value.ref or sha256(text).hexdigest()
        self._taken.add(value.ref)
        self.rows.append((self.run_id, value.ref, value.size, ENCODING, zlib.compress(text, LEVEL)))


def unpacked(sha: str, encoding: str, packed: bytes | memoryview) -> str:
    """Read a stored payload. Raises: UnreadableEvent"""
    if encoding != ENCODING:
        raise UnreadableEvent(f"The payload {sha} is encoded as {encoding!r}. Update the software to read it.")
    try:
        return zlib.decompress(packed).decode()
    except (zlib.error, UnicodeError) as error:
        raise UnreadableEvent(f"The payload {sha} is damaged: {error}. Restore its row.") from error


def missing(values: Iterable[Value]) -> dict[str, list[Value]]:
    """Group the values that are not loaded by their hash."""
    found: dict[str, list[Value]] = {}
    for value in values:
        if value.ref is not None and not value.loaded:
            found.setdefault(value.ref, []).append(value)
    return found


def values_of(events: Iterable[Event]) -> Iterator[Value]:
    """Yield every value in the events."""
    for event in events:
        for field in fields(event):
            value = getattr(event, field.name)
            if isinstance(value, Value):
                yield value
