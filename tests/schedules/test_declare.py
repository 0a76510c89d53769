"""Rows follow what the code declares, and keep what people have said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.schedules.clockwork import BEGIN, MINUTE, Clock, Process, flow, perform, row
from workflows_app.models import Schedule

pytestmark = pytest.mark.django_db(transaction=True)
Begin = Callable[..., Awaitable[Process]]


def test_a_new_schedule_waits_for_its_next_time_in_its_zone() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        await begin(flow({"cron": "0 9 * * *", "timezone": "America/New_York", "id": "dawn"}))

    perform(scenario)
    found = row("wf_nightly__dawn")
    assert (found.workflow_id, found.title, found.is_declared, found.state) == ("nightly", "dawn", True, "active")
    assert found.next_at == BEGIN.replace(hour=13, minute=0)


def test_other_times_count_from_now_and_other_data_change_no_time() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        await begin(flow({"cron": "0 * * * *", "input_data": 1}))
        clock.pass_time(45 * MINUTE)
        await begin(flow({"cron": "0 * * * *", "input_data": 2, "overlap": "skip"}))
        assert (await begin(flow({"cron": "0 * * * *", "overlap": "skip"}))) is not None

    perform(scenario)
    # It is overdue, and stays so.
    assert (row().next_at, row().overlap) == (BEGIN.replace(hour=10, minute=0), "skip")

    async def later(clock: Clock, begin: Begin) -> None:
        clock.pass_time(45 * MINUTE)
        await begin(flow("30 * * * *"))

    perform(later)
    assert row().next_at == BEGIN.replace(hour=10, minute=30)


def test_a_row_of_a_zone_that_is_there_no_more_follows_the_code() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow("0 * * * *"))
        await studio.beside(lambda: Schedule.objects.update(timezone="Europe/Atlantis", cron="nonsense"))
        await begin(flow("30 * * * *"))

    perform(scenario)
    assert (row().timezone, row().next_at) == ("UTC", BEGIN.replace(hour=10, minute=30))


def test_what_a_person_paused_stays_paused() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow("0 * * * *"))
        await studio.beside(lambda: Schedule.objects.update(state="paused"))
        again = await begin(flow("30 * * * *"))
        clock.pass_time(120 * MINUTE)
        await again.starter.round()

    perform(scenario)
    assert (row().state, row().cron, row().firings.count()) == ("paused", "30 * * * *", 0)


def test_what_the_code_declares_no_more_is_gone_and_what_people_made_stays() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow(["0 * * * *", {"cron": "30 * * * *", "id": "half"}]), flow("@daily", id="other"))
        await studio.beside(lambda: Schedule.objects.filter(pk="wf_nightly").update(is_declared=False))
        await begin(flow(None))

    perform(scenario)
    assert sorted(Schedule.objects.values_list("id", flat=True)) == ["wf_nightly", "wf_other"]


def test_long_names_have_short_rows() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        await begin(flow("0 * * * *", id="x" * 200))

    perform(scenario)
    (found,) = Schedule.objects.all()
    assert (len(found.id), found.workflow_id) == (67, "x" * 200)


def test_what_never_comes_waits_for_nothing() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        await begin(flow("0 0 30 2 *"))

    perform(scenario)
    assert row().next_at is None
