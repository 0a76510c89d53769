"""Cron expressions in words, where they are of a kind that has short ones."""

from __future__ import annotations

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workflows_app.engine.cron import Cron, Field
from workflows_app.errors import DefinitionError

WORKDAYS = (1, 2, 3, 4, 5)


def said_of(text: str) -> str:
    """Say an expression in words; nothing where there are no short ones, or it cannot be read."""
    try:
        return words_of(Cron.parse(text))
    except DefinitionError:
        return ""


def words_of(cron: Cron) -> str:
    """Say when it is; nothing where only the expression itself says it shortly."""
    if not all(field.is_every for field in (cron.months, cron.years)):
        return ""
    days = _days(cron)
    is_daily = cron.days.is_every and cron.weekdays.is_every
    if is_daily and cron.hours.is_every:
        return _often(cron)
    times = _times(cron)
    if is_daily and not times and cron.seconds.numbers == cron.minutes.numbers == (0,):
        step = _step(cron.hours, 24)
        return ngettext("every hour", "every %(n)d hours", step) % {"n": step} if step else ""
    return _("%(days)s at %(times)s") % {"days": days, "times": times} if days and times else ""


def _often(cron: Cron) -> str:
    """Say what comes every so many seconds or minutes, or at the same minutes of each hour."""
    seconds, minutes = cron.seconds, cron.minutes
    if minutes.is_every:
        if (step := _step(seconds, 60)) is not None:
            return ngettext("every second", "every %(n)d seconds", step) % {"n": step}
        return _("every minute") if len(seconds.numbers) == 1 else ""
    if seconds.numbers != (0,):
        return ""
    if (step := _step(minutes, 60)) is not None:
        return ngettext("every minute", "every %(n)d minutes", step) % {"n": step}
    if len(minutes.numbers) > 3:
        return ""
    return _("every hour at %s") % ", ".join(f":{minute:02}" for minute in minutes.numbers)


def _step(field: Field, size: int) -> int | None:
    """Give how far apart the numbers are, where that is the same all around the clock."""
    count = len(field.numbers)
    if count < 2 or size % count or field.numbers != tuple(range(0, size, size // count)):
        return None
    return size // count


def _times(cron: Cron) -> str:
    hours, minutes = cron.hours.numbers, cron.minutes.numbers
    if cron.seconds.numbers != (0,) or len(hours) * len(minutes) > 4:
        return ""
    return ", ".join(f"{hour:02}:{minute:02}" for hour in hours for minute in minutes)


def _days(cron: Cron) -> str:
    days, weekdays = cron.days, cron.weekdays
    if days.is_every and weekdays.is_every:
        return _("every day")
    if days.is_every:
        if weekdays.numbers == WORKDAYS:
            return _("Monday to Friday")
        names = [str(WEEKDAYS[(number - 1) % 7]) for number in sorted(weekdays.numbers, key=lambda n: (n - 1) % 7)]
        return ", ".join(names)
    if weekdays.is_every and len(days.numbers) <= 3:
        return _("each month on day %s") % ", ".join(map(str, days.numbers))
    return ""
