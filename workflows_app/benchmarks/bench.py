"""The bench: the studio's runtime on a scratch database, and what a case measures on it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, TypeVar

import django
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections

from workflows_app import runtime
from workflows_app.conf import get_conf
from workflows_app.engine import Engine, Workflow

from .scratch import Description

A = TypeVar("A")
T = TypeVar("T")
Figures = Mapping[str, float]
FLOWS = "workflows_app.benchmarks.flows"


@dataclass(frozen=True, slots=True)
class Bench:
    """A running engine on a database that nothing else uses."""

    database: Description
    durability: str

    @property
    def engine(self) -> Engine:
        return runtime.get_engine()

    def workflow(self, name: str) -> Workflow:
        return self.engine.get_workflow(name)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the engine's loop."""
        return runtime.call(work)

    def store_bytes(self) -> int:
        """Give the size of the store once nothing is left in a log."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_database_size(current_database())")
                return int(cursor.fetchone()[0])
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if cursor.fetchone()[0]:
                raise RuntimeError("The log could not be written back. Let nothing else use the database.")
        return os.path.getsize(self.database["NAME"])

    def in_fresh_process(self, work: Callable[[Bench, A], T], given: A) -> T:
        """Call a module's function with a bench in a new process, on the same database."""
        with ProcessPoolExecutor(1, get_context("spawn"), django.setup) as process:
            return process.submit(_in_here, work, self.database, self.durability, given).result()


def _in_here(work: Callable[[Bench, A], T], database: Description, durability: str, given: A) -> T:
    with open_bench(database, durability) as bench:
        return work(bench, given)


def seconds_of(bench: Bench, name: str, given: Any, wanted: Any) -> float:
    """Perform one run of a workflow and give the seconds from its creation to its result."""

    async def perform() -> float:
        workflow = bench.workflow(name)
        began = time.perf_counter()
        run = await workflow.create_run()
        result = await run.start(input_data=given)
        seconds = time.perf_counter() - began
        check(result.result, wanted)
        return seconds

    return bench.call(perform())


def check(found: object, wanted: object) -> None:
    """Stop a measurement that did not do its work. Raises: RuntimeError"""
    if found != wanted:
        raise RuntimeError(f"The work gave {str(found)[:200]}, not {str(wanted)[:200]}.")


def nothing(bench: Bench) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the output: what it is about, what it needs first, and one round of it."""

    measure: Callable[[Bench], Figures]
    facts: Mapping[str, int] = field(default_factory=dict)
    prepare: Callable[[Bench], None] = nothing


def point_at(database: Description) -> None:
    """Let Django's connections of this process lead to another database."""
    connection.close()
    del connections[DEFAULT_DB_ALIAS]
    described = connections.configure_settings({DEFAULT_DB_ALIAS: database})
    connections.settings[DEFAULT_DB_ALIAS] = described[DEFAULT_DB_ALIAS]


@contextmanager
def open_bench(database: Description, durability: str) -> Iterator[Bench]:
    """Start the runtime on a migrated database, with the workflows that are measured."""
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": (FLOWS,), "DURABILITY": durability}
    get_conf.cache_clear()
    point_at(database)
    runtime.start_background()
    try:
        yield Bench(database, durability)
    finally:
        runtime.stop_background()
        connection.close()
