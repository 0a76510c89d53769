"""Two studios on one database: neither takes the other's work, and each sees the other's wishes."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.process import ROOT

from .conftest import Site, kill, paced

SETTINGS = {"DJANGO_SETTINGS_MODULE": "studio.settings"}
SHORT_LEASE = paced(lease=1.5, tick=0.25)


def test_a_studio_that_starts_leaves_the_runs_of_another_alone(any_site: Site) -> None:
    site = any_site
    run_id = site.visit(site.start()).start("slow")
    site.until(site.bodies)
    site.start()
    assert site.run(run_id).status == "running"
    site.release()
    site.until_end(run_id)
    assert site.run(run_id).status == "success"
    assert site.bodies() == {f"{run_id}:slow": 1}
    assert site.violations() == []


def test_a_supervisor_without_pages_takes_over(site: Site) -> None:
    studio = site.start()
    run_id = site.visit(studio).start("slow")
    supervisor = subprocess.Popen(
        [sys.executable, "manage.py", "supervise"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **site.environment, "STUDIO_DATA_DIR": str(site.data_dir), **SETTINGS},
    )  # fmt: skip
    try:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "Runs are supervised (Ctrl-C stops it).\n"
        kill(studio)
        site.until(lambda: site.bodies() == {f"{run_id}:slow": 2})
        site.release()
        site.until_end(run_id)
        assert site.run(run_id).status == "success"
    finally:
        supervisor.terminate()
        assert supervisor.communicate(timeout=30)[0] == ""
    assert supervisor.returncode == 0
    assert site.violations() == []


def test_a_cancel_in_one_studio_reaches_a_step_in_another(site: Site) -> None:
    run_id = site.visit(site.start()).start("listening")
    other = site.start()
    site.until(site.bodies)
    site.visit(other).cancel(run_id)
    site.until(lambda: len(site.bodies()) == 2)
    site.until_end(run_id)
    assert site.run(run_id).status == "canceled"
    # It was heard of in time: what comes after the grace is dropped.
    assert site.finished_steps(run_id) == {f"{run_id}:listen"}
    assert site.bodies() == {f"{run_id}:listen": 1, f"{run_id}:listen aborted": 1}
    assert site.violations() == []


def test_a_step_that_blocks_the_loop_for_longer_than_the_lease_keeps_it(site: Site) -> None:
    run_id = site.visit(site.start(**SHORT_LEASE)).start("blocking")
    site.until(site.bodies)
    site.start(**SHORT_LEASE)
    site.until_end(run_id)
    assert site.run(run_id).status == "success"
    assert site.bodies() == {f"{run_id}:block": 1}
    assert site.violations() == []
