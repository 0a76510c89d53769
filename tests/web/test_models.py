"""The tables: instants, indexes, rights, and what a deletion takes along."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.models import F, Max

from workflows_app.models import Event, Run, Wait
from workflows_app.models.instants import to_datetime, to_instant

MOMENT = datetime(2026, 3, 29, 1, 2, 3, 456789, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def make_run(run_id: str = "r", **columns: Any) -> Run:
    return Run.objects.create(id=run_id, **{"workflow_id": "w", "created_at": MOMENT, "updated_at": MOMENT, **columns})


def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_an_instant_is_read_as_it_was_written() -> None:
    make_run()
    run = Run.objects.get()
    assert run.created_at == MOMENT
    assert run.created_at.utcoffset() == timedelta(0)
    assert run.started_at is None


def test_an_instant_is_whole_microseconds_in_the_table() -> None:
    make_run()
    with connection.cursor() as cursor:
        cursor.execute("SELECT created_at FROM workflows_app_run")
        assert cursor.fetchone() == (to_instant(MOMENT),)
    assert to_datetime(to_instant(MOMENT)) == MOMENT


def test_instants_are_looked_up_by_datetimes_and_integers() -> None:
    make_run()
    later = MOMENT + timedelta(microseconds=1)
    assert Run.objects.filter(created_at=MOMENT, created_at__lt=later).exists()
    assert Run.objects.filter(created_at__gte=to_instant(MOMENT)).exists()
    assert not Run.objects.filter(created_at__gte=later).exists()


def test_instants_are_aggregated_and_subtracted() -> None:
    make_run(finished_at=MOMENT + timedelta(seconds=2))
    assert Run.objects.aggregate(last=Max("created_at"))["last"] == MOMENT
    took = Run.objects.annotate(took=F("finished_at") - F("created_at")).values_list("took", flat=True)
    assert list(took) == [2_000_000]


def test_an_instant_beyond_the_end_of_time_is_read_as_that_end() -> None:
    beyond = to_instant(datetime.max.replace(tzinfo=UTC)) + 3_600_000_000
    times: dict[str, Any] = {"created_at": beyond, "updated_at": -beyond}
    Run.objects.create(id="a", workflow_id="w", **times)
    run = Run.objects.get()
    assert (run.created_at.year, run.updated_at.year) == (9999, 1)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_instant(MOMENT.replace(tzinfo=None))


def test_a_key_is_unique_in_its_workflow_and_needed_by_none() -> None:
    make_run("a", idempotency_key="k")
    make_run("b", idempotency_key="k", workflow_id="other")
    make_run("c")
    make_run("d")
    with pytest.raises(IntegrityError):
        make_run("e", idempotency_key="k")


def test_runs_are_selected_by_whether_they_act_or_are_over() -> None:
    for status in ("pending", "running", "waiting", "suspended", "paused", "success", "failed", "canceled"):
        make_run(status, status=status)
    assert set(Run.objects.active().values_list("id", flat=True)) == {"running", "waiting"}
    over = set(Run.objects.values_list("id", flat=True)) - set(Run.objects.open().values_list("id", flat=True))
    assert over == {"success", "failed", "canceled"}


def test_the_newest_run_comes_first() -> None:
    make_run("old")
    make_run("new", created_at=MOMENT + timedelta(seconds=1))
    assert [run.id for run in Run.objects.newest()] == ["new", "old"]


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "run_newest"),
        ({"status": "failed"}, "run_by_status"),
        ({"workflow_id": "w"}, "run_by_workflow"),
        ({"workflow_id": "w", "status": "failed"}, "run_by_workflow_status"),
    ],
)
def test_every_list_of_runs_has_its_index(filters: dict[str, str], index: str) -> None:
    if connection.vendor == "postgresql":
        # Of a table that is empty it would rather read everything; which index it takes depends on the rows.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert "Seq Scan" not in Run.objects.filter(**filters).newest()[:20].explain()
        return
    plan = Run.objects.filter(**filters).newest()[:20].explain()
    assert f"USING INDEX {index} " in f"{plan} "


def test_tags_are_read_as_a_list() -> None:
    make_run(tags='["a","b"]')
    assert Run.objects.get().tag_list == ["a", "b"]


def test_a_run_takes_its_journal_along() -> None:
    run = make_run()
    Event.objects.create(run=run, seq=1, stream=1, at=MOMENT, kind="RunPaused", path="", version=1, data="{}")
    Wait.objects.create(run=run, path="a", kind=Wait.Kind.CALL)
    run.delete()
    assert not Event.objects.exists()
    assert not Wait.objects.exists()


def test_the_rights_of_runs_are_known() -> None:
    known = Permission.objects.filter(content_type__app_label="workflows_app")
    assert set(known.values_list("codename", flat=True)) == {
        "view_definition", "view_run", "delete_run", "start_run", "resume_run", "cancel_run",
        "restart_run", "timetravel_run", "decide", "decide_bulk", "manage_schedule", "view_audit", "manage_members",
        "manage_tokens", "manage_webhooks", "view_payload",
    }  # fmt: skip
