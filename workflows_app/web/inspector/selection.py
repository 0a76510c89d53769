"""What the address of the inspector asks for, so that every state of the page can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from urllib.parse import urlencode

LONGEST = 1_000
CHOICES = {
    "fold": ("none", "all"),
    "direction": ("right", "down"),
    "only": ("failed", "waiting", "running", "success", "again", "critical"),
    "flat": ("1",),
    "show": ("table",),
    "items": ("failed", "open", "again"),
    "side": ("closed",),
}
NUMBERS = ("at", "row", "start", "end", "skip")
VALUE = ("into", "find", "show", "skip")
FILTERS = ("q", "only", "flat", "start", "end")
FORGOTTEN = {
    "step": ("tab", "row", "side", "items", *VALUE),
    "tab": VALUE,
    "into": ("find", "show", "skip"),
    "items": ("skip",),
    "find": ("skip",),
    "show": ("skip",),
    "q": ("row",),
    "only": ("row",),
    "flat": ("row",),
    "start": ("row",),
}
"""What a change of one thing makes meaningless of the others."""


@dataclass(frozen=True)
class Selection:
    """The query string. What it says that is not understood is left at its default.

    `at` is the number of the event after which the run is shown, `start` and `end` are milliseconds since the
    run's start, `open` and `shut` name the rows of the timeline that somebody opened and closed, joined by slashes.
    """

    step: str = ""
    tab: str = ""
    at: str = ""
    fold: str = ""
    direction: str = ""
    row: str = ""
    q: str = ""
    only: str = ""
    flat: str = ""
    start: str = ""
    end: str = ""
    open: str = ""
    shut: str = ""
    items: str = ""
    into: str = ""
    find: str = ""
    show: str = ""
    skip: str = ""
    side: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Selection:
        """Read a query string."""
        found = {name: asked.get(key, "")[:LONGEST].replace("\0", "") for name, key in KEYS.items()}
        for name, choices in CHOICES.items():
            found[name] = found[name] if found[name] in choices else ""
        for name in NUMBERS:
            found[name] = found[name] if found[name].isdecimal() and len(found[name]) < 16 else ""
        return cls(**found)

    def query(self, **changes: str | int) -> str:
        """Write the query string with some of it changed."""
        forgotten = {KEYS[name] for change in changes for name in (change, *FORGOTTEN.get(change, ()))}
        shown = [(key, value) for key, value in self.pairs if key not in forgotten]
        shown += [(KEYS[name], str(value)) for name, value in changes.items() if value]
        # One state of the page has one address, however it was come to.
        shown.sort(key=lambda pair: ORDER[pair[0]])
        return "?" + urlencode(shown)

    # A page with hundreds of steps has as many links.
    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """List what is asked for, as a form sends it."""
        return [(key, getattr(self, name)) for name, key in KEYS.items() if getattr(self, name)]

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, name) for name in FILTERS)

    @property
    def beside_filters(self) -> list[tuple[str, str]]:
        """List what a form of filters must carry along."""
        return [(key, value) for key, value in self.pairs if key not in (*FILTERS, "row")]

    @property
    def beside_find(self) -> list[tuple[str, str]]:
        """List what a search in the panel must carry along."""
        return [(key, value) for key, value in self.pairs if key not in ("find", "into", "skip", "show")]

    @property
    def moment(self) -> int | None:
        return int(self.at) if self.at else None

    @property
    def first(self) -> int | None:
        """Number the row that the timeline begins with, if one is asked for."""
        return int(self.row) if self.row else None

    def is_open(self, key: str, custom: bool) -> bool:
        """Tell whether a row is open: as somebody wished it, else as is the custom."""
        return key not in self.shut.split("/") and (custom or key in self.open.split("/"))

    def turned(self, key: str, is_open: bool) -> str:
        """Write the query string in which a row that is open is closed, or the other way round."""
        opened, shut = ({*filter(None, text.split("/"))} - {key} for text in (self.open, self.shut))
        (shut if is_open else opened).add(key)
        return self.query(open="/".join(sorted(opened)), shut="/".join(sorted(shut)))

    @property
    def span(self) -> tuple[int, int] | None:
        """Give the stretch of time that is asked for, in microseconds since the start."""
        if not self.start and not self.end:
            return None
        start, end = int(self.start or 0) * 1_000, int(self.end or 0) * 1_000
        return (start, end) if end > start else None


KEYS = {one.name: "dir" if one.name == "direction" else one.name for one in fields(Selection)}
ORDER = {key: number for number, key in enumerate(KEYS.values())}
