"""A studio that is killed, and an eye on its tables that needs no studio."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from pytest_django.plugin import DjangoDbBlocker

from studio import environment
from tests.process import StudioProcess, spawn
from workflows_app.invariants import check_run
from workflows_app.models import Event, Run

from .visitor import Visitor

ALIAS = "faults"
END = ("success", "failed", "canceled")
LOOK_SECONDS = 0.02
PATIENCE = 30.0


class Site:
    """A data folder, the studios on it, and what is in its database and its steps' log."""

    def __init__(self, start: Callable[..., StudioProcess], folder: Path, database: str | None) -> None:
        self._start = start
        self.data_dir = folder / "data"
        self.log = folder / "bodies.log"
        self.environment = {"STUDIO_WORKFLOWS": "tests.faults.flows", "STUDIO_TEST_LOG": str(self.log)}
        if database is not None:
            self.environment["STUDIO_DATABASE"] = database

    def start(self, *options: str, **environment: str) -> StudioProcess:
        """Start a studio, or another one, on the same data."""
        return self._start(*options, data_dir=self.data_dir, **{**self.environment, **environment})

    def serve_until_end_or_death(self, run_id: str) -> bool:
        """Serve until a run ends or the studio dies, be it before it answers. Tells whether it died."""
        process = spawn(self.data_dir, **self.environment)
        try:
            self.until(lambda: process.poll() is not None or self.run(run_id).finished_at)
            return process.poll() is not None
        finally:
            process.kill()
            process.communicate()

    def visit(self, studio: StudioProcess) -> Visitor:
        return Visitor(studio.address)

    def bodies(self) -> Counter[str]:
        """Count how often each step's body was begun, by run and path."""
        return Counter(self.log.read_text().splitlines() if self.log.exists() else ())

    def release(self) -> None:
        """Let go of the steps that wait for it."""
        self.log.with_name(f"{self.log.name}.released").touch()

    def run(self, run_id: str) -> Run:
        return Run.objects.using(ALIAS).get(pk=run_id)

    def runs(self) -> list[str]:
        return list(Run.objects.using(ALIAS).values_list("id", flat=True))

    def events(self, run_id: str, kind: str) -> list[Event]:
        return list(Event.objects.using(ALIAS).filter(run_id=run_id, kind=kind).order_by("seq"))

    def finished_steps(self, run_id: str) -> set[str]:
        """Name the steps whose success is recorded, as the log names them."""
        return {f"{run_id}:{event.path}" for event in self.events(run_id, "StepSucceeded")}

    def until(self, is_true: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Look again and again. Raises: AssertionError when the time is over."""
        deadline = time.monotonic() + seconds
        while not is_true():
            assert time.monotonic() < deadline, f"it did not happen in {seconds} s"
            time.sleep(LOOK_SECONDS)

    def until_status(self, run_id: str, *statuses: str, seconds: float = PATIENCE) -> None:
        self.until(lambda: self.run(run_id).status in statuses, seconds)

    def until_end(self, *run_ids: str, seconds: float = PATIENCE) -> None:
        for run_id in run_ids:
            self.until_status(run_id, *END, seconds=seconds)

    def violations(self) -> list[str]:
        return [str(violation) for run_id in self.runs() for violation in check_run(run_id, ALIAS)]


def paced(**seconds: float) -> dict[str, str]:
    """Give the environment of a studio with another lease, tick or poll: one that never comes, or comes at once."""
    times = {f"STUDIO_TEST_{name.upper()}_SECONDS": str(number) for name, number in seconds.items()}
    return {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", **times}


def kill(studio: StudioProcess) -> None:
    """End a process as a power cut would, as far as the process can tell."""
    assert studio.stop(signal.SIGKILL) == -signal.SIGKILL


@contextmanager
def eye_on(description: dict[str, object]) -> Iterator[None]:
    """Let Django read a database that belongs to somebody else."""
    default = connections.settings[DEFAULT_DB_ALIAS]
    connections.settings[ALIAS] = connections.configure_settings({DEFAULT_DB_ALIAS: default, ALIAS: description})[ALIAS]
    yield
    connections[ALIAS].close()
    del connections[ALIAS]
    del connections.settings[ALIAS]


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Tell whether everything is asked for, not only what a check of every change has time for."""
    return bool(request.config.getoption("--faults-long"))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Give where chance begins; a failed test shows it, so that the same can happen again."""
    given: int | None = request.config.getoption("--faults-seed")
    seed = random.SystemRandom().randrange(2**32) if given is None else given
    print(f"--faults-seed={seed}")
    return seed


@pytest.fixture
def site(
    start_studio: Callable[..., StudioProcess], tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Site]:
    (tmp_path / "data").mkdir(mode=0o700)
    database = environment.sqlite(tmp_path / "data" / "studio.sqlite3", "normal")
    with django_db_blocker.unblock(), eye_on(database):
        yield Site(start_studio, tmp_path, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Give a site on each database that the studio knows."""
    if request.param == "sqlite":
        yield request.getfixturevalue("site")
        return
    address = request.getfixturevalue("postgresql")
    blocker: DjangoDbBlocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock(), eye_on(environment.postgresql(address)):
        yield Site(request.getfixturevalue("start_studio"), request.getfixturevalue("tmp_path"), address)
        Run.objects.using(ALIAS).all().delete()
