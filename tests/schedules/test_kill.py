"""Studios that are killed while a schedule fires: each time starts one run, and none is left out."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.process import StudioProcess

KILLS = 4
SECOND = 1_000_000
PATIENCE = 60.0


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], StudioProcess]]:
    begun: list[StudioProcess] = []

    def start() -> StudioProcess:
        begun.append(StudioProcess(tmp_path, "--workflows", "tests.workflows.timed"))
        return begun[-1]

    yield start
    for studio in begun:
        studio.stop(signal.SIGKILL)


def fired(folder: Path) -> list[tuple[int, str, str]]:
    """List the times that fired, with how it went and how the run ended."""
    with closing(sqlite3.connect(f"file:{folder / 'studio.sqlite3'}?mode=ro", uri=True, timeout=30)) as database:
        return database.execute(
            "SELECT due_at, outcome, status FROM workflows_app_firing f LEFT JOIN workflows_app_run r ON r.id = run_id "
            "WHERE schedule_id = 'wf_seconds' ORDER BY due_at"
        ).fetchall()


def until(folder: Path, is_so: Callable[[list[tuple[int, str, str]]], bool]) -> list[tuple[int, str, str]]:
    """Wait until what has fired is so; the deadline is for a test that fails."""
    deadline = time.monotonic() + PATIENCE
    while not is_so(found := fired(folder)):
        assert time.monotonic() < deadline, found[-3:]
        time.sleep(0.05)
    return found


def until_more(folder: Path, count: int) -> None:
    """Wait until so many more times have fired."""
    before = len(fired(folder))
    until(folder, lambda found: len(found) >= before + count)


def test_each_time_starts_one_run_though_studios_are_killed(begin: Callable[[], StudioProcess], tmp_path: Path) -> None:
    first = begin()
    until_more(tmp_path, 1)
    for _ in range(KILLS):
        second = begin()
        until_more(tmp_path, 2)
        first.process.send_signal(signal.SIGKILL)
        until_more(tmp_path, 1)
        first = second
    count = len(fired(tmp_path))
    found = until(tmp_path, lambda found: all(status == "success" for _, _, status in found[:count]))[:count]
    times = [due for due, _, _ in found]
    assert times == [times[0] + n * SECOND for n in range(count)]
    assert {outcome for _, outcome, _ in found} == {"started"}
