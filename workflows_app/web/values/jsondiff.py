"""The difference of two JSON values as lines that a person reads: where, what was there, what is there.

Lists are matched by the key of their items where they have one, else by what stays in order, so that one
inserted item is one line and not a change of everything after it.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app.engine.schema import Json

LINES = 200
TEXT = 300
KEYS = ("id", "key", "name", "sku", "slug", "path")
MATCHED = 500
DEEPEST = 64
WHOLE = gettext_lazy("the value")


@dataclass(frozen=True, slots=True)
class Line:
    """One difference. `kind` is added, removed, changed or moved; a side that has nothing is empty."""

    where: str
    kind: str
    a: str = ""
    b: str = ""


@dataclass(frozen=True, slots=True)
class Diff:
    """The differences of two values, as many as are shown."""

    lines: tuple[Line, ...]
    more: bool

    def __bool__(self) -> bool:
        return bool(self.lines)


def diff_of(a: Json, b: Json, ignored: frozenset[str] = frozenset()) -> Diff:
    """Compare two values; a field whose name or whole path is ignored is left out."""
    found = list(islice(_Walk(ignored).values(a, b, "", 0), LINES + 1))
    return Diff(tuple(found[:LINES]), len(found) > LINES)


def same(a: Json, b: Json) -> bool:
    """Tell whether two values are the same JSON; in Python alone, 1 would be true."""
    return a == b and text_of(a) == text_of(b)


def text_of(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def shown(value: Json) -> str:
    text = value if isinstance(value, str) and value else text_of(value)
    return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"


def key_of(items: Sequence[Json]) -> str:
    """Name the field that tells the items of a list apart; nothing when none does."""
    if not items or not all(isinstance(item, dict) for item in items):
        return ""
    for key in KEYS:
        values = [item.get(key) for item in items]
        if all(isinstance(value, str | int) for value in values) and len(set(values)) == len(values):
            return key
    return ""


def out_of_order(places: Sequence[int]) -> set[int]:
    """Say which of some numbers have to move so that the others rise: as few as can be."""
    ends: list[int] = []  # where the best rising row of each length ends
    before: list[int] = []
    for index, place in enumerate(places):
        at = bisect_left(ends, place, key=lambda end: places[end])
        before.append(ends[at - 1] if at else -1)
        ends[at : at + 1] = [index]
    rising, index = set[int](), ends[-1] if ends else -1
    while index >= 0:
        rising.add(index)
        index = before[index]
    return set(range(len(places))) - rising


@dataclass(frozen=True, slots=True)
class _Walk:
    ignored: frozenset[str]

    def values(self, a: Json, b: Json, where: str, depth: int) -> Iterator[Line]:
        if same(a, b) or where in self.ignored:
            return
        if depth < DEEPEST and isinstance(a, dict) and isinstance(b, dict):
            yield from self._objects(a, b, where, depth + 1)
        elif depth < DEEPEST and isinstance(a, list) and isinstance(b, list):
            yield from self._lists(a, b, where, depth + 1)
        else:
            yield Line(where or str(WHOLE), "changed", shown(a), shown(b))

    def _objects(self, a: dict[str, Json], b: dict[str, Json], where: str, depth: int) -> Iterator[Line]:
        for key in dict.fromkeys([*a, *b]):
            at = f"{where}.{key}" if where else key
            if key in self.ignored or at in self.ignored:
                continue
            if key not in b:
                yield Line(at, "removed", shown(a[key]))
            elif key not in a:
                yield Line(at, "added", b=shown(b[key]))
            else:
                yield from self.values(a[key], b[key], at, depth)

    def _lists(self, a: list[Json], b: list[Json], where: str, depth: int) -> Iterator[Line]:
        key = key_of(a)
        if key and key_of(b) == key:
            yield from self._by_key(a, b, key, where, depth)
        elif max(len(a), len(b)) > MATCHED:
            yield from self._in_pairs(a, b, 0, 0, where, depth)
        else:
            matcher = SequenceMatcher(None, [text_of(item) for item in a], [text_of(item) for item in b], False)
            for kind, a1, a2, b1, b2 in matcher.get_opcodes():
                if kind != "equal":
                    yield from self._in_pairs(a[a1:a2], b[b1:b2], a1, b1, where, depth)

    def _by_key(self, a: list[Json], b: list[Json], key: str, where: str, depth: int) -> Iterator[Line]:
        before, after = ({item[key]: item for item in items} for items in (a, b))
        old = {name: number for number, name in enumerate(before, 1)}
        new = {name: number for number, name in enumerate(after, 1)}
        kept = [name for name in before if name in after]
        moved = {kept[place] for place in out_of_order([new[name] for name in kept])}
        for name in dict.fromkeys([*before, *after]):
            at = f"{where}[{key}={name}]"
            if name not in after:
                yield Line(at, "removed", shown(before[name]))
            elif name not in before:
                yield Line(at, "added", b=shown(after[name]))
            else:
                if name in moved:
                    yield Line(at, "moved", _("place %s") % old[name], _("place %s") % new[name])
                yield from self.values(before[name], after[name], at, depth)

    def _in_pairs(
        self, a: Sequence[Json], b: Sequence[Json], a_from: int, b_from: int, where: str, depth: int
    ) -> Iterator[Line]:
        both = min(len(a), len(b))
        for index in range(both):
            yield from self.values(a[index], b[index], f"{where}[{b_from + index}]", depth)
        for index in range(both, len(a)):
            yield Line(f"{where}[{a_from + index}]", "removed", shown(a[index]))
        for index in range(both, len(b)):
            yield Line(f"{where}[{b_from + index}]", "added", b=shown(b[index]))
