"""A JSON value of any size, looked at piece by piece: a part of it as tree, table or text, or what a search finds.

A part is named by a JSON pointer (`/rows/3/name`). What a page leaves out it counts, and leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from workflows_app.engine.schema import Json, Value
from workflows_app.web.inspector.selection import Selection
from workflows_app.web.values.jsontree import Branch, branch_of, compact, escaped

ROWS: Final = 100
COLUMNS: Final = 24
CELL: Final = 120
FOUND: Final = 100
SHOWN: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step on the way into the value."""

    label: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Match:
    """A place where the search finds something, as code would name it, and how the value begins there."""

    name: str
    text: str
    pointer: str


@dataclass(frozen=True, slots=True)
class TableRow:
    number: int
    pointer: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    columns_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """What a page shows of a value. `size` is that of the whole; `first` to `last` of `count` entries are there."""

    size: int
    crumbs: tuple[Crumb, ...] = ()
    tree: Branch | None = None
    table: Table | None = None
    text: str | None = None
    text_cut: int = 0
    matches: tuple[Match, ...] | None = None
    matches_cut: bool = False
    first: int = 0
    last: int = 0
    count: int = 0
    is_tabular: bool = False

    @property
    def is_nothing(self) -> bool:
        return self.tree is not None and self.tree.kind == "nothing"

    @property
    def is_large(self) -> bool:
        """Tell whether it is worth searching."""
        return self.size > 400

    @property
    def jumps(self) -> dict[str, int]:
        """Name the stretches of a long list that can be gone to from here."""
        if not self.count or (self.first == 0 and self.last >= self.count):
            return {}
        length = max(1, self.last - self.first)
        found = {"earlier": max(0, self.first - length)} if self.first else {}
        return found | ({"later": self.last} if self.last < self.count else {})


def view(value: Value, asked: Selection) -> Viewed:
    """Look at a value as the address asks for."""
    if not value.loaded:
        return Viewed(size=value.size)
    data = value.data
    if asked.find:
        return _searched(data, asked.find, value.size)
    pointer, part = at(data, asked.into)
    crumbs = tuple(crumbs_of(pointer))
    first = int(asked.skip or 0)
    if isinstance(part, str) and pointer:
        return Viewed(size=value.size, crumbs=crumbs, text=part[:SHOWN], text_cut=max(0, len(part) - SHOWN))
    if is_tabular(part) and asked.show == "table":
        return _tabled(part, pointer, first, value.size, crumbs)
    return _grown(part, pointer, first, value.size, crumbs)


def _grown(part: Json, pointer: str, first: int, size: int, crumbs: tuple[Crumb, ...]) -> Viewed:
    count = len(part) if isinstance(part, list | dict) else 0
    first = min(first, max(0, count - 1))
    tree = branch_of(part, pointer, first)
    last = first + len(tree.children)
    return Viewed(size=size, crumbs=crumbs, tree=tree, first=first, last=last, count=count, is_tabular=is_tabular(part))


def at(data: Json, pointer: str) -> tuple[str, Json]:
    """Follow a pointer as far as it leads."""
    reached = ""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and int(key) < len(data):
            data = data[int(key)]
        else:
            break
        reached += f"/{token}"
    return reached, data


def crumbs_of(pointer: str) -> Iterator[Crumb]:
    reached = ""
    for token in pointer.split("/")[1:]:
        reached += f"/{token}"
        yield Crumb(token.replace("~1", "/").replace("~0", "~"), reached)


def is_tabular(data: Json) -> bool:
    """Tell whether a value is a list of objects."""
    return isinstance(data, list) and len(data) > 1 and all(isinstance(item, dict) for item in data)


def _tabled(part: list[Json], pointer: str, first: int, size: int, crumbs: tuple[Crumb, ...]) -> Viewed:
    first = min(first, len(part) - 1) // ROWS * ROWS
    shown = part[first : first + ROWS]
    keys = list(dict.fromkeys(key for item in shown for key in item))
    rows = tuple(
        TableRow(number, f"{pointer}/{number}", tuple(_cell(item, key) for key in keys[:COLUMNS]))
        for number, item in enumerate(shown, first)
    )
    table = Table(tuple(keys[:COLUMNS]), rows, max(0, len(keys) - COLUMNS))
    return Viewed(
        size=size, crumbs=crumbs, table=table, first=first, last=first + len(rows), count=len(part), is_tabular=True
    )


def _cell(item: dict[str, Json], key: str) -> str:
    if key not in item:
        return ""
    value = item[key]
    text = value if isinstance(value, str) else compact(value)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


def _searched(data: Json, wanted: str, size: int) -> Viewed:
    found: list[Match] = []
    for match in _walk(data, wanted.casefold(), "", ""):
        if len(found) == FOUND:
            return Viewed(size=size, matches=tuple(found), matches_cut=True)
        found.append(match)
    return Viewed(size=size, matches=tuple(found))


def _walk(data: Json, wanted: str, name: str, pointer: str) -> Iterator[Match]:
    """Yield the keys and plain values in which the text stands."""
    if isinstance(data, dict | list):
        pairs = data.items() if isinstance(data, dict) else enumerate(data)
        for key, item in pairs:
            inner = f"{pointer}/{escaped(str(key))}"
            called = f"{name}{_called(key)}"
            if isinstance(key, str) and wanted in key.casefold():
                yield Match(called.lstrip("."), _cell({"": item}, ""), inner)
            elif not isinstance(item, dict | list) and wanted in _plain(item).casefold():
                yield Match(called.lstrip("."), _around(_plain(item), wanted), inner)
            if isinstance(item, dict | list):
                yield from _walk(item, wanted, called, inner)
    elif wanted in _plain(data).casefold():
        yield Match("", _around(_plain(data), wanted), "")


def _called(key: str | int) -> str:
    """Write a key as code does."""
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key.isidentifier() else f"[{compact(key)}]"


def _plain(data: Json) -> str:
    return data if isinstance(data, str) else compact(data)


def _around(text: str, wanted: str) -> str:
    """Cut a long text around what was looked for."""
    start = max(0, text.casefold().find(wanted) - CELL // 3)
    return f"{'…' if start else ''}{text[start : start + CELL]}{'…' if len(text) > start + CELL else ''}"
