"""`manage.py supervise` on a database that cannot be used: it says so in a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.process import ROOT, environment_of


def refused(data_dir: Path, **environment: str) -> str:
    """Give what the command says last when it does not start."""
    done = subprocess.run(
        [sys.executable, "manage.py", "supervise"], cwd=ROOT, env={**environment_of(data_dir), **environment},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    return done.stderr.strip().rpartition("\n")[2]


def test_it_wants_the_tables(tmp_path: Path) -> None:
    said = refused(tmp_path)
    assert said.startswith("CommandError: The database cannot be used (no such table: ")
    assert said.endswith("check STUDIO_DATABASE or the data folder, and run migrate.")


def test_it_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "studio.sqlite3").write_text("a note, not a database; long enough to have a header" * 20)
    assert refused(tmp_path).startswith("CommandError: The database cannot be used (file is not a database); ")


def test_it_refuses_a_database_that_nobody_serves(tmp_path: Path) -> None:
    said = refused(tmp_path, STUDIO_DATABASE="postgresql://studio@127.0.0.1:9/studio?connect_timeout=5")
    assert said.startswith("CommandError: The database cannot be used (connection failed: ")
