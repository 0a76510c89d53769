"""What authors may write for an option of a definition; anything else is refused with cause and remedy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import BuiltinFunctionType, FunctionType
from typing import Any

from pydantic.errors import PydanticSchemaGenerationError
from pydantic_core import SchemaError

from .errors import DefinitionError, InvalidPayload, glimpse
from .paths import is_clean
from .schema import Schema, to_plain

Seconds = float | int | timedelta
NO_TYPES = (str, FunctionType, BuiltinFunctionType)
"""What pydantic makes a schema of all the same: a name, which it looks up elsewhere, or the arguments of a call."""
LONGEST = 3_155_760_000.0  # a hundred years, in seconds


def schema_of(name: str, declared: Any) -> Schema:
    """Read a schema of a definition. Raises: DefinitionError for what cannot be one, now or later."""
    made = declared if isinstance(declared, Schema) else Schema(declared)
    cause = f"got {glimpse(made.declared)}"
    if not isinstance(made.declared, NO_TYPES):
        try:
            made.adapter  # noqa: B018 - it is kept, and a run needs it
            return made
        except (PydanticSchemaGenerationError, SchemaError) as error:
            cause += f": {str(error).splitlines()[0]}"
        except Exception:
            # It may name a class that is defined later; then the run will say what is wrong.
            return made
    raise DefinitionError(f"{name} is a pydantic model or a type, such as int or list[str]; {cause}.")


def seconds(duration: Seconds) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


def checked_seconds(duration: Any, name: str = "A duration", least: float = -LONGEST) -> float:
    """Read a duration of a definition. Raises: DefinitionError for one that never ends, or is no duration."""
    if not is_number(duration) and not isinstance(duration, timedelta):
        raise DefinitionError(f"{name} is a number of seconds or a timedelta, got {duration!r}.")
    found = seconds_of(duration)
    if not abs(found) <= LONGEST:
        raise DefinitionError(f"{name} is a number of seconds, at most {LONGEST:g}; got {found}.")
    if found < least:
        raise DefinitionError(f"{name} is at least {least:g} s, got {found:g} s.")
    return found


def seconds_of(duration: Seconds) -> float:
    """Read a duration, however large its number is."""
    try:
        return seconds(duration)
    except OverflowError:
        return math.inf


def positive_seconds(duration: Any) -> float:
    """Read a duration that must not be nothing. Raises: DefinitionError"""
    found = checked_seconds(duration)
    if found <= 0:
        raise DefinitionError(f"This duration must be more than nothing, got {found:g} s.")
    return found


def limit_of(timeout: Any) -> float | None:
    """Read a time limit; None is none. Raises: DefinitionError"""
    return None if timeout is None else checked_seconds(timeout, "A timeout", 0)


def whole(name: str, number: Any, least: int = 0, most: int | None = None) -> int:
    """Read a whole number. Raises: DefinitionError"""
    fits = isinstance(number, int) and not isinstance(number, bool) and number >= least
    if not fits or (most is not None and number > most):
        bound = f"from {least}" if most is None else f"from {least} to {most}"
        raise DefinitionError(f"{name} is a whole number {bound}, got {number!r}.")
    return int(number)


def at_a_time(concurrency: Any) -> int:
    """Read how many items may be under way at once; less than one means one. Raises: DefinitionError"""
    if not is_number(concurrency):
        raise DefinitionError(f"concurrency is a number of items or a function of the context, got {concurrency!r}.")
    return int(concurrency) if math.isfinite(seconds_of(concurrency)) and concurrency >= 1 else 1


def fraction(name: str, number: Any, most: float = math.inf) -> float:
    """Read a number that is not negative. Raises: DefinitionError"""
    if not is_number(number) or not math.isfinite(seconds_of(number)) or not 0 <= number <= most:
        bound = "that is not negative" if math.isinf(most) else f"from 0 to {most:g}"
        raise DefinitionError(f"{name} is a number {bound}, got {number!r}.")
    return float(number)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text(name: str, given: Any) -> str:
    """Read a text that is not empty and can be stored. Raises: DefinitionError"""
    if not isinstance(given, str) or not given.strip() or not is_clean(given):
        raise DefinitionError(f"{name} is a text that is not empty and has no control characters, got {given!r}.")
    return given


def aware(given: Any) -> datetime:
    """Read a moment. Raises: DefinitionError for what is none, or has no time zone"""
    if not isinstance(given, datetime) or given.tzinfo is None:
        raise DefinitionError(f"sleep_until takes an aware datetime or a function of the context, got {given!r}.")
    return given


def callback(name: str, given: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    """Read a function of one argument; None is none. Raises: DefinitionError"""
    if given is not None and not callable(given):
        raise DefinitionError(f"{name} is a function of what happened, got {given!r}.")
    return given


def listed(name: str, given: Any, what: str) -> Sequence[Any]:
    """Read a list. Raises: DefinitionError"""
    if not isinstance(given, list | tuple):
        raise DefinitionError(f"{name} takes a list of {what}, got {given!r}.")
    return given


def mapped(name: str, given: Any) -> dict[str, Any] | None:
    """Read a dict of JSON values; None is none. Raises: DefinitionError"""
    if given is None:
        return None
    try:
        plain = to_plain(given)
    except InvalidPayload as error:
        raise DefinitionError(f"{name} is a dict of JSON values: {error}") from error
    if not isinstance(plain, dict):
        raise DefinitionError(f"{name} is a dict, got {given!r}.")
    return plain


def texts(name: str, given: Any) -> tuple[str, ...]:
    """Read a list of texts. Raises: DefinitionError"""
    if isinstance(given, str) or not isinstance(given, Sequence | set | frozenset):
        raise DefinitionError(f"{name} is a list of texts, got {given!r}.")
    return tuple(text(f"Each of {name}", one) for one in given)


def check_options(method: str, entry: Mapping[str, Any], known: set[str]) -> None:
    """Refuse what a builder method does not know. Raises: DefinitionError"""
    unknown = sorted(set(entry) - known)
    if unknown:
        raise DefinitionError(f"{method} does not take {', '.join(unknown)}; it takes {', '.join(sorted(known))}.")


def said(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Read what an entry says of itself. Raises: DefinitionError"""
    description = entry.get("description")
    if description is not None and not isinstance(description, str):
        raise DefinitionError(f"description is a text, got {description!r}.")
    return {"description": description, "metadata": mapped("metadata", entry.get("metadata"))}
