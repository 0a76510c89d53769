"""Cron expressions: when something happens again and again, on the clocks of a time zone.

Five fields are minute, hour, day of the month, month and day of the week; six have seconds before them, seven
also years behind them. As in every cron, either of the two days is enough where both are given.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from .errors import DefinitionError, glimpse

SECOND: Final = timedelta(seconds=1)
LONGEST: Final = 200
FIELDS: Final = {
    "second": (0, 59), "minute": (0, 59), "hour": (0, 23), "day of the month": (1, 31), "month": (1, 12),
    "day of the week": (0, 7), "year": (1970, 2199),
}  # fmt: skip
SIZES: Final = {name: 7 if name == "day of the week" else most - least + 1 for name, (least, most) in FIELDS.items()}
NAMES: Final = {
    "month": {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name},
    "day of the week": {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))},
}
SHORT: Final = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
PART: Final = re.compile(
    r"(?P<all>[*?])(?:/(?P<every>[0-9]+))?|(?P<first>[a-z0-9]+)(?:-(?P<last>[a-z0-9]+))?(?:/(?P<step>[0-9]+))?"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the numbers that fit it, in order. It is free where it begins with a star."""

    numbers: tuple[int, ...]
    is_free: bool
    is_every: bool

    def __contains__(self, number: int) -> bool:
        return number in self.numbers

    def next(self, number: int) -> int | None:
        """Give the first number that fits, from this one on."""
        place = bisect_left(self.numbers, number)
        return self.numbers[place] if place < len(self.numbers) else None


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression that was understood."""

    text: str
    seconds: Field
    minutes: Field
    hours: Field
    days: Field
    months: Field
    weekdays: Field
    years: Field

    @classmethod
    def parse(cls, text: object) -> Cron:
        """Read an expression. Raises: DefinitionError"""
        if not isinstance(text, str) or len(text) > LONGEST:
            raise DefinitionError(f"A cron expression is a short text as '0 9 * * mon-fri', got {glimpse(text)}.")
        parts = SHORT.get(text.strip().lower(), text).split()
        if len(parts) not in (5, 6, 7):
            raise DefinitionError(
                f"The cron expression {text!r} has {len(parts)} fields. It takes 5 (minute, hour, day of the month, "
                "month, day of the week), 6 with seconds before them, or 7 with years behind them."
            )
        parts = ["0", *parts] if len(parts) == 5 else parts
        parts = [*parts, "*"] if len(parts) == 6 else parts
        fields = [_field(text, name, part.lower()) for name, part in zip(FIELDS, parts, strict=True)]
        return cls(" ".join(text.split()), *fields)

    def after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Give the next time after a moment, in UTC; None when there is none any more.

        A time that the clocks leave out in spring comes as much later as they jump; of the hour that they repeat in
        autumn the first counts, unless the expression has every hour.
        """
        at = moment.astimezone(zone).replace(microsecond=0)
        return self._after_free(at, zone) if self.hours.is_free else self._after_fixed(at, moment, zone)

    def _after_fixed(self, at: datetime, moment: datetime, zone: tzinfo) -> datetime | None:
        wall: datetime | None = at.replace(tzinfo=None)
        while wall is not None and (wall := self._wall(wall)) is not None:
            found = wall.replace(tzinfo=zone).astimezone(UTC)
            if found > moment:
                return found
        return None

    def _after_free(self, at: datetime, zone: tzinfo) -> datetime | None:
        """Go on as if nobody set the clocks; where somebody did, go on from there."""
        before, offset = at.replace(tzinfo=None), offset_of(at)
        while (wall := self._wall(before)) is not None:
            found = (wall - offset).replace(tzinfo=UTC)
            if offset_of(found.astimezone(zone)) == offset:
                return found
            turn = _turn_of_clocks((before - offset).replace(tzinfo=UTC), found, zone)
            offset = offset_of(turn.astimezone(zone))
            before = (turn + offset).replace(tzinfo=None) - SECOND
        return None

    def _wall(self, before: datetime) -> datetime | None:
        """Give the next time after another on a clock that nobody sets."""
        at = before + SECOND
        while (year := self.years.next(at.year)) is not None:
            if year != at.year:
                at = datetime(year, 1, 1)
            elif (month := self.months.next(at.month)) is None:
                at = datetime(year + 1, 1, 1)
            elif month != at.month:
                at = datetime(year, month, 1)
            elif not self._has_day(at) or (hour := self.hours.next(at.hour)) is None:
                at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif hour != at.hour:
                at = at.replace(hour=hour, minute=0, second=0)
            elif (minute := self.minutes.next(at.minute)) is None:
                at = at.replace(minute=0, second=0) + timedelta(hours=1)
            elif minute != at.minute:
                at = at.replace(minute=minute, second=0)
            elif (second := self.seconds.next(at.second)) is None:
                at = at.replace(second=0) + timedelta(minutes=1)
            else:
                return at.replace(second=second)
        return None

    def _has_day(self, at: datetime) -> bool:
        by_month, by_week = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        if self.days.is_free or self.weekdays.is_free:
            return by_month and by_week
        return by_month or by_week


def offset_of(at: datetime) -> timedelta:
    """Give how far a clock is ahead of UTC."""
    return at.utcoffset() or timedelta()


def _turn_of_clocks(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Find the second in which the clocks of a zone are set, between two moments in UTC."""
    offset = offset_of(before.astimezone(zone))
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        before, after = (middle, after) if offset_of(middle.astimezone(zone)) == offset else (before, middle)
    return after


def _field(text: str, name: str, written: str) -> Field:
    numbers: set[int] = set()
    for part in written.split(","):
        numbers |= _numbers(text, name, part)
    if name == "day of the week" and 7 in numbers:
        numbers = numbers - {7} | {0}
    return Field(tuple(sorted(numbers)), written[0] in "*?", len(numbers) == SIZES[name])


def _numbers(text: str, name: str, part: str) -> set[int]:
    least, most = FIELDS[name]
    found = PART.fullmatch(part)
    if found is None:
        raise _fault(text, name, part, "It takes *, numbers, ranges as 1-5, steps as */15, with commas between them")
    step = int(found["every"] or found["step"] or 1)
    if step == 0:
        raise _fault(text, name, part, "A step is at least 1")
    if found["all"]:
        return set(range(least, (6 if name == "day of the week" else most) + 1, step))
    first = _number(text, name, found["first"])
    last = _number(text, name, found["last"] or (str(most) if found["step"] else found["first"]))
    if first > last:
        raise _fault(text, name, part, "A range goes up")
    return set(range(first, last + 1, step))


def _number(text: str, name: str, written: str) -> int:
    least, most = FIELDS[name]
    number = NAMES.get(name, {}).get(written)
    if number is None and written.isascii() and written.isdecimal():
        number = int(written)
    if number is None or not least <= number <= most:
        raise _fault(text, name, written, f"It takes {least} to {most}")
    return number


def _fault(text: str, name: str, part: str, remedy: str) -> DefinitionError:
    return DefinitionError(f"The {name} {part!r} of the cron expression {text!r} is none. {remedy}.")
