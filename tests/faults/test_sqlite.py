"""An SQLite that is locked by another process, and a disk that is full."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
import time
from contextlib import closing
from typing import Any

import pytest
from django.db import OperationalError as DjangoError

from tests.contracts.conftest import Store, sqlite, sqlite_template
from workflows_app import Engine, Run, StepContext, create_step, create_workflow
from workflows_app.invariants import check_run

from .conftest import Site
from .flows import ITEMS

__all__ = ["sqlite", "sqlite_template"]
LOCKED_SECONDS = 3.0
LONG_LOCKED_SECONDS = 15.0
LARGE = 300_000


def test_a_studio_waits_for_a_lock_and_loses_nothing(site: Site, is_long: bool) -> None:
    visitor = site.visit(site.start())
    run_id = visitor.start("long")
    site.until(lambda: len(site.bodies()) >= 3)
    seconds = LONG_LOCKED_SECONDS if is_long else LOCKED_SECONDS
    with closing(sqlite3.connect(site.data_dir / "studio.sqlite3", check_same_thread=False)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        since = time.monotonic()
        threading.Timer(seconds, holder.rollback).start()
        another = visitor.start("short")
        assert time.monotonic() - since >= seconds
    site.until_end(run_id, another)
    assert [site.run(each).status for each in (run_id, another)] == ["success", "success"]
    bodies = site.bodies()
    assert bodies.total() == len(bodies) == 8 + ITEMS + 1 + 2
    assert site.violations() == []


def test_what_cannot_be_recorded_on_a_full_disk_is_recorded_once_there_is_room(
    sqlite: str, request: pytest.FixtureRequest
) -> None:
    store = Store(sqlite, "normal")
    request.addfinalizer(store.close)
    begun: list[str] = []

    async def produce(ctx: StepContext) -> str:
        begun.append(ctx.idempotency_key)
        limit(1)
        return noise(ctx.run_id)

    workflow = create_workflow(id="wf").then(create_step(id="produce", execute=produce)).commit()
    journal: Any = store.open()
    engine = Engine([workflow], journal=journal)

    def limit(pages: int) -> None:
        """Let the database grow no larger than so many pages; one means not at all."""
        journal._committer._writer._cursor.execute(f"PRAGMA max_page_count = {pages}")

    async def scenario() -> str:
        run: Run = await workflow.create_run()
        await run.start_async(input_data=1)
        while not begun:
            await asyncio.sleep(0.01)
        other = await workflow.create_run()
        with pytest.raises((sqlite3.OperationalError, DjangoError), match="full"):
            await other.start_async(input_data=noise(other.id))
        assert (await engine.head(run.id)).status == "running"
        limit(100_000)
        while (await engine.head(run.id)).status == "running":
            await asyncio.sleep(0.02)
        assert (await engine.head(other.id)).status == "pending"
        await engine.close()
        return run.id

    run_id = asyncio.run(scenario())
    assert begun == [f"{run_id}:produce"]
    stored = asyncio.run(journal.read(run_id))
    assert stored.head.status == "success"
    assert stored.events[-1].result.data == noise(run_id)
    assert check_run(run_id, store.alias) == []


def noise(seed: str) -> str:
    """Make a text that no compression makes small."""
    return random.Random(seed).randbytes(LARGE).hex()
