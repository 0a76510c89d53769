"""What of a journal must be loaded before it can be folded; the rest may stay in the payload store."""

from __future__ import annotations

from collections.abc import Sequence

from . import events as e
from .events import Event
from .schema import Value


def needed(events: Sequence[Event]) -> list[Value]:
    """List the values that must be loaded before the events can be folded: lists to walk, states to merge."""
    found: list[Value | None] = []
    for event in events:
        found += [getattr(event, name, None) for name in ("state", "context", "assume")]
        if isinstance(event, e.StepStarted) and event.role == "foreach":
            found.append(event.input)
    return [value for value in found if value is not None and not value.loaded]
