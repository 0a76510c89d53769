"""Counting ended runs: each once, with what was measured of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from tests.web.studio import answered, orders, started, wait_for
from workflows_app import rollups, runtime
from workflows_app.models import Ending, Event, Rollup, RollupCursor, Run
from workflows_app.models.rollup import bucket_of, quantile
from workflows_app.rollups import Meter, catch_up

SECOND = 1_000_000
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BEAT = timedelta(seconds=1)

pytestmark = pytest.mark.django_db(transaction=True)


def ended(run_id: str, *, at: datetime = NOON, status: str = "success", workflow: str = "order") -> None:
    """Store a run that has ended, of which one step took two seconds."""
    Run.objects.create(
        id=run_id, workflow_id=workflow, status=status, created_at=at - 5 * BEAT, started_at=at - 4 * BEAT,
        finished_at=at, updated_at=at,
    )  # fmt: skip
    journal(run_id, (at - 3 * BEAT, "StepStarted", "work"), (at - BEAT, "StepSucceeded", "work"))


def journal(run_id: str, *facts: tuple[datetime, str, str], data: str = '{"attempt":1}') -> None:
    begin = Event.objects.filter(run=run_id).count()
    for seq, (at, kind, path) in enumerate(facts, begin + 1):
        Event.objects.create(run_id=run_id, seq=seq, stream=seq, at=at, kind=kind, path=path, version=1, data=data)


def totals() -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for row in Rollup.objects.all():
        key = row.workflow_id, row.status
        found[key] = found.get(key, 0) + row.runs
    return {key: runs for key, runs in found.items() if runs}


def meter(*facts: tuple[float, str, str, str]) -> Meter:
    """Measure events given as second, kind, path and data."""
    found = Meter()
    for second, kind, path, data in facts:
        found.see(kind, path, int(second * SECOND), data)
    return found


def test_ended_runs_are_counted_by_workflow_status_and_hour() -> None:
    for name in "abc":
        ended(name)
    ended("d", status="failed")
    ended("e", at=NOON + HOUR)
    ended("f", workflow="other")
    Run.objects.create(id="open", workflow_id="order", status="running", created_at=NOON, updated_at=NOON)
    assert catch_up() == 6
    assert totals() == {("order", "success"): 4, ("order", "failed"): 1, ("other", "success"): 1}
    assert sorted(Rollup.objects.filter(workflow_id="order", status="success").values_list("runs", flat=True)) == [1, 3]


def test_a_second_look_counts_nothing_again() -> None:
    ended("a")
    assert catch_up() == 1
    assert catch_up() == 0
    ended("b")
    assert catch_up() == 1
    assert totals() == {("order", "success"): 2}


def test_a_run_that_becomes_visible_late_is_still_counted() -> None:
    ended("a")
    catch_up()
    ended("late", at=NOON - 30 * BEAT)
    assert catch_up() == 1
    ended("very-late", at=NOON - HOUR)
    assert catch_up() == 0
    assert catch_up(behind=rollups.FAR_BEHIND) == 1


def test_two_processes_that_look_at_once_count_each_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "AT_ONCE", 7)
    for index in range(60):
        ended(f"run-{index}", at=NOON + index * BEAT)

    def look(_: int) -> int:
        try:
            return catch_up()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as processes:
        assert sum(processes.map(look, range(3))) == 60
    assert totals() == {("order", "success"): 60}


def test_what_two_have_measured_is_added_by_the_first_alone() -> None:
    ended("a")
    run = Run.objects.get()
    once, twice = rollups.measured("default", [run]), rollups.measured("default", [run])
    assert rollups.count("default", once) == 1
    assert rollups.count("default", twice) == 0
    assert totals() == {("order", "success"): 1}


def test_a_run_that_ends_again_is_moved_to_its_new_end() -> None:
    ended("a", status="failed")
    catch_up()
    Run.objects.filter(pk="a").update(status="success", finished_at=NOON + 2 * HOUR)
    assert catch_up() == 1
    assert totals() == {("order", "success"): 1}
    assert Ending.objects.get().status == "success"
    assert not any(row.active for row in Rollup.objects.filter(status="failed"))


def test_time_is_active_while_anything_runs_and_human_while_anybody_is_asked() -> None:
    found = meter(
        (0, "StepStarted", "a", '{"attempt":1,"input":{"role":"event"}}'),
        (1, "StepStarted", "b", '{"attempt":1}'),
        (2, "StepSucceeded", "a", "{}"),
        (3, "StepSuspended", "b", "{}"),
        (13, "StepResumed", "b", "{}"),
        (13, "StepStarted", "b", '{"attempt":2,"cause":"resume"}'),
        (14, "StepSucceeded", "b", "{}"),
        (15, "RunFinished", "", "{}"),
    )
    assert (found.working.total, found.asking.total, found.retries) == (4 * SECOND, 10 * SECOND, 0)


def test_boxes_events_and_pauses_between_tries_are_no_work() -> None:
    found = meter(
        (0, "StepStarted", "box", '{"attempt":1,"role":"nested"}'),
        (0, "StepStarted", "box.a", '{"attempt":1}'),
        (1, "StepFailed", "box.a", '{"attempt":1}'),
        (5, "StepStarted", "box.a", '{"attempt":2,"cause":"retry"}'),
        (6, "StepSucceeded", "box.a", "{}"),
        (6, "StepStarted", "news", '{"attempt":1,"role":"event"}'),
        (6, "StepSuspended", "news", "{}"),
        (60, "StepResumed", "news", "{}"),
        (60, "StepSucceeded", "box", "{}"),
    )
    assert (found.working.total, found.asking.total, found.retries) == (2 * SECOND, 0, 1)


def test_a_canceled_question_is_waited_for_until_the_cancel() -> None:
    found = meter(
        (0, "StepStarted", "a", '{"attempt":1}'),
        (1, "StepSuspended", "a", "{}"),
        (4, "RunCancelled", "", "{}"),
        (14, "StepCanceled", "a", "{}"),
        (14, "RunFinished", "", "{}"),
    )
    assert (found.working.total, found.asking.total) == (SECOND, 3 * SECOND)


def test_percentiles_are_right_to_a_few_percent() -> None:
    times = [index * 10_000 for index in range(1, 1001)]
    counts: dict[str, int] = {}
    for time in times:
        counts[bucket_of(time)] = counts.get(bucket_of(time), 0) + 1
    for share in (0.5, 0.95, 0.99):
        found = quantile(counts, share)
        assert found == pytest.approx(share * times[-1], rel=0.08)
    assert quantile({}, 0.5) is None
    assert quantile({bucket_of(0): 3}, 0.5) == 500


def test_counting_again_gives_the_same_and_leaves_out_what_was_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abc":
        ended(name)
    catch_up()
    before = totals()
    call_command("recountruns")
    assert totals() == before
    Run.objects.get(pk="a").delete()
    call_command("recountruns", verbosity=2)
    assert totals() == {("order", "success"): 2}
    assert "2 runs counted." in capsys.readouterr().out
    assert RollupCursor.objects.count() == 1


@pytest.mark.usefixtures("studio")
def test_real_runs_are_measured_from_their_journal() -> None:
    failed = wait_for(started("failing", None), "failed")
    done = orders()
    answered(done)
    catch_up()
    fault = Ending.objects.get(pk=failed)
    assert (fault.status, fault.fault, fault.step) == ("failed", "ValueError", "fail")
    assert Rollup.objects.get(status="failed").faults == {"ValueError\nfail": 1}
    order = Ending.objects.get(pk=done)
    # The steps sleep a second in all, two of them side by side.
    assert 900_000 < order.active < order.took
    assert 0 < order.human < order.took
    assert Rollup.objects.get(workflow_id="order").human


@pytest.mark.usefixtures("studio")
def test_a_deleted_run_takes_its_ending_along() -> None:
    failed = wait_for(started("failing", None), "failed")
    catch_up()
    engine = runtime.get_engine()
    runtime.call(engine.delete_workflow_run_by_id(engine.get_workflow("failing"), failed))
    assert not Ending.objects.exists()
    assert totals() == {("failing", "failed"): 1}


def test_nothing_is_read_of_runs_that_were_counted_long_ago(django_assert_num_queries: Any) -> None:
    for name in "abc":
        ended(name)
    catch_up()
    with django_assert_num_queries(2, connection=connection):
        catch_up()
