"""`kill -9` of the studio, and then a start on the same data: every run goes on where it was."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from tests.process import ROOT

from .conftest import Site, kill, paced
from .flows import AT_ONCE, ITEMS, SLEEP_SECONDS

LATE_SECONDS = 10.0
LONG_LEASE = paced(lease=3600)
SETTINGS = {"DJANGO_SETTINGS_MODULE": "studio.settings"}
BODIES = 8 + ITEMS + 1


def test_a_run_goes_on_at_once_and_repeats_only_what_was_under_way(any_site: Site) -> None:
    site = any_site
    studio = site.start(**LONG_LEASE)
    run_id = site.visit(studio).start("long")
    site.until(lambda: len(site.bodies()) >= 4)
    kill(studio)
    done = site.finished_steps(run_id)
    site.start(**LONG_LEASE)
    site.until_end(run_id)
    bodies = site.bodies()
    assert site.run(run_id).status == "success"
    assert {name: count for name, count in bodies.items() if name in done and count > 1} == {}
    assert len(bodies) == BODIES
    assert bodies.total() <= BODIES + 1
    assert site.violations() == []


def test_a_run_survives_kills_at_random_moments(site: Site) -> None:
    chance = random.Random(20)
    studio = site.start()
    run_id = site.visit(studio).start("long")
    for _ in range(5):
        time.sleep(chance.uniform(0.05, 1.0))
        kill(studio)
        done, before = site.finished_steps(run_id), site.bodies()
        assert site.violations() == []
        studio = site.start()
    site.until_end(run_id)
    bodies = site.bodies()
    assert site.run(run_id).status == "success"
    assert {name for name in done if bodies[name] > before[name]} == set()
    assert len(bodies) == BODIES
    assert bodies.total() <= BODIES + 5 * AT_ONCE
    assert site.violations() == []


def test_a_suspended_run_can_still_be_answered(site: Site) -> None:
    studio = site.start()
    run_id = site.visit(studio).start("question")
    site.until_status(run_id, "suspended")
    kill(studio)
    site.visit(site.start()).answer(run_id, "ask")
    site.until_end(run_id)
    assert site.run(run_id).status == "success"
    assert site.bodies() == {f"{run_id}:before": 1, f"{run_id}:ask": 2, f"{run_id}:after": 1}
    assert site.violations() == []


def test_a_sleeping_run_wakes_when_it_is_due(site: Site) -> None:
    studio = site.start()
    run_id = site.visit(studio).start("nap")
    site.until(lambda: site.events(run_id, "TimerStarted"))
    kill(studio)
    site.start()
    served = datetime.now(UTC)
    site.until_end(run_id)
    [started], [fired] = site.events(run_id, "TimerStarted"), site.events(run_id, "TimerFired")
    due = started.at + timedelta(seconds=SLEEP_SECONDS)
    # It may take longer than that until a studio is there again.
    assert due <= fired.at < max(due, served) + timedelta(seconds=LATE_SECONDS)
    assert site.bodies() == {f"{run_id}:after": 1}
    assert site.violations() == []


def test_a_step_that_kills_its_process_is_given_up_and_the_others_go_on(site: Site) -> None:
    studio = site.start()
    visitor = site.visit(studio)
    others = [visitor.start("doze"), visitor.start("question")]
    poisoned = visitor.start("poisoned")
    site.until(lambda: studio.process.poll() is not None)
    deaths = 1
    while site.run(poisoned).finished_at is None:
        deaths += site.serve_until_end_or_death(poisoned)
    assert site.bodies()[f"{poisoned}:poison"] == deaths == 3
    assert site.run(poisoned).status == "failed"
    assert "CrashLimit" in site.events(poisoned, "RunFinished")[0].data
    site.start()
    site.until_end(others[0])
    site.until_status(others[1], "suspended")
    assert site.run(others[0]).status == "success"
    assert site.violations() == []


def test_a_step_that_asks_for_the_end_of_the_process_ends_it(site: Site) -> None:
    studio = site.start()
    run_id = site.visit(studio).start("leaving")
    site.until(lambda: studio.process.poll() is not None)
    assert studio.process.returncode == 1
    assert site.run(run_id).status == "running"
    assert site.violations() == []


def test_no_acknowledged_start_is_lost(site: Site) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.starter"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **site.environment, "STUDIO_DATA_DIR": str(site.data_dir), **SETTINGS},
    )  # fmt: skip
    assert starter.stdout is not None
    acknowledged = [next(starter.stdout).strip() for _ in range(100)]
    starter.kill()
    acknowledged += [line.strip() for line in starter.communicate()[0].splitlines(keepends=True) if line[-1] == "\n"]
    site.start()
    site.until_end(*acknowledged)
    assert {site.run(run_id).status for run_id in acknowledged} == {"success"}
    assert len(acknowledged) == len(set(acknowledged)) >= 100
    assert max(site.bodies().values()) <= 2
    assert site.violations() == []
