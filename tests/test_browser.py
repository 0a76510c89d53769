"""Run the browser's journeys, in a pytest of their own (see `pytest_ignore_collect` in conftest.py)."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.process import ROOT


def test_a_person_can_do_the_main_jobs_in_a_real_browser(chromium: str) -> None:
    journeys = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/browser", "-n2", "-rA", "--color=no"],
        cwd=ROOT,
        env={**os.environ, "STUDIO_TEST_CHROMIUM": chromium},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(journeys.stdout)
    assert journeys.returncode == 0, journeys.stdout
