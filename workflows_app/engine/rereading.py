"""Data as a schema dumped it, given back to the schema: a dump may say what its validator does not take.

A model that forbids extra keys refuses its own computed fields, and text that holds JSON is dumped as what it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json


def computed_names(core: Any) -> Iterator[str]:
    """Name the computed fields anywhere in a core schema."""
    if isinstance(core, Mapping):
        if core.get("type") == "computed-field":
            yield from (name for name in (core["property_name"], core.get("alias")) if name)
        for part in core.values():
            yield from computed_names(part)
    elif isinstance(core, list | tuple):
        for part in core:
            yield from computed_names(part)


def mended(text: str, problem: ValidationError, computed: Collection[str]) -> str | None:
    """Undo what only a dump says where a validator complains of it; None when there is no such place."""
    holder, has_changed = [from_json(text)], False
    for line in problem.errors(include_url=False, include_context=False, include_input=False):
        loc = line["loc"]
        at, key = place_of(holder, loc[:-1] if line["type"] == "extra_forbidden" else loc)
        inner = at[key]
        if line["type"] == "extra_forbidden" and loc[-1] in computed and isinstance(inner, dict) and loc[-1] in inner:
            del inner[loc[-1]]
            has_changed = True
        elif line["type"] == "json_type" and not isinstance(inner, str):
            at[key] = to_json(inner).decode()
            has_changed = True
    return to_json(holder[0]).decode() if has_changed else None


def place_of(holder: list[Any], loc: Sequence[int | str]) -> tuple[Any, Any]:
    """Find a place in what is held: the container and the key. Names of types in the way lead nowhere."""
    at: Any = holder
    key: Any = 0
    for part in loc:
        inner = at[key]
        is_key = isinstance(inner, dict) and part in inner
        if is_key or (isinstance(inner, list) and isinstance(part, int) and part < len(inner)):
            at, key = inner, part
    return at, key
