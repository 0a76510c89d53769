"""What a committer needs of a database: write a group of turns in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .rows import Answer, Item


class Passing(Exception):
    """The database cannot write now, but will: a lock, a deadlock, a connection that broke."""


class Writer(Protocol):
    """A connection of its own, made when it is first needed and used by one thread at a time."""

    def write(self, items: Sequence[Item]) -> list[Answer]:
        """Write items of different runs, all or none, and answer each.

        A creation is answered by the run that is stored now; a turn by False when its run has moved on.

        Raises: Passing
        """

    def close(self) -> None: ...
