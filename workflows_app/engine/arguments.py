"""What callers may give to a verb or a query; anything else is refused before anything happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .errors import InvalidData, InvalidInput, InvalidPayload, InvalidRequestContext, glimpse
from .paths import MAX_ID
from .schema import to_plain

MOST_NAMES = 100
MICRO = 1_000_000
MOST_ROWS = 2**31 - 1
STATUSES = (
    "pending", "running", "waiting", "suspended", "paused", "success", "failed", "canceled", "bailed", "tripwire",
)  # fmt: skip


def is_storable(given: object) -> bool:
    """Tell whether this is a text that any database can hold."""
    try:
        return isinstance(given, str) and to_plain(given) == given
    except InvalidPayload:
        return False


def name_of(what: str, given: Any) -> str:
    """Read a name: a short text that is not empty. Raises: InvalidInput"""
    if not is_storable(given) or not 0 < len(given) <= MAX_ID:
        raise InvalidInput(
            f"{what} is a text of 1 to {MAX_ID} characters, none of them NUL or half a character, got {glimpse(given)}."
        )
    return str(given)


def optional_name(what: str, given: Any) -> str | None:
    """Read a name that may be left out. Raises: InvalidInput"""
    return None if given is None else name_of(what, given)


def names_of(what: str, given: Any) -> tuple[str, ...]:
    """Read a list of names. Raises: InvalidInput"""
    if isinstance(given, str) or not isinstance(given, Sequence | set | frozenset):
        raise InvalidInput(f"{what} are a list of texts, got {glimpse(given)}.")
    if len(given) > MOST_NAMES:
        raise InvalidInput(f"{what} are {len(given)}; {MOST_NAMES} are the most.")
    return tuple(name_of(f"Each of the {what}", one) for one in given)


def statuses(given: Any) -> tuple[str, ...]:
    """Read the filter by status: one, several or none. Raises: InvalidInput"""
    wanted = (name_of("A status", given),) if isinstance(given, str) else names_of("statuses", given or ())
    unknown = sorted(set(wanted).difference(STATUSES))
    if unknown:
        raise InvalidInput(f"No run has the status {', '.join(unknown)}; it has one of {', '.join(STATUSES)}.")
    return wanted


def rows(what: str, number: Any, least: int) -> int | None:
    """Read how many rows, or which page of them; more than there can be is as many as there can be.

    Raises: InvalidInput
    """
    return None if number is None else min(count(what, number, least), MOST_ROWS)


def count(what: str, number: Any, least: int = 0) -> int:
    """Read a whole number. Raises: InvalidInput"""
    check_number(what, number)
    if number < least:
        raise InvalidInput(f"{what} must be a whole number from {least}, got {number}.")
    return int(number)


def check_number(what: str, number: Any) -> None:
    """Refuse what is no whole number. Raises: InvalidInput"""
    if not isinstance(number, int) or isinstance(number, bool):
        raise InvalidInput(f"{what} must be a whole number, got {glimpse(number)}.")


def instant(what: str, given: Any) -> int | None:
    """Read a moment that may be left out, in microseconds since the epoch. Raises: InvalidInput"""
    if given is None:
        return None
    if not isinstance(given, datetime) or given.tzinfo is None:
        raise InvalidInput(f"{what} is a datetime with a time zone, got {glimpse(given)}.")
    return int(given.timestamp() * MICRO)


def entries(what: str, given: Any, error: type[InvalidData] = InvalidInput) -> dict[str, Any]:
    """Read a mapping that may be left out. Raises: the given InvalidData"""
    if given is not None and not isinstance(given, Mapping):
        raise error(f"{what} is a dict, got {glimpse(given)}.")
    return dict(given or {})


def context_of(given: Any) -> dict[str, Any]:
    """Read a request context. Raises: InvalidRequestContext"""
    return entries("The request context", given, InvalidRequestContext)
