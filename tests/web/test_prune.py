"""Finished runs are deleted after a while: by the studio itself, and by `manage.py prune_runs`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.web.studio import orders, started, wait_for
from workflows_app import runtime
from workflows_app.models import Ending, Event, Rollup, Run, Wait

OLD = timedelta(days=40)


@pytest.fixture
def thrifty(settings: Any, transactional_db: None, request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Give a studio that keeps finished runs for 30 days."""
    settings.WORKFLOWS = {**settings.WORKFLOWS, "RETENTION_DAYS": 30}
    yield request.getfixturevalue("studio")


def old(run_id: str) -> None:
    """Make a run older than it is."""
    row = Run.objects.get(id=run_id)
    moved = {name: getattr(row, name) and getattr(row, name) - OLD for name in ("created_at", "finished_at")}
    Run.objects.filter(id=run_id).update(**moved)


def printed(*options: str) -> str:
    out = StringIO()
    call_command("prune_runs", *options, stdout=out)
    return out.getvalue()


def done() -> str:
    return wait_for(started("echo", 1), "success")


def test_the_command_says_first_what_it_would_delete_and_then_deletes_it(thrifty: ModuleType) -> None:
    gone, kept, asked = done(), done(), orders()
    # Else the studio might be quicker.
    thrifty.stop_background()
    old(gone)
    old(asked)
    assert printed("--dry-run") == "echo: 1\n1 runs would be deleted.\n"
    assert Run.objects.count() == 3
    assert printed() == "1 runs deleted.\n"
    assert {run.id for run in Run.objects.all()} == {kept, asked}
    assert not Event.objects.filter(run_id=gone).exists()
    assert Wait.objects.filter(run_id=asked).exists()
    assert printed() == "0 runs deleted.\n"


@pytest.mark.django_db(transaction=True)
def test_the_command_works_where_no_studio_runs(settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "RETENTION_DAYS": 30}
    assert printed("--dry-run") == "0 runs would be deleted.\n"
    assert printed() == "0 runs deleted.\n"
    assert runtime.process.engine is None


def test_what_is_deleted_stays_in_the_figures(thrifty: ModuleType) -> None:
    run_id = done()
    thrifty.stop_background()
    old(run_id)
    printed()
    assert not Run.objects.exists()
    assert not Ending.objects.exists()
    assert [(row.workflow_id, row.status, row.runs) for row in Rollup.objects.filter(runs__gt=0)] == [
        ("echo", "success", 1)
    ]


@pytest.mark.usefixtures("studio")
def test_without_a_retention_everything_is_kept() -> None:
    old(done())
    assert printed() == "0 runs deleted.\n"
    assert Run.objects.count() == 1


def test_the_studio_deletes_by_itself(settings: Any, studio: ModuleType) -> None:
    run_id = done()
    old(run_id)
    studio.stop_background()
    settings.WORKFLOWS = {**settings.WORKFLOWS, "RETENTION_DAYS": 30}
    studio.start_background()
    deadline = time.monotonic() + 20
    while Run.objects.filter(id=run_id).exists():
        assert time.monotonic() < deadline, "the run is still there"
        time.sleep(0.02)


@pytest.mark.usefixtures("thrifty")
def test_the_page_says_how_long_runs_are_kept(client: Client) -> None:
    assert "<dt>Ended runs are kept for</dt><dd>30 d</dd>" in client.get("/workflows/echo/").content.decode()


@pytest.mark.usefixtures("studio")
def test_the_page_says_nothing_of_runs_that_are_kept_for_ever(client: Client) -> None:
    assert "are kept for" not in client.get("/workflows/echo/").content.decode()
