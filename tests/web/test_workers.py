"""The page of the processes that perform runs."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.studio import accounts
from workflows_app import Engine, StepContext, create_step, create_workflow, runtime
from workflows_app.models import Run, Wait, Worker

pytestmark = pytest.mark.usefixtures("studio")


def rows(client: Client, **headers: str) -> list[str]:
    """Read the lines of the table as plain text."""
    page = client.get("/settings/workers/", headers=headers).content.decode()
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    body = re.sub(r'<span class="sub narrow-only">.*?</span>', "", body)
    found = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]*>", " ", line)).split()) for line in found]


def made(name: str, **facts: Any) -> Worker:
    earlier = timezone.now() - timedelta(minutes=5)
    given = {"host": "far", "boot": "b", "pid": 7, "version": "1.2", "started_at": earlier, "heartbeat_at": earlier}
    return Worker.objects.create(id=name, **{**given, **facts})


def test_the_process_that_answers_is_alive_and_marked(client: Client) -> None:
    (row,) = rows(client)
    assert "this one alive" in row
    assert Worker.objects.get().host in row


def test_what_somebody_has_in_hand_is_counted(client: Client) -> None:
    made("other", heartbeat_at=timezone.now())
    run = Run.objects.create(id="r", workflow_id="order", created_at=timezone.now(), updated_at=timezone.now())
    for path in ("a", "b"):
        Wait.objects.create(run=run, path=path, kind="call", claimed_by="other", claimed_at=timezone.now())
    assert re.search(r"^far 7 alive \d+ s 2 — ", rows(client)[1])


def test_who_fell_silent_is_dead_and_what_was_taken_over_of_it_is_told(client: Client) -> None:
    made("silent", heartbeat_at=timezone.now() - timedelta(minutes=4), lost_calls=3, lost_at=timezone.now())
    assert re.search(r"^far 7 dead 4 m 0 3 \d\d:\d\d:\d\d ", rows(client)[1])


def test_who_left_has_stopped_and_is_forgotten_after_a_week(client: Client) -> None:
    made("left", left_at=timezone.now())
    made("long ago", heartbeat_at=timezone.now() - timedelta(days=8), left_at=timezone.now() - timedelta(days=8))
    _own, row = rows(client)
    assert row.startswith("far 7 stopped")


def test_an_open_page_asks_for_the_table_alone(client: Client) -> None:
    assert len(rows(client, **{"hx-request": "true"})) == 1
    part = client.get("/settings/workers/", headers={"hx-request": "true"}).content.decode()
    assert part.startswith('<div id="workers" class="refreshed" data-refresh="3" data-from="/settings/workers/">')


def test_a_row_stays_where_it_is_when_its_process_dies(client: Client) -> None:
    other = made("other", heartbeat_at=timezone.now(), started_at=timezone.now() + timedelta(minutes=1))
    assert "alive" in rows(client)[0]
    Worker.objects.filter(pk=other.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    assert "dead" in rows(client)[0]


@pytest.mark.parametrize(("rights", "status"), [(("view_run",), 403), (("view_audit",), 200)])
def test_it_is_for_those_who_may_read_the_activity(
    client: Client, settings: Any, django_user_model: type[User], rights: tuple[str, ...], status: int
) -> None:
    accounts(settings, client, django_user_model, *rights)
    assert client.get("/settings/workers/").status_code == status


def test_what_is_taken_over_of_a_dead_process_is_noted_once(client: Client) -> None:
    began = asyncio.Event()

    async def hang(ctx: StepContext) -> None:
        if not ctx.restarted:
            began.set()
            await asyncio.Event().wait()

    async def scenario() -> None:
        engine = runtime.get_engine()
        workflow = create_workflow(id="hang").then(create_step(id="hang", execute=hang)).commit()
        engine.add_workflow(workflow)
        doomed = Engine([workflow.copy()], journal=engine.journal, worker="doomed", clock=engine.clock)
        await engine.journal.heartbeat("doomed", engine.now())
        run = await doomed.get_workflow("hang").create_run()
        await run.start_async()
        await began.wait()
        doomed.kill()
        assert [await engine.recover(), await engine.recover()] == [1, 0]
        await (await engine.get_run(run.id)).observe_stream().result

    runtime.call(scenario())
    assert Worker.objects.get(pk="doomed").lost_calls == 1
    assert any("this one" not in row and re.search(r"alive \d+ s 0 1 ", row) for row in rows(client))
