"""JSON values compared: a part found by its JSON pointer, and how it stands to another value."""

from __future__ import annotations

from typing import Final

from workflows_app.engine.schema import Json

NOWHERE: Final = object()
"""What a pointer gives that leads to nothing; null is something."""


def look_up(value: Json, pointer: str) -> Json:
    """Follow a JSON pointer (RFC 6901)."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and len(key) < 9 and int(key) < len(value):
            value = value[int(key)]
        else:
            return NOWHERE
    return value


def compared(found: Json, how: str, wanted: Json) -> bool:
    """Tell whether a value stands to another as is said."""
    if how in ("is there", "is not there"):
        return (found is NOWHERE) is (how == "is not there")
    if found is NOWHERE:
        return how == "differs from"
    match how:
        case "equals":
            return same(found, wanted)
        case "differs from":
            return not same(found, wanted)
        case "contains":
            return contains(found, wanted)
    if not (is_number(found) and is_number(wanted)):
        return False
    return bool(found >= wanted if how == "is at least" else found <= wanted)


def same(one: Json, other: Json) -> bool:
    """Tell whether two JSON values are equal; 1 is 1.0 but not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def contains(whole: Json, part: Json) -> bool:
    """Tell whether a text has a text in it, a list an item, an object these keys with such values."""
    if isinstance(whole, str):
        return isinstance(part, str) and part in whole
    if isinstance(whole, list):
        return any(same(item, part) for item in whole)
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(
            key in whole and (same(whole[key], value) or contains(whole[key], value)) for key, value in part.items()
        )
    return False


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
