"""JSON as people type it: read with the place of the mistake, written for reading."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, NoReturn

from django.utils.translation import gettext as _

MAX_DEPTH: Final = 64


class BadJson(ValueError):
    """The text is not JSON that can be kept."""


def parse_json(text: str) -> object:
    """Read JSON text.

    Raises: BadJson with a sentence that names the line and the column.
    """
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise BadJson(
            _("This is not JSON: line %(line)d, column %(column)d: %(reason)s.")
            % {"line": error.lineno, "column": error.colno, "reason": error.msg.removesuffix(".")}
        ) from None
    except RecursionError:
        raise BadJson(_("This is nested too deeply.")) from None
    except BadJson:
        raise
    except ValueError:
        raise BadJson(_("This has a number with too many digits.")) from None
    if _too_deep(value, MAX_DEPTH):
        raise BadJson(_("This is nested too deeply: at most %d levels.") % MAX_DEPTH)
    if not all(is_storable(part) for part in _strings(value)):
        raise BadJson(_("This has a character that cannot be kept, such as NUL or half a surrogate pair."))
    return value


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object, unless it has a key twice: readers differ in which of the two they take. Raises: BadJson"""
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadJson(_("The key %s is there twice in one object.") % f"{twice!r:.80}")
    return made


def print_json(value: object) -> str:
    """Write a value as indented JSON text that any page can carry."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if is_storable(text) else json.dumps(value, indent=2)


def is_storable(text: str) -> bool:
    """Tell whether a text can be kept: no NUL and no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse_constant(name: str) -> NoReturn:
    raise BadJson(_("This is not JSON: %s is not a number that JSON knows.") % name)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)


def _too_deep(value: object, left: int) -> bool:
    if left < 0:
        return True
    if isinstance(value, dict):
        return any(_too_deep(item, left - 1) for item in value.values())
    return isinstance(value, list) and any(_too_deep(item, left - 1) for item in value)
