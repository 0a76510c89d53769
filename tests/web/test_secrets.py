"""A canary that is planted in every position of a run is found nowhere, whatever becomes of the run."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from studio.settings import LOGGING
from tests.sockets.test_run_socket import listening
from tests.web.asking import soon
from tests.web.studio import order, wait_for
from tests.workflows.confidential import CANARY, given
from workflows_app import runtime
from workflows_app.engine.secrets import MASK, LogFilter
from workflows_app.errors import InvalidInput
from workflows_app.logs import JsonFormatter, LineFormatter
from workflows_app.models import Approval, Event, Run

TABS = ("", "input", "output", "state", "resume", "context", "events", "attempts", "code", "logs", "error", "suspended")


@pytest.fixture
def secrets_studio(transactional_db: None, settings: Any) -> Iterator[ModuleType]:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.confidential"], "TICK_SECONDS": 14.0}
    runtime.process.catalogue = None
    runtime.sync_definitions()
    runtime.start_background()
    yield runtime
    runtime.stop_background()
    runtime.process.catalogue = None


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Listen as the console of a studio does."""
    text = io.StringIO()
    handlers = [logging.StreamHandler(text), logging.StreamHandler(text)]
    assert "secrets" in LOGGING["handlers"]["console"]["filters"]
    for handler, formatter in zip(handlers, (LineFormatter(), JsonFormatter()), strict=True):
        handler.addFilter(LogFilter())
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)
    yield text
    for handler in handlers:
        logging.getLogger().removeHandler(handler)


def run_of(mode: str) -> str:
    """Take a run to its end, by the engine's own API."""
    engine = runtime.get_engine()
    run = runtime.call(engine.create_run(engine.get_workflow("confidential")))
    runtime.call(run.start_async(**given(mode), by="local"))
    wait_for(run.id, "suspended")
    seen(run.id)
    runtime.call(run.resume_async(resume_data={"decision": "yes", "one_time": CANARY}, by="local"))
    return wait_for(run.id, "failed" if mode == "fail" else "success")


def seen(run_id: str) -> None:
    """Look at a run everywhere that it is shown."""
    client = Client()
    for address in addresses(run_id):
        answer = client.get(address)
        body = b"".join(getattr(answer, "streaming_content", ())) if answer.streaming else answer.content
        assert answer.status_code in (200, 302), (address, answer.status_code)
        assert CANARY not in body.decode(), address
    streams(client, run_id)
    asyncio.run(frames(run_id))


def addresses(run_id: str) -> list[str]:
    run, api = f"/runs/{run_id}", f"/api/workflows/confidential/runs/{run_id}"
    look = order(run_id)
    ends = len(look.moment.reading.events)
    start = f"/workflows/confidential/run/?{urlencode({'from': run_id})}"
    found = [
        "/", "/runs/", f"/runs/?q={CANARY[:-1]}", "/workflows/", "/workflows/confidential/", start, "/approvals/",
        "/insights/", "/activity/", "/activity/export.csv", "/activity/export.jsonl", f"{run}/",
        f"{run}/frames/?after=0", f"{run}/time-travel/?step=use", f"{run}/compare/", api,
        f"/compare/?{urlencode({'a': run_id, 'b': run_id})}", "/api/workflows/confidential/runs",
    ]  # fmt: skip
    for tab in ("events", "state", "logs", "raw"):
        found += [f"{run}/{tab}/", f"{run}/{tab}/?format=json"]
    for step in ("use", "ask", "end"):
        found += [f"{run}/panel/?{urlencode({'step': step, 'tab': tab})}" for tab in TABS]
        found += [f"{run}/?{urlencode({'step': step, 'at': str(at)})}" for at in range(1, ends, 4)]
        if look.history.find(step) is not None:
            found.append(f"{run}/value/?{urlencode({'step': step, 'tab': 'input'})}")
    approval = approval_of(run_id)
    return [*found, f"/approvals/{approval.id}/", f"/approvals/{approval.id}/print/"]


def approval_of(run_id: str) -> Approval:
    return soon(lambda: Approval.objects.filter(run_id=run_id).first())


def streams(client: Client, run_id: str) -> None:
    """Replay the run as programs do, and read its result."""

    async def replay() -> list[Any]:
        run = await runtime.get_engine().get_run(run_id)
        stream = run.observe_stream()
        events = [event async for event in stream]
        result = await stream.result
        return [*events, result, result.to_json()]

    assert CANARY not in repr(runtime.call(replay()))
    shown = io.StringIO()
    call_command("runs", stdout=shown)
    assert CANARY not in shown.getvalue()


async def frames(run_id: str) -> None:
    reading = await asyncio.to_thread(order, run_id)
    async with listening(run_id, "?after=0") as line:
        deltas, _ = await line.until(len(reading.moment.reading.events))
    assert CANARY not in json.dumps(deltas)


def stored() -> bytes:
    """Read everything that the database holds, in whatever file it lies."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA database_list")
            path = Path(cursor.fetchone()[2])
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    with connection.cursor() as cursor:
        found = b""
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - the names of our own tables
            found += "\n".join(row[0] for row in cursor.fetchall()).encode()
    return found


@pytest.mark.parametrize("mode", ["succeed", "fail"])
def test_a_canary_is_found_nowhere(mode: str, secrets_studio: Any, log: io.StringIO, caplog: Any) -> None:
    run_id = run_of(mode)

    seen(run_id)
    assert CANARY.encode() not in stored()
    assert CANARY not in log.getvalue()
    assert f"the studio's logger: {MASK}" in log.getvalue()
    assert f"an author's logger: {MASK}" in log.getvalue()
    assert (f"refused {MASK}" in log.getvalue()) == (mode == "fail")
    assert Run.objects.get(id=run_id).error in (None, f"the service refused {MASK}")
    assert Event.objects.filter(run_id=run_id, data__contains="\\u0000").exists()


def test_a_form_takes_a_secret_by_its_name_blind_and_does_not_send_it_back(secrets_studio: Any) -> None:
    client = Client()
    page = client.get("/workflows/confidential/run/").content.decode()
    again = client.post("/workflows/confidential/run/", {"input.mode": "", "input.password": CANARY}).content.decode()

    for name in ("input.password", "input.marked", "state.held"):
        assert re.search(rf'<input(?=[^>]*type="password")[^>]*name="{name}"', page), name
    assert CANARY not in again


def test_a_run_is_not_started_again_with_the_mask(secrets_studio: Any) -> None:
    run_id = run_of("succeed")
    found = Client().get(f"/workflows/confidential/run/?{urlencode({'from': run_id})}").content.decode()
    values = {**given("succeed")["input_data"], "password": MASK}
    engine = runtime.get_engine()
    run = runtime.call(engine.create_run(engine.get_workflow("confidential")))

    assert MASK in found
    with pytest.raises(InvalidInput) as caught:
        runtime.call(run.start_async(input_data=values))
    assert caught.value.errors[0]["path"] == "password"


def test_a_draft_keeps_no_secret(secrets_studio: Any) -> None:
    engine = runtime.get_engine()
    run = runtime.call(engine.create_run(engine.get_workflow("confidential")))
    runtime.call(run.start_async(**given("succeed"), by="local"))
    wait_for(run.id, "suspended")
    client, approval = Client(), approval_of(run.id)
    as_json = json.dumps({"decision": "yes", "one_time": CANARY})
    as_fields = {"answer.decision": "yes", "answer.one_time": CANARY}

    for sent in (as_fields, {"answer.__mode": "json", "answer.__json": as_json}):
        assert client.post(f"/approvals/{approval.id}/draft/", sent).status_code < 400
    assert CANARY.encode() not in stored()
