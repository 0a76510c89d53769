"""Charts as the server draws them: stacked bars and lines over the parts of a span, each with its table.

Along the chart everything is in shares of 100, so that it is as wide as its card; across in pixels. What a
chart says is also in its table, whose rows lead to the list of runs behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor, log10
from operator import attrgetter
from typing import Final

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from workflows_app.engine.events import SECOND
from workflows_app.web.figures.measures import Measure, Span
from workflows_app.words import duration, status_word

HEIGHT = 120.0
TOP = 14.0
"""Room above the highest value, for the words of the scale."""
THINNEST = 1.5
STACK = ("success", "canceled", "tripwire", "failed")
"""From the bottom up: what needs somebody stands out at the top."""
STEPS = (1, 3, 6, 12, 24, 48, 168)
LABELS = 5
LAST_LABEL = 92.0
NEAR = 13.0
TIMES = tuple(
    unit * count
    for unit, counts in (
        (1_000, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (SECOND, (1, 2, 5, 10, 20, 30)),
        (60 * SECOND, (1, 2, 5, 10, 20, 30)),
        (3_600 * SECOND, (1, 2, 4, 8, 12, 24, 48)),
    )
    for count in counts
)

Value = int | None
Reading = Callable[[Measure], Value]


@dataclass(frozen=True, slots=True)
class Unit:
    """What curves count in: the number that the scale ends with, and how a value is said."""

    scale: Callable[[int], int]
    words: Callable[[Value], str]


@dataclass(frozen=True, slots=True)
class Tick:
    """A word on an axis."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a bar that has one status."""

    status: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Slot:
    """One part of the span: its bar, what to say of it, and the list behind it."""

    x: float
    width: float
    words: str
    href: str
    since: str
    until: str
    said: str = ""
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """One measure over the span. `path` is drawn on a square of 100 by `HEIGHT`; `dots` are values that stand alone."""

    name: str
    path: str
    dots: str
    label_y: float
    is_main: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table."""

    words: str
    href: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawn chart. Without `lines` there is nothing to show."""

    summary: str
    slots: tuple[Slot, ...]
    curves: tuple[Curve, ...] = ()
    ticks: tuple[Tick, ...]
    rules: tuple[Tick, ...]
    head: tuple[str, ...]
    lines: tuple[Line, ...]


def volume(span: Span, parts: Sequence[Measure], filters: Mapping[str, str]) -> Chart:
    """Draw how many runs ended in each part of a span, and how."""
    highest = count_scale(max((part.runs for part in parts), default=0))
    total, failed = sum(part.runs for part in parts), sum(part.failed for part in parts)
    summary = _("%(total)s runs ended, %(failed)s of them failed.")
    pairs = list(zip(slots(span, filters), parts, strict=True))
    # Guards are rare, so their column is only there where one stopped a run.
    told = [status for status in STACK if status != "tripwire" or any(part.ended[status] for part in parts)]
    return Chart(
        summary=summary % {"total": f"{total:,}", "failed": f"{failed:,}"},
        slots=tuple(replace(slot, boxes=tuple(stacked(part, highest)), said=ends_of(part)) for slot, part in pairs),
        ticks=tuple(ticks(span)),
        rules=(Tick(TOP, f"{highest:,}"),),
        head=(_("Time"), *(status_word(status).capitalize() for status in told)),
        lines=tuple(
            Line(slot.words, slot.href, tuple(f"{part.ended[status]:,}" for status in told))
            for slot, part in pairs
            if part.runs
        ),
    )


def curves(
    span: Span, parts: Sequence[Measure], filters: Mapping[str, str], named: Mapping[str, Reading], unit: Unit
) -> Chart:
    """Draw measures over a span, one curve for each; the first is the one that is looked for."""
    values = {name: [read(part) for part in parts] for name, read in named.items()}
    highest = unit.scale(max((value or 0 for row in values.values() for value in row), default=0))
    told = [tuple(unit.words(row[index]) for row in values.values()) for index in range(len(parts))]
    pairs = list(zip(slots(span, filters), told, strict=True))
    drawn = [curve(name, row, highest, is_main=not index) for index, (name, row) in enumerate(values.items())]
    return Chart(
        summary=" ".join(f"{name}: {range_of(row, unit)}." for name, row in values.items()),
        slots=tuple(
            replace(slot, said=", ".join(f"{name} {words}" for name, words in zip(values, said, strict=True)))
            for slot, said in pairs
        ),
        curves=tuple(apart(drawn)),
        ticks=tuple(ticks(span)),
        rules=tuple(Tick(height_of(value, highest), unit.words(value)) for value in (highest, highest // 2)),
        head=(_("Time"), *values),
        lines=tuple(Line(slot.words, slot.href, said) for slot, said in pairs if set(said) != {unit.words(None)}),
    )


def slots(span: Span, filters: Mapping[str, str]) -> Iterator[Slot]:
    """Yield place, words and list of each part of a span."""
    step = 100 / len(span.starts)
    are_days = span.until - span.since > len(span.starts) * timedelta(hours=12)
    for index, (start, end) in enumerate(span.parts):
        since, until = local(start), local(end)
        yield Slot(
            x=round(index * step, 3),
            width=round(step * 0.85, 3),
            words=date_format(timezone.localtime(start), "D j M" if are_days else "D j M, H:i"),
            href=f"{reverse('runs:list')}?{urlencode({**filters, 'by': 'end', 'from': since, 'to': until})}",
            since=since,
            until=until,
        )


def local(moment: datetime) -> str:
    """Write an instant as filters do, in the reader's zone."""
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def ends_of(part: Measure) -> str:
    found = [f"{part.ended[status]:,} {status_word(status)}" for status in STACK if part.ended[status]]
    return ", ".join(found) or _("no run ended")


def stacked(part: Measure, highest: int) -> Iterator[Box]:
    """Yield the boxes of a bar; even a single run among thousands can be seen."""
    y = HEIGHT
    for status in STACK:
        if part.ended[status]:
            height = max(THINNEST, (HEIGHT - TOP) * part.ended[status] / highest)
            y -= height
            yield Box(status, round(max(0.0, y), 1), round(height - (1 if height > THINNEST + 1 else 0), 1))


def height_of(value: int, highest: int) -> float:
    """Give the place of a value, counted from the top."""
    return round(HEIGHT - (HEIGHT - TOP) * value / (highest or 1), 1)


def curve(name: str, values: Sequence[Value], highest: int, *, is_main: bool) -> Curve:
    """Draw a curve; where nothing was measured it is broken, and a lone value is a dot."""
    step = 100 / len(values)
    path, dots = "", ""
    for index, (before, value, after) in enumerate(zip((None, *values), values, (*values[1:], None), strict=False)):
        if value is None:
            continue
        place = f"{round((index + 0.425) * step, 2)} {height_of(value, highest)}"
        if before is None and after is None:
            dots += f"M{place}h0"
        else:
            path += f"{'M' if before is None else 'L'}{place}"
    known = [value for value in values if value is not None]
    return Curve(name, path, dots, height_of(known[-1], highest) - 5 if known else 0.0, is_main)


def apart(curves: list[Curve]) -> Iterator[Curve]:
    """Move the names of curves away from each other, the lowest curve's first."""
    floor_y = HEIGHT + NEAR
    for one in sorted(curves, key=lambda curve: -curve.label_y):
        floor_y = min(one.label_y, floor_y - NEAR)
        yield replace(one, label_y=max(10.0, round(floor_y, 1)))


def range_of(values: Sequence[Value], unit: Unit) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "—"
    return _("%(least)s to %(most)s") % {"least": unit.words(min(known)), "most": unit.words(max(known))}


def ticks(span: Span) -> Iterator[Tick]:
    """Yield few words for the axis of time, at round hours of the reader's zone."""
    hours = (span.until - span.since) // timedelta(hours=1)
    step = next((one for one in STEPS if hours / one <= LABELS), STEPS[-1])
    first, second = next(span.parts)
    size = (second - first) // timedelta(hours=1)
    for index, start in enumerate(span.starts):
        at = timezone.localtime(start)
        # A part may begin some hours after the round one, which then lies in the part before.
        late = (at.toordinal() * 24 + at.hour) % step
        x = 100 * (index - late / size) / len(span.starts)
        if late < size and 0 <= x <= LAST_LABEL:
            words = "D j M" if step >= 24 else "D" if at.hour == late else "H:i"
            yield Tick(round(x, 2), date_format(at - timedelta(hours=late), words))


def count_scale(most: int) -> int:
    """Round up to a number that is easily read off."""
    if most < 4:
        return max(2, most + most % 2)
    unit = int(10 ** floor(log10(most)))
    return next(unit * step // 10 for step in (10, 12, 16, 20, 30, 40, 60, 80, 100) if unit * step >= most * 10)


def time_scale(most: int) -> int:
    return next((value for value in TIMES if value >= most), most)


def number(value: Value) -> str:
    return "—" if value is None else f"{value:,}"


def percent(value: Value) -> str:
    return "—" if value is None else f"{value} %"


TIME: Final = Unit(time_scale, duration)
COUNT: Final = Unit(count_scale, number)
SHARE: Final = Unit(lambda _most: 100, percent)
P50: Final[Reading] = attrgetter("p50")
P95: Final[Reading] = attrgetter("p95")
P99: Final[Reading] = attrgetter("p99")
