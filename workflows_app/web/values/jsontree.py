"""A JSON value as a tree that a page can draw with nothing but nested `<details>`.

A page shows a bounded part: at most `NODES` nodes and `TEXT` characters of one text. What is left out is
counted and said, never dropped in silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import ngettext

from workflows_app.engine.schema import Json, Value

NODES = 150
TEXT = 2_000
OPEN_LEVELS = 2
OPEN_CHILDREN = 30


@dataclass(frozen=True, slots=True)
class Branch:
    """One node. A scalar has `text`; an object or a list has `children`, and says how many it has in all.

    `pointer` is where it stands in the whole value.
    """

    key: str | None
    kind: str
    text: str = ""
    cut: int = 0
    children: tuple[Branch, ...] = ()
    count: int = 0
    open: bool = False
    pointer: str = ""

    @property
    def is_box(self) -> bool:
        return self.kind in ("object", "list") and self.count > 0

    @property
    def shown(self) -> int:
        return len(self.children)

    @property
    def left_out(self) -> int:
        return self.count - self.shown

    @property
    def counted(self) -> str:
        if self.kind == "object":
            return ngettext("%(n)s field", "%(n)s fields", self.count) % {"n": f"{self.count:,}"}
        return ngettext("%(n)s item", "%(n)s items", self.count) % {"n": f"{self.count:,}"}


@dataclass(frozen=True, slots=True)
class Tree:
    """A value on a page. Without `root` it is stored apart and was not read."""

    root: Branch | None
    size: int

    @property
    def is_plain(self) -> bool:
        return self.root is not None and not self.root.is_box


def tree_of(value: Value) -> Tree:
    """Draw a recorded value."""
    return Tree(branch_of(value.data) if value.loaded else None, value.size)


def branch_of(data: Json, pointer: str = "", first: int = 0) -> Branch:
    """Draw plain JSON data, a long list or object from an entry on."""
    return _Budget(NODES).grow(None, data, 0, pointer, first)


class _Budget:
    """How many nodes may still be drawn."""

    def __init__(self, left: int) -> None:
        self.left = left

    def grow(self, key: str | None, data: Json, depth: int, pointer: str, first: int = 0) -> Branch:
        self.left -= 1
        if isinstance(data, dict):
            return self._box(key, "object", islice(data.items(), first, None), len(data), depth, pointer)
        if isinstance(data, list):
            numbered = ((str(i), item) for i, item in enumerate(islice(data, first, None), first))
            return self._box(key, "list", numbered, len(data), depth, pointer)
        return leaf(key, data, pointer)

    def _box(
        self, key: str | None, kind: str, pairs: Iterable[tuple[str, Json]], count: int, depth: int, pointer: str
    ) -> Branch:
        children = []
        for name, item in pairs:
            if self.left <= 0:
                break
            children.append(self.grow(name, item, depth + 1, f"{pointer}/{escaped(name)}"))
        is_open = depth == 0 or (depth < OPEN_LEVELS and count <= OPEN_CHILDREN)
        text = "" if count else "{}" if kind == "object" else "[]"
        return Branch(key, kind, text, children=tuple(children), count=count, open=is_open, pointer=pointer)


def escaped(key: str) -> str:
    """Write a key as a token of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def leaf(key: str | None, data: Json, pointer: str = "") -> Branch:
    """Draw a scalar: text as it is, everything else as JSON writes it."""
    if isinstance(data, str):
        return Branch(key, "text", data[:TEXT], cut=max(0, len(data) - TEXT), pointer=pointer)
    kind = "nothing" if data is None else "truth" if isinstance(data, bool) else "number"
    return Branch(key, kind, json.dumps(data), pointer=pointer)


def said(data: Json) -> str:
    """Say a scalar the way a person would."""
    if data is None:
        return "none"
    if isinstance(data, bool):
        return "yes" if data else "no"
    return data if isinstance(data, str) else json.dumps(data)


def compact(data: Json) -> str:
    """Write JSON data on one line."""
    return json.dumps(data, ensure_ascii=False)
