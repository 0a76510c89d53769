"""Instants in tables: whole microseconds since the epoch, as the engine counts them; datetimes in Python.

An integer is written and compared without conversion on the hot path and is the same on every database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models

Set = TypeVar("Set", contravariant=True)
Get = TypeVar("Get", covariant=True)

if TYPE_CHECKING:

    class _Field(models.DateTimeField[Set, Get]):
        """What the type checker sees: a field whose value is a datetime."""

else:

    class _Field(models.BigIntegerField):
        def __class_getitem__(cls, _types: object) -> type:
            return cls


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


FIRST, LAST = ((moment.replace(tzinfo=UTC) - EPOCH) // MICROSECOND for moment in (datetime.min, datetime.max))
"""Instants between which there are datetimes; what lies beyond is read as the nearer of them."""


def to_datetime(instant: int) -> datetime:
    return EPOCH + timedelta(microseconds=min(max(instant, FIRST), LAST))


def to_instant(moment: datetime) -> int:
    """Count the microseconds since the epoch. Raises: ValueError for a datetime without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; give an aware datetime.")
    return (moment - EPOCH) // MICROSECOND


class InstantField(_Field[Set, Get]):
    """An aware datetime, stored as an integer. Lookups take datetimes and integers."""

    description = "Instant (microseconds since the epoch)"
    # Those of integers would compare datetimes with numbers.
    validators = []  # noqa: RUF012

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> datetime | None:
        return None if value is None else to_datetime(value)

    def to_python(self, value: Any) -> Any:
        return to_datetime(value) if isinstance(value, int) else value

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(to_instant(value) if isinstance(value, datetime) else value)
