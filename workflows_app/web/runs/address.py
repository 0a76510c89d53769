"""What the address of a list asks for: filters, and where its page begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Self
from urllib.parse import urlencode

LONGEST = 220
PLACES = ("older", "newer")


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list are the fields of a subclass; `older` and `newer` are cursors."""

    older: str = ""
    newer: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        """Read a query string."""
        return cls(**{one.name: asked.get(one.name, "").strip()[:LONGEST].replace("\0", "") for one in fields(cls)})

    def query(self, **changes: str) -> str:
        """Write the query string with some of it changed; another filter begins at the newest row."""
        new = replace(self, **{"older": "", "newer": "", **changes})
        pairs = {one.name: getattr(new, one.name) for one in fields(new) if getattr(new, one.name)}
        return "?" + urlencode(pairs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """List what is asked for, as a form keeps it in hidden fields."""
        names = [one.name for one in fields(self) if one.name not in PLACES]
        return [(name, getattr(self, name)) for name in names if getattr(self, name)]

    @property
    def named(self) -> list[tuple[str, str, str]]:
        """List the filters that are set: name, value and the address without it."""
        return [(name, value, self.query(**{name: ""})) for name, value in self.pairs]
