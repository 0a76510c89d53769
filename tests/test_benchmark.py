"""`manage.py benchmark`: what it prints, and that it leaves alone what is not its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.process import ROOT, StudioProcess
from workflows_app.benchmarks.bench import FLOWS
from workflows_app.benchmarks.watching import watched

COMMON = {"workload", "database", "durability", "rounds", "load1"}


def benchmark(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    environment |= {"STUDIO_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "studio.settings"}
    command = [sys.executable, "manage.py", "benchmark", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def lines(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = benchmark(folder, *arguments, "--rounds", "1")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_prints_a_line_for_every_workload_that_is_asked_for(tmp_path: Path) -> None:
    found = lines(tmp_path, "W1", "W3", "W4")
    assert [line["workload"] for line in found] == ["W1", "W3", "W4"]
    assert [set(line) - COMMON for line in found] == [{"ms_run", "ms_step"}, {"s"}, {"ms", "over_ideal_ms"}]
    assert {line["database"] for line in found} == {"sqlite"}
    for line in found:
        figures = {name: line[name] for name in set(line) - COMMON}
        assert line["rounds"] == [figures]
        assert min(figures.values()) > 0


def test_it_resumes_in_a_process_that_has_never_seen_the_runs(tmp_path: Path) -> None:
    [line] = lines(tmp_path, "W6", "--durability", "full")
    assert line["durability"] == "full"
    assert set(line) - COMMON == {"ms_suspend", "ms_resume"}


def test_it_never_touches_the_studios_own_data(tmp_path: Path) -> None:
    lines(tmp_path, "W1")
    assert (tmp_path / "studio.sqlite3").stat().st_size == 0


def test_it_drops_the_database_that_it_made_on_postgresql(tmp_path: Path, postgresql: str) -> None:
    import psycopg

    def made() -> set[str]:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'studio_benchmark_%'")
        return {name for (name,) in rows}

    with psycopg.connect(postgresql, autocommit=True) as connection:
        before = made()
        [line] = lines(tmp_path, "W2", "--database", "postgres", "--server", postgresql)
        assert made() <= before
    assert (line["database"], set(line) - COMMON) == ("postgres", {"runs_s", "steps_s"})


def test_it_hears_each_fact_once_whoever_watches(start_studio: Callable[..., StudioProcess]) -> None:
    studio = start_studio("--workflows", FLOWS)
    heard = asyncio.run(watched(studio.address, 4, beats=30))
    wanted = sorted((f"beat[{index}]", op) for index in range(30) for op in "oc")
    assert [sorted((news.path, news.op) for news in one) for one in heard] == [wanted] * 4
    assert min(news.late for one in heard for news in one) > -1


@pytest.mark.parametrize("arguments", [("W99",), ("W1", "--rounds", "0"), ("--database", "oracle")])
def test_it_refuses_what_it_does_not_know(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refused = benchmark(tmp_path, *arguments)
    assert refused.returncode == 2
    assert refused.stdout == ""
