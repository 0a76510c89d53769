"""Copy the embedded database into a file while the studio runs; PostgreSQL has `pg_dump` for that."""

from __future__ import annotations

import argparse
import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection


class Command(BaseCommand):
    help = (
        "Copy the SQLite database into FILE, as it is at this moment. Safe while a studio runs. "
        "To restore, stop the studio and put the file in place of studio.sqlite3 in the data folder."
    )
    # What is copied may be of another version.
    requires_system_checks: list[str] = []  # noqa: RUF012 - so Django declares it

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="a file that is not there yet")

    def handle(self, *, file: Path, **_: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError(f"This is PostgreSQL; use its own tool: {dump_command(file)}")
        source = Path(str(connection.settings_dict["NAME"]))
        if not source.is_file() or not source.stat().st_size:
            raise CommandError(f"There is no database at {source}; say where it is with STUDIO_DATA_DIR.")
        size = copied(source, file)
        self.stdout.write(f"{size:,} bytes copied to {file}. Keep the secret_key of the data folder with it.")


def dump_command(file: Path) -> str:
    """Write the command that dumps a PostgreSQL, without its password."""
    settings = connection.settings_dict
    options = {"--host": settings["HOST"], "--port": settings["PORT"], "--username": settings["USER"]}
    given = [f"{name}={value}" for name, value in options.items() if value]
    return shlex.join(["pg_dump", "--format=custom", f"--file={file}", *given, str(settings["NAME"])])


def copied(source: Path, file: Path) -> int:
    """Copy a database in one read, which holds nobody up, and look whether the copy is whole. Returns its size.

    Raises: CommandError when the file is there already, cannot be written, or is not whole
    """
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise CommandError(f"{file} is there already; choose another name.") from error
    except OSError as error:
        raise CommandError(f"{file} cannot be written ({error.strerror}); choose another place.") from error
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            opened.execute("VACUUM INTO ?", (str(file),))
        with closing(sqlite3.connect(file)) as copy:
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        file.unlink()
        raise CommandError(f"The database could not be copied ({error}); nothing was kept.") from error
    if found != "ok":
        file.unlink()
        raise CommandError(f"The copy is not whole ({found}); check the disk, then try again.")
    return file.stat().st_size
