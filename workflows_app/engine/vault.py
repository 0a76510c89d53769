"""The vault of an engine: what becomes of secrets when they are recorded, and how steps get them back.

This one is for an engine that keeps nothing: seals stay as they are, and no name makes a value secret. An
adapter whose journal lies on a disk closes every seal before anything is recorded or shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .events import HELD, Event
from .schema import Json, Value, trusted
from .secrets import KEY, MASK, Names, Seal, opened, replaced


class Vault:
    """Keeps secrets in the clear, for engines whose runs live as long as the process."""

    def open(self, value: Value) -> Value:
        """Give a value to a step: with its secrets, which are known from now on. Raises: UnreadableEvent"""
        return trusted(opened(value.raw, self.unlock)) if value.is_sealed else value

    def close(self, event: Event) -> Event:
        """Make an event fit to be recorded."""
        return event

    def lock(self, text: str) -> str:
        """Seal the JSON text of a secret."""
        return text

    def unlock(self, sealed: str) -> str:
        """Open what `lock` has sealed. Raises: UnreadableEvent"""
        return sealed


class NamedVault(Vault):
    """Closes every seal, and seals what stands under the name of a secret."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def close(self, event: Event) -> Event:
        changed: dict[str, Any] = {}
        for name in HELD[event.kind]:
            value = getattr(event, name)
            if value is not None and value.suspect:
                changed[name] = self._closed(value)
        error = getattr(event, "error", None)
        if error:
            changed["error"] = self.names.over(error, lambda secret: MASK)
        return replace(event, **changed) if changed else event

    def _closed(self, value: Value) -> Value:
        return trusted(replaced(self.names.sealed(value.raw), self._lock))

    def _lock(self, seal: Seal) -> Json:
        held = seal[KEY]
        return Seal({KEY: self.lock(trusted(held[0]).text)}) if isinstance(held, list) else seal
