"""Cron expressions: what they mean, on clocks that are set, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows_app.engine.cron import Cron
from workflows_app.errors import DefinitionError

BERLIN = ZoneInfo("Europe/Berlin")
CASES = [
    ("* * * * *", "2026-03-10 09:00", "2026-03-10 09:01"),
    ("30 * * * *", "2026-03-10 09:30", "2026-03-10 10:30"),
    ("0 9 * * *", "2026-03-10 09:00", "2026-03-11 09:00"),
    ("*/15 9-10 * * *", "2026-03-10 10:45", "2026-03-11 09:00"),
    ("10-30/5 * * * *", "2026-03-10 09:12", "2026-03-10 09:15"),
    ("5/20 * * * *", "2026-03-10 09:12", "2026-03-10 09:25"),
    ("1,3,5 0 * * *", "2026-03-10 00:03", "2026-03-10 00:05"),
    ("0 0 1 6 *", "2026-03-10 09:00", "2026-06-01 00:00"),
    ("0 0 * jan,jul *", "2026-03-10 09:00", "2026-07-01 00:00"),
    ("0 0 * 1 *", "2026-02-10 09:00", "2027-01-01 00:00"),
    ("0 9 * * mon-fri", "2026-03-13 09:00", "2026-03-16 09:00"),
    ("0 9 * * 7", "2026-03-10 09:00", "2026-03-15 09:00"),
    ("0 9 * * 0", "2026-03-10 09:00", "2026-03-15 09:00"),
    ("0 9 * * 5-7", "2026-03-14 09:00", "2026-03-15 09:00"),
    # Either day is enough where both are given.
    ("0 0 13 * fri", "2026-03-10 09:00", "2026-03-13 00:00"),
    ("0 0 20 * fri", "2026-03-13 09:00", "2026-03-20 00:00"),
    ("0 0 18 * fri", "2026-03-13 09:00", "2026-03-18 00:00"),
    ("0 0 ? * fri", "2026-03-13 09:00", "2026-03-20 00:00"),
    ("0 0 29 2 *", "2026-03-10 09:00", "2028-02-29 00:00"),
    ("@hourly", "2026-03-10 09:12", "2026-03-10 10:00"),
    ("@Yearly", "2026-03-10 09:12", "2027-01-01 00:00"),
    ("*/10 * * * * *", "2026-03-10 09:00:05", "2026-03-10 09:00:10"),
    ("30 0 0 1 1 * 2030", "2026-03-10 09:00", "2030-01-01 00:00:30"),
    ("15 * * * * *", "2026-03-10 09:59:30", "2026-03-10 10:00:15"),
]
WRONG = [
    "", "*", "* * * *", "* * * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
    "* * * 0 *", "* * * * 8", "*/0 * * * *", "*/x * * * *", "5-1 * * * *", "1- * * * *", "-1 * * * *", "1,,2 * * * *",
    "a * * * *", "* * * foo *", "mon * * * *", "٣ * * * *", "1/2/3 * * * *", "@reboot", f"{'1' * 300} * * * *", 5, None,
]  # fmt: skip


def at(text: str, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC)


@pytest.mark.parametrize(("text", "moment", "wanted"), CASES)
def test_the_next_time_after_a_moment(text: str, moment: str, wanted: str) -> None:
    assert Cron.parse(text).after(at(moment), UTC) == at(wanted)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_expression_is_refused(text: object) -> None:
    with pytest.raises(DefinitionError):
        Cron.parse(text)


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 9 * * * * 1999"])
def test_what_never_comes_has_no_next_time(text: str) -> None:
    assert Cron.parse(text).after(at("2026-03-10"), UTC) is None
    assert Cron.parse(text.replace("9", "*", 1)).after(at("2026-03-10"), UTC) is None


def test_a_refusal_says_which_field_and_what_it_takes() -> None:
    with pytest.raises(DefinitionError, match=r"The hour '24' of .* It takes 0 to 23"):
        Cron.parse("0 24 * * *")


def times(text: str, moment: datetime, count: int) -> list[str]:
    cron, found = Cron.parse(text), []
    for _ in range(count):
        following = cron.after(moment, BERLIN)
        assert following is not None
        moment = following
        found.append(f"{moment.astimezone(BERLIN):%d %H:%M%z}")
    return found


def test_a_time_that_spring_leaves_out_comes_later_and_once() -> None:
    began = at("2026-03-28 12:00", BERLIN)
    assert times("30 2 * * *", began, 2) == ["29 03:30+0200", "30 02:30+0200"]


def test_a_time_that_autumn_repeats_comes_once() -> None:
    began = at("2026-10-24 12:00", BERLIN)
    assert times("30 2 * * *", began, 2) == ["25 02:30+0200", "26 02:30+0100"]
    again = at("2026-10-25 02:10", BERLIN).replace(fold=1)
    assert times("30 2 * * *", again, 1) == ["26 02:30+0100"]


def test_what_comes_every_hour_comes_every_hour_though_clocks_are_set() -> None:
    assert times("0 * * * *", at("2026-03-29 00:30", BERLIN), 3) == ["29 01:00+0100", "29 03:00+0200", "29 04:00+0200"]
    found = times("30 * * * *", at("2026-10-25 01:00", BERLIN), 4)
    assert found == ["25 01:30+0200", "25 02:30+0200", "25 02:30+0100", "25 03:30+0100"]


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])


@given(MOMENTS, ZONES, st.integers(1, 59))
def test_minutes_are_never_further_apart_than_they_say(moment: datetime, zone: str, minutes: int) -> None:
    cron, where = Cron.parse(f"*/{minutes} * * * *"), ZoneInfo(zone)
    found = [moment]
    for _ in range(30):
        following = cron.after(found[-1], where)
        assert following is not None
        found.append(following)
    for a, b in pairwise(found):
        # A clock that is set back by half an hour goes from a full hour to a half one, where minutes count anew.
        is_set = a.astimezone(where).utcoffset() != b.astimezone(where).utcoffset()
        assert timedelta() < b - a <= timedelta(minutes=minutes) * (2 if is_set else 1)


def test_a_clock_set_back_by_half_an_hour_leaves_out_what_it_does_not_show() -> None:
    # At 02:00 it is 01:30 again, so that the next minute of twelve each is 01:36.
    cron, island = Cron.parse("*/12 * * * *"), ZoneInfo("Australia/Lord_Howe")
    before = cron.after(at("2025-04-06 01:40", island), island)
    assert before is not None
    after = cron.after(before, island)
    assert (before, after) == (at("2025-04-05 14:48"), at("2025-04-05 15:06"))


@given(MOMENTS, ZONES, st.integers(0, 23), st.integers(0, 59))
def test_a_time_of_day_comes_once_a_day(moment: datetime, zone: str, hour: int, minute: int) -> None:
    cron, where = Cron.parse(f"{minute} {hour} * * *"), ZoneInfo(zone)
    found = cron.after(moment, where)
    assert found is not None
    assert timedelta() < found - moment <= timedelta(hours=26)
    following = cron.after(found, where)
    assert following is not None
    days = following.astimezone(where).date() - found.astimezone(where).date()
    assert days == timedelta(days=1)
