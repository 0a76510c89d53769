"""What tests may ask for: a studio in its own process, and the servers that a machine may or may not have.

A missing server is a skip with its reason, unless `STUDIO_TEST_REQUIRE` names it (comma-separated:
`postgresql`, `redis`, `chromium`); then it is an error, so that a check cannot pass by testing less.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.process import StudioProcess

PRINT_CHROMIUM = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""
# How fast it is, is for the benchmark to say; a loaded machine fails no test.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
BROWSER_TESTS = Path(__file__).resolve().parent / "browser"


def pytest_addoption(parser: pytest.Parser) -> None:
    faults = parser.getgroup("faults")
    faults.addoption("--faults-long", action="store_true", help="let everything go wrong that can; takes an hour")
    faults.addoption("--faults-seed", type=int, metavar="N", help="where chance begins (default: anywhere)")


def pytest_xdist_auto_num_workers() -> int:
    """Tests wait for threads, timers and databases about as long as they work."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the browser's tests to the process that `test_browser.py` starts, unless they are asked for.

    The synchronous Playwright keeps an event loop in its thread, in which Django refuses to use a database.
    """
    if collection_path != BROWSER_TESTS:
        return None
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(BROWSER_TESTS) for path in asked) else True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """End with the browser, so that it has the machine for itself: pages wait for nobody."""
    items.sort(key=lambda item: item.path.name == "test_browser.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape what no text can hold: hostile input is logged, and reports cross to another process."""
    report = yield
    report.sections = [(name, said.encode(errors="backslashreplace").decode()) for name, said in report.sections]
    return report


def missing(server: str, reason: str) -> NoReturn:
    if server in os.environ.get("STUDIO_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{server} is required here: {reason}")
    pytest.skip(f"{server} is not there: {reason}")


@pytest.fixture
def start_studio(tmp_path: Path) -> Iterator[Callable[..., StudioProcess]]:
    """Give a function that starts a studio; what the test leaves running is ended after it."""
    started: list[StudioProcess] = []

    def start(*options: str, data_dir: Path = tmp_path / "data", **environment: str) -> StudioProcess:
        started.append(StudioProcess(data_dir, *options, **environment))
        return started[-1]

    yield start
    for studio in started:
        studio.stop()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Give the address of a PostgreSQL database that is empty, and dropped after the tests."""
    import psycopg
    from psycopg import sql

    server = os.environ.get("STUDIO_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")
    name = f"studio_test_{uuid.uuid4().hex[:12]}"
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        missing("postgresql", str(error).strip())
    with connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class RedisServer:
    """A Redis server that only the tests use; it may be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.address = f"redis://127.0.0.1:{port}/0"
        self._options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            missing("redis", "there is no redis-server program")
        self._server = subprocess.Popen([program, *self._options], stdout=subprocess.PIPE, text=True)
        assert self._server.stdout is not None
        if not any("Ready to accept connections" in line for line in self._server.stdout):
            missing("redis", f"redis-server ended with code {self._server.wait()}")

    def kill(self) -> None:
        self._server.kill()
        self._server.communicate()


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a Redis server that only the tests use."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.address
    server.kill()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of a Chromium: the machine's, or else one that Playwright fetches."""
    names = ("chromium", "chromium-browser", "google-chrome")
    candidates = [os.environ.get("STUDIO_TEST_CHROMIUM"), *map(shutil.which, names)]
    path = next(filter(None, candidates), None) or fetched_chromium()
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    if version.returncode != 0:
        missing("chromium", f"{path} does not start: {version.stderr.strip()}")
    return path


def fetched_chromium() -> str:
    install = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        subprocess.run(install, capture_output=True, check=True, timeout=600)
        # In a process of its own, for the same reason as the browser's tests.
        found = subprocess.run([sys.executable, "-c", PRINT_CHROMIUM], capture_output=True, check=True, text=True)
    except (subprocess.SubprocessError, OSError) as error:
        missing("chromium", f"none is installed, and Playwright could not fetch one ({error})")
    return found.stdout.strip()
