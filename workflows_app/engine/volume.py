"""How much a run has recorded: single values are bounded each, and so is what they come to together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .errors import FieldError, RunFull
from .events import HELD, Event
from .schema import Value

KEPT_ONCE = 8_192
"""What is larger is stored once, however often it is recorded, and so counts once."""


class Volume:
    """The size of all values that a run has recorded."""

    def __init__(self, recorded: Iterable[Event] = ()) -> None:
        self.size = 0
        self._large: set[int] = set()
        for event in recorded:
            self.add(event)

    def add(self, event: Event) -> None:
        """Count an event in."""
        for name in HELD[event.kind]:
            value = getattr(event, name)
            if value is not None and (value.size <= KEPT_ONCE or self._is_new(value)):
                self.size += value.size

    def _is_new(self, value: Value) -> bool:
        mark, known = hash(value.text), len(self._large)
        self._large.add(mark)
        return len(self._large) > known

    def check(self, events: Sequence[Event], limit: int, path: str = "run") -> None:
        """Refuse events that the run has no room for. Raises: RunFull naming the path"""
        if self.size + sum(value.size for event in events for value in values(event)) <= limit:
            return
        new = {value.text: value.size for event in events for value in values(event)}
        self.check_room(sum(size for text, size in new.items() if hash(text) not in self._large), limit, path)

    def check_room(self, size: int, limit: int, path: str) -> None:
        """Refuse so many bytes more if that is too much. Raises: RunFull naming the path"""
        if size and self.size + size > limit:
            message = (
                f"{size} bytes more than the {self.size} that the run has recorded are over the {limit} allowed. "
                "Store large values elsewhere, pass references, or go on in another run."
            )
            raise RunFull(errors=[FieldError(path=path, message=message)])


def values(event: Event) -> Iterator[Value]:
    for name in HELD[event.kind]:
        value = getattr(event, name)
        if value is not None:
            yield value
