"""Copying the database while runs are performed, and putting the copy back."""

from __future__ import annotations

import io
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.web.studio import answered, orders
from workflows_app import runtime
from workflows_app.models import Event


def backup(file: Path) -> str:
    out = io.StringIO()
    call_command("backup", str(file), stdout=out)
    return out.getvalue()


@pytest.fixture
def studio(transactional_db: None, settings: Any) -> Any:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.journeys"]}
    runtime.process.catalogue = None
    runtime.start_background()
    yield
    runtime.stop_background()
    runtime.process.catalogue = None


@pytest.mark.usefixtures("studio")
def test_a_running_studio_is_copied_whole(tmp_path: Path) -> None:
    answered(orders())
    copy = tmp_path / "copy.sqlite3"
    assert f"bytes copied to {copy}" in backup(copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    answered(orders())
    with closing(sqlite3.connect(copy)) as opened:
        (events,) = opened.execute("SELECT count(*) FROM workflows_app_event").fetchone()
        assert opened.execute("SELECT status FROM workflows_app_run").fetchall() == [("success",)]
    assert 0 < events < Event.objects.count()


@pytest.mark.django_db
def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        backup(there)
    assert there.read_text() == "mine"
    with pytest.raises(CommandError, match=r"cannot be written \(No such file"):
        backup(tmp_path / "nowhere" / "copy")


@pytest.mark.django_db
def test_what_is_no_database_leaves_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    monkeypatch.setitem(connection.settings_dict, "NAME", broken)
    with pytest.raises(CommandError, match="There is no database at"):
        backup(tmp_path / "copy")
    broken.write_text("no database " * 100)
    with pytest.raises(CommandError, match="could not be copied"):
        backup(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.django_db
def test_postgresql_is_left_to_its_own_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(connection), "vendor", "postgresql", raising=False)
    monkeypatch.setattr(
        type(connection), "settings_dict",
        {"NAME": "flows", "HOST": "db", "PORT": 5433, "USER": "ada", "PASSWORD": "secret"}, raising=False,
    )  # fmt: skip
    with pytest.raises(CommandError) as refused:
        backup(Path("copy.dump"))
    assert "pg_dump --format=custom --file=copy.dump --host=db --port=5433 --username=ada flows" in str(refused.value)
    assert "secret" not in str(refused.value)
