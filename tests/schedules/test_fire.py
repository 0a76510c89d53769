"""What is due is started: once, whoever looks, whatever was missed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from tests.schedules.clockwork import BEGIN, MINUTE, Clock, Process, firings, flow, perform, row, runs
from workflows_app import Schedule as Spec
from workflows_app import runtime
from workflows_app.models import Firing, Run, Schedule
from workflows_app.models.instants import to_instant
from workflows_app.schedules.starter import AT_A_TIME
from workflows_app.schedules.timing import next_time

pytestmark = pytest.mark.django_db(transaction=True)
Begin = Callable[..., Awaitable[Process]]
EVERY_MINUTE = "* * * * *"


class Amount(BaseModel):
    n: int


def suspends(ctx: Any) -> Any:
    return ctx.suspend({}) if ctx.resume_data is None else 1


def test_each_minute_that_is_due_starts_a_run_with_the_input() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow({"cron": EVERY_MINUTE, "input_data": {"n": 1}}, input_schema=Amount))
        await studio.starter.round()
        assert await studio.beside(runs) == []
        for _ in range(3):
            clock.pass_time(MINUTE)
            await studio.starter.round()
            await studio.starter.round()
        await studio.rested()

    perform(scenario)
    assert firings() == [("10 09:31", "started"), ("10 09:32", "started"), ("10 09:33", "started")]
    due = to_instant(BEGIN) // 1000 + 60_000
    assert runs() == [(f"sched_wf_nightly_{due + 60_000 * n}", "success") for n in range(3)]
    found = Run.objects.get(pk=f"sched_wf_nightly_{due}")
    assert (found.tag_list, found.started_by) == (["scheduled"], "schedule wf_nightly")


def test_two_processes_start_one_run_for_one_time() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studios = [await begin(flow(EVERY_MINUTE)) for _ in range(3)]
        for _ in range(5):
            clock.pass_time(MINUTE)
            await asyncio.gather(*(studio.starter.round() for studio in studios for _ in range(2)))
        for studio in studios:
            await studio.rested()

    perform(scenario)
    assert [outcome for _, outcome in firings()] == ["started"] * 5
    assert [status for _, status in runs()] == ["success"] * 5


def test_a_process_that_dies_after_the_start_leaves_one_run_and_the_next_moves_on() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow(EVERY_MINUTE))
        clock.pass_time(MINUTE)
        due = await studio.beside(row)
        await studio.starter._start(studio.engine.get_workflow("nightly"), due, to_instant(due.next_at))
        await studio.rested()
        assert await studio.beside(firings) == []
        await (await begin(flow(EVERY_MINUTE))).starter.round()

    perform(scenario)
    assert (firings(), len(runs())) == ([("10 09:31", "started")], 1)


@pytest.mark.parametrize(
    ("catch_up", "wanted"),
    [
        ("once", [("10 09:31", "started"), ("10 09:36", "started")]),
        ("none", [("10 09:31", "missed"), ("10 09:36", "started")]),
        ("all", [(f"10 09:{n}", "started") for n in range(31, 37)]),
    ],
)
def test_times_that_were_missed(catch_up: str, wanted: list[tuple[str, str]]) -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow({"cron": EVERY_MINUTE, "catch_up": catch_up}))
        clock.pass_time(5.5 * MINUTE)
        await studio.starter.round()
        clock.pass_time(MINUTE / 2)
        await studio.starter.round()
        await studio.rested()

    perform(scenario)
    assert firings() == wanted


@pytest.mark.parametrize(
    ("overlap", "before", "after"),
    [
        ("allow", ["started", "started"], ["started", "started", "started"]),
        ("skip", ["started", "skipped"], ["started", "skipped", "started"]),
        ("queue", ["started"], ["started", "started"]),
    ],
)
def test_a_run_before_that_is_still_open(overlap: str, before: list[str], after: list[str]) -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow({"cron": EVERY_MINUTE, "overlap": overlap}, execute=suspends))
        clock.pass_time(MINUTE)
        await studio.starter.round()
        await studio.rested()
        clock.pass_time(MINUTE)
        await studio.starter.round()
        await studio.rested()
        assert [outcome for _, outcome in await studio.beside(firings)] == before
        for run_id, _ in await studio.beside(runs):
            await (await studio.engine.get_run(run_id)).resume(resume_data={})
        clock.pass_time(MINUTE)
        await studio.starter.round()
        await studio.rested()

    perform(scenario)
    assert [outcome for _, outcome in firings()] == after


def test_one_that_waited_for_the_run_before_was_not_missed() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        schedule = {"cron": EVERY_MINUTE, "overlap": "queue", "catch_up": "none"}
        studio = await begin(flow(schedule, execute=suspends))
        clock.pass_time(MINUTE)
        await studio.starter.round()
        await studio.rested()
        clock.pass_time(10 * MINUTE)
        await studio.starter.round()
        ((run_id, _),) = await studio.beside(runs)
        await (await studio.engine.get_run(run_id)).resume(resume_data={})
        await studio.starter.round()
        await studio.rested()

    perform(scenario)
    assert firings() == [("10 09:31", "started"), ("10 09:32", "started")]


def test_what_cannot_start_is_told_and_the_next_time_comes() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        old = await begin(flow(EVERY_MINUTE))
        # As one that a person has made, before the code got a schema.
        await old.beside(lambda: Schedule.objects.update(is_declared=False))
        studio = await begin(flow(None, input_schema=Amount))
        clock.pass_time(MINUTE)
        await studio.starter.round()

    perform(scenario)
    (fired,) = Firing.objects.all()
    assert (fired.outcome, fired.run_id) == ("failed", "")
    assert "object" in fired.error
    assert (runs(), row().next_at) == ([], BEGIN.replace(minute=32))


def test_what_this_process_has_no_code_for_is_left_to_another() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        await begin(flow(EVERY_MINUTE))
        other = await begin(flow(None, id="other"))
        clock.pass_time(MINUTE)
        await other.starter.round()

    perform(scenario)
    assert (firings(), row().next_at) == ([], BEGIN.replace(minute=31))


def test_what_cannot_start_now_holds_up_none_of_the_others() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        gone = [{"cron": EVERY_MINUTE, "id": f"gone{number}"} for number in range(AT_A_TIME)]
        await begin(flow(gone, id="gone"))
        held = [{"cron": EVERY_MINUTE, "id": f"held{number}", "overlap": "queue"} for number in range(2)]
        studio = await begin(flow(held, id="asks", execute=suspends), flow("2/2 * * * *", id="late"))
        for _ in range(3):
            clock.pass_time(MINUTE)
            await studio.starter.round()
            await studio.rested()

    perform(scenario)
    started = Firing.objects.order_by("id").values_list("schedule", flat=True)
    assert list(started) == ["wf_asks__held0", "wf_asks__held1", "wf_late"]


def test_somebody_may_start_it_at_once_and_its_times_stay() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow(EVERY_MINUTE))
        fired = await studio.starter.fire_now(await studio.beside(row), "ada")
        await studio.rested()
        assert fired.run_id == f"sched_wf_nightly_{clock.time // 1000}"

    perform(scenario)
    assert [(one.outcome, one.fired_by) for one in Firing.objects.all()] == [("started", "ada")]
    assert (Run.objects.get().started_by, row().next_at) == ("ada", BEGIN.replace(minute=31))


def test_whoever_made_a_schedule_has_asked_for_its_runs() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow(EVERY_MINUTE))
        await studio.beside(lambda: Schedule.objects.update(is_declared=False, made_by="ada"))
        clock.pass_time(MINUTE)
        await studio.starter.round()
        await studio.rested()

    perform(scenario)
    assert Run.objects.get().started_by == "ada"


def test_a_start_is_put_off_by_less_than_the_jitter() -> None:
    async def scenario(clock: Clock, begin: Begin) -> None:
        await begin(flow([Spec(EVERY_MINUTE, id=f"s{n}", jitter=30) for n in range(20)]))

    perform(scenario)
    times = [one.next_at for one in Schedule.objects.all()]
    assert all(time is not None and 60 <= (time - BEGIN).total_seconds() < 90 for time in times)
    assert len(set(times)) > 1


def test_a_jitter_that_is_longer_than_the_time_between_leaves_no_time_out() -> None:
    spec, at = Spec(EVERY_MINUTE, jitter=3600), to_instant(BEGIN)
    for number in range(1, 100):
        found = next_time(spec, at)
        assert found is not None
        assert (found - BEGIN) // timedelta(minutes=1) == number
        at = to_instant(found)


def test_only_the_newest_firings_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.schedules.starter.KEPT", 3)

    async def scenario(clock: Clock, begin: Begin) -> None:
        studio = await begin(flow(EVERY_MINUTE))
        for _ in range(5):
            clock.pass_time(MINUTE)
            await studio.starter.round()
        await studio.rested()

    perform(scenario)
    assert [due for due, _ in firings()] == ["10 09:33", "10 09:34", "10 09:35"]


def test_a_studio_fires_by_itself_until_it_stops(settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.timed"], "TICK_SECONDS": 0.05}
    runtime.process.catalogue = None
    runtime.start_background()
    try:
        deadline = time.monotonic() + 20
        while Firing.objects.filter(schedule="wf_seconds").count() < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        background = runtime.process.background
    finally:
        runtime.stop_background()
        runtime.process.catalogue = None
    assert background is not None
    assert all(task.done() for task in background.tasks)
    assert {outcome for _, outcome in firings()} == {"started"}
