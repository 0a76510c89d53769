"""What machines ask of a studio: whether it lives, whether it may get work, and what it measured."""

from __future__ import annotations

import asyncio
import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from tests.web.asking import soon
from tests.web.studio import accounts, answered, orders, wait_for
from workflows_app import StepContext, create_step, create_workflow, runtime
from workflows_app.adapters.meters import tally
from workflows_app.models import Run, Token, Worker
from workflows_app.models.token import digest_of, new_text
from workflows_app.rollups import catch_up
from workflows_app.web.live.consumers import Line
from workflows_app.web.metrics import SOCKETS

pytestmark = pytest.mark.usefixtures("studio")


def said(client: Client, address: str) -> tuple[int, str]:
    response = client.get(address)
    return response.status_code, response.content.decode()


def numbers(client: Client) -> dict[str, float]:
    """Read the metrics of a studio, as name and labels."""
    status, text = said(client, "/metrics/")
    assert status == 200
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(number) for name, number in lines}


def test_a_studio_that_performs_runs_is_alive_and_ready(client: Client) -> None:
    assert said(client, "/healthz/") == said(client, "/readyz/") == (200, "ok")


def test_without_a_background_it_is_neither(client: Client) -> None:
    runtime.stop_background()
    for address in ("/healthz/", "/readyz/"):
        assert said(client, address) == (503, "Nothing performs runs in this process.")


def test_a_blocked_loop_is_a_reason_to_start_it_anew(client: Client, settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "LEASE_SECONDS": 0.2, "TICK_SECONDS": 0.05}
    assert runtime.process.background is not None
    free = threading.Event()
    runtime.process.background.loop.call_soon_threadsafe(free.wait, 60)
    try:
        words = soon(lambda: [text for code, text in [said(client, "/healthz/")] if code != 200])[0]
    finally:
        free.set()
    assert re.fullmatch(r"A step has blocked the engine's loop for \d+ s\.", words)


def test_a_database_that_is_gone_is_none(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DatabaseError("gone")

    with monkeypatch.context() as patched:
        patched.setattr("workflows_app.web.people.signin.local_person", User)
        patched.setattr(connection, "cursor", refuse)
        assert said(client, "/healthz/") == (200, "ok")
        assert said(client, "/readyz/") == (503, "The database is out of reach.")


def test_a_heartbeat_that_cannot_be_written_is_a_reason_to_go_elsewhere(client: Client) -> None:
    assert runtime.process.background is not None
    runtime.process.background.heart._beaten -= 100
    assert said(client, "/healthz/") == (200, "ok")
    assert said(client, "/readyz/")[0] == 503
    assert re.fullmatch(r"The heartbeat could not be written for 1\d\d s\.", said(client, "/readyz/")[1])


def test_runs_and_steps_are_counted(client: Client) -> None:
    before = numbers(client)
    answered(orders())
    suspended = orders()
    wait_for(suspended, "suspended")
    catch_up()
    after = numbers(client)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert after['workflows_runs{status="success",workflow="order"}'] == 1
    assert after['workflows_runs{status="suspended",workflow="order"}'] == 1
    assert grown('workflows_runs_started_total{workflow="order"}') == 2
    assert grown('workflows_runs_finished_total{status="success",workflow="order"}') == 1
    assert grown('workflows_steps_total{outcome="suspended"}') == 2
    assert grown('workflows_steps_total{outcome="success"}') >= 3
    assert grown("workflows_commit_seconds_count") >= 5
    assert grown("workflows_commit_group_size_sum") >= grown("workflows_commit_group_size_count") >= 5
    assert after["workflows_open_calls"] == after["workflows_calls_in_hand"] == 0
    assert after['workflows_workers{state="alive"}'] == 1
    assert after['workflows_workers{state="silent"}'] == 0
    assert 0 <= after["workflows_loop_lag_seconds"] < 20
    assert after["process_cpu_seconds_total"] > 0


def test_failures_and_tries_that_are_repeated_are_counted(client: Client) -> None:
    def fail(ctx: StepContext) -> None:
        raise ValueError("no")

    async def scenario() -> None:
        workflow = create_workflow(id="wf").then(create_step(id="fail", execute=fail, retries=2)).commit()
        run = await workflow.create_run()
        run.engine.turns.bells.append(tally)
        await run.start()

    before = numbers(client)
    asyncio.run(scenario())
    after = numbers(client)
    names = [f'workflows_steps_total{{outcome="{name}"}}' for name in ("failed", "retried")]
    assert [after[name] - before[name] for name in names] == [1, 2]


def test_a_timer_that_nobody_fired_is_late(client: Client) -> None:
    run = Run.objects.create(id="late", workflow_id="order", created_at=timezone.now(), updated_at=timezone.now())
    run.waits.create(path="nap", kind="timer", due_at=timezone.now() - timedelta(seconds=60))
    assert 59 <= numbers(client)["workflows_timer_lag_seconds"] < 90


def test_a_process_that_fell_silent_is_told_from_one_that_left(client: Client) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    for name, left in (("silent", None), ("left", long_ago)):
        Worker.objects.create(
            id=name, host="h", boot="b", pid=1, version="", started_at=long_ago, heartbeat_at=long_ago, left_at=left
        )
    assert numbers(client)['workflows_workers{state="silent"}'] == 1


def test_a_line_is_counted_as_long_as_it_is_open() -> None:
    async def scenario() -> None:
        line = Line()
        before = SOCKETS._value.get()
        line.begin_care()
        assert SOCKETS._value.get() == before + 1
        await line.disconnect(1000)
        assert SOCKETS._value.get() == before

    asyncio.run(scenario())


def test_a_scrape_never_counts_the_finished_runs(client: Client, django_assert_max_num_queries: Any) -> None:
    answered(orders())
    with django_assert_max_num_queries(12) as asked:
        numbers(client)
    about_runs = [query["sql"] for query in asked if 'FROM "workflows_app_run"' in query["sql"]]
    assert len(about_runs) == 1
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {about_runs[0]}")
            assert "USING COVERING INDEX run_by_workflow_status" in str(cursor.fetchall())


@pytest.mark.parametrize(("rights", "status"), [((), 403), (("view_run",), 403), (("view_audit",), 200)])
def test_a_person_needs_the_right_to_read_the_activity(
    client: Client, settings: Any, django_user_model: type[User], rights: tuple[str, ...], status: int
) -> None:
    accounts(settings, client, django_user_model, *rights)
    assert client.get("/metrics/").status_code == status


@pytest.mark.parametrize(("scopes", "status"), [(["view_audit"], 200), (["view_run"], 403)])
def test_a_collector_comes_with_a_token(
    client: Client, settings: Any, django_user_model: type[User], scopes: list[str], status: int
) -> None:
    user = accounts(settings, client, django_user_model, "view_audit", "view_run")
    text = new_text()
    Token.objects.create(
        user=user, name="prometheus", begins="x", digest=digest_of(text), scopes=scopes, created_at=timezone.now()
    )
    collector = Client()
    assert collector.get("/metrics/").status_code == 401
    assert collector.get("/metrics/", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert collector.get("/metrics/", headers={"authorization": f"Bearer {text}"}).status_code == status
