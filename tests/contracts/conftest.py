"""Databases of their own for the journals: a fresh SQLite file, or emptied PostgreSQL tables."""

from __future__ import annotations

import asyncio
import inspect
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from pytest_django.plugin import DjangoDbBlocker

from studio import environment
from workflows_app.adapters.journal import OrmJournal
from workflows_app.engine.memory import MemoryJournal
from workflows_app.engine.ports import Journal
from workflows_app.models import Run, Webhook, Worker

STORES = ("sqlite-normal", "sqlite-full", "postgresql")


NUMBERS = count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run the tests of this folder that are coroutines on a fresh event loop each."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@contextmanager
def database(name: str, description: dict[str, Any]) -> Iterator[str]:
    """Make a database known to Django for a while, under an alias that nobody else has."""
    alias = f"{name}{next(NUMBERS)}"
    default = connections.settings[DEFAULT_DB_ALIAS]
    known = connections.configure_settings({DEFAULT_DB_ALIAS: default, alias: description})
    connections.settings[alias] = known[alias]
    yield alias
    connections[alias].close()
    del connections[alias]
    del connections.settings[alias]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Path:
    """Give a migrated database to copy, since migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "journal.sqlite3"
    with django_db_blocker.unblock(), database("template", environment.sqlite(path, "normal")) as alias:
        call_command("migrate", database=alias, verbosity=0)
    return path


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    path = Path(shutil.copy(sqlite_template, tmp_path / "journal.sqlite3"))
    with django_db_blocker.unblock(), database("journal", environment.sqlite(path, "normal")) as alias:
        yield alias


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    with django_db_blocker.unblock(), database("postgresql", environment.postgresql(postgresql)) as alias:
        call_command("migrate", database=alias, verbosity=0)
        yield alias


@pytest.fixture
def postgresql_tables(migrated_postgresql: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    with django_db_blocker.unblock():
        yield migrated_postgresql
        # A test may have broken it on purpose.
        connections[migrated_postgresql].close()
        Run.objects.using(migrated_postgresql).all().delete()
        Webhook.objects.using(migrated_postgresql).all().delete()
        Worker.objects.using(migrated_postgresql).all().delete()


class Store:
    """A database, and journals on it, as several processes would have; `close` ends them."""

    def __init__(self, alias: str, durability: str) -> None:
        self.alias = alias
        self.durability = durability
        self._opened: list[OrmJournal] = []

    def open(self, **options: Any) -> OrmJournal:
        self._opened.append(OrmJournal(self.alias, durability=self.durability, **options))
        return self._opened[-1]

    def close(self) -> None:
        for journal in self._opened:
            journal.close()


@contextmanager
def store_of(request: pytest.FixtureRequest, name: str) -> Iterator[Store]:
    vendor, _, durability = name.partition("-")
    alias = request.getfixturevalue({"sqlite": "sqlite", "postgresql": "postgresql_tables"}[vendor])
    with closing(Store(alias, durability or "normal")) as store:
        yield store


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with store_of(request, request.param) as store:
        yield store


@pytest.fixture(params=["memory", *STORES])
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    with store_of(request, request.param) as store:
        yield store.open()
