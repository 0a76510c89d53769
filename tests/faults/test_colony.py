"""Processes that die, stand still and compete over one database: every run ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from tests.contracts.conftest import migrated_postgresql, sqlite_template
from tests.process import ROOT
from workflows_app.engine.nodes.step import CRASH_LIMIT
from workflows_app.models import Run

from .course import BODIES, STEPS

__all__ = ["migrated_postgresql", "sqlite_template"]
RACERS = 6
HANG_UP = """
import sys, psycopg
with psycopg.connect(sys.argv[1]) as connection:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
"""
Colony = Callable[..., Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def colony(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Colony]:
    """Give a function that sends the colony on an errand on a database of its own, and tells what it saw."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "studio.sqlite3")
        yield partial(send, tmp_path, {})
        return
    alias, address = request.getfixturevalue("migrated_postgresql"), request.getfixturevalue("postgresql")
    yield partial(send, tmp_path, {"STUDIO_DATABASE": address})
    blocker: DjangoDbBlocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock():
        # A storm may have cut it off.
        connections[alias].close()
        Run.objects.using(alias).all().delete()


def send(folder: Path, environment: dict[str, str], errand: str, **options: Any) -> Any:
    """Run the program. Raises: AssertionError when it fails"""
    address = environment.get("STUDIO_DATABASE")
    if address is not None and errand == "storm":
        options["faults"] = [[sys.executable, "-c", HANG_UP, address]]
    order = {"log": str(folder / "bodies.log"), "errand": errand, "options": options}
    settings = {"DJANGO_SETTINGS_MODULE": "studio.settings", "STUDIO_DATA_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.colony", json.dumps(order)], cwd=ROOT, check=False, text=True,
        capture_output=True, env={**os.environ, **settings, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_process_may_die_at_any_write(colony: Colony, seed: int, is_long: bool, request: Any) -> None:
    kind = "statement" if "sqlite" in request.node.name else "write"
    # They are about 230 statements in 50 writes, and what comes after the last is not part of the run; how many
    # there are depends on what falls into one write, so that only the earlier half is reached for sure.
    sure, last = (115, 280) if kind == "statement" else (25, 70)
    chance = random.Random(seed)
    some = sorted([*chance.sample(range(sure), 2), *chance.sample(range(sure, last), 3)])
    fallen = colony("sweep", points=list(range(last)) if is_long else some, kind=kind)
    assert [each for each in fallen if each["open"] or each["wrong"] or each["again"] or each["unkept"]] == []
    died = [each["point"] for each in fallen if each["died"]]
    # Nothing but what was under way, three at a time, was performed again.
    assert all(BODIES <= each["bodies"] <= BODIES + 3 for each in fallen)
    assert len(died) >= (last // 2 if is_long else 2), "the points are too late in the run to mean anything"


def test_many_runs_outlive_a_storm(colony: Colony, seed: int, is_long: bool) -> None:
    size = {"runs": 200, "workers": 4, "strokes": 300} if is_long else {"runs": 8, "workers": 3, "strokes": 10}
    seen = colony("storm", seed=seed, **size)
    assert (seen["open"], seen["wrong"], seen["unkept"]) == ([], [], [])
    # Of very many strokes three may hit the same step.
    assert seen["given_up"] == [] or is_long
    assert STEPS * (size["runs"] - len(seen["given_up"])) <= seen["different"] <= STEPS * size["runs"]
    # One step is tried twice anyway.
    assert seen["most"] <= CRASH_LIMIT + 1


@pytest.mark.parametrize(
    ("verb", "refusals"),
    [
        ("start", {"run_already_started"}),
        ("answer", {"resume_already_claimed", "not_suspended"}),
        ("cancel", set()),
    ],
)
def test_of_six_processes_that_do_the_same_one_wins(
    colony: Colony, is_long: bool, verb: str, refusals: set[str]
) -> None:
    runs = 200 if is_long else 12
    seen = colony("race", verb=verb, rounds=runs, racers=RACERS)
    assert seen["recorded"] == [1] * runs
    assert seen["wrong"] == []
    assert set(seen["else"]) <= refusals
    # To cancel what is canceled is no mistake; all are told that it is.
    assert seen["won"] == [RACERS if verb == "cancel" else 1] * runs
