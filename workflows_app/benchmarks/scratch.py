"""A database that lives as long as a measurement: a file in a temporary folder, or one of a server."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Description = dict[str, Any]
"""What Django's `DATABASES` says about one database."""


@contextmanager
def scratch_database(kind: str, durability: str, server: str) -> Iterator[Description]:
    """Make an empty database and drop it in the end. `kind` is `sqlite` or `postgres`."""
    with postgresql(server) if kind == "postgres" else sqlite(durability) as description:
        yield description


@contextmanager
def sqlite(durability: str) -> Iterator[Description]:
    with tempfile.TemporaryDirectory(prefix="studio-benchmark-") as folder:
        yield {
            "ENGINE": "django.db.backends.sqlite3",
            # As a studio calls it that has this folder as its own.
            "NAME": str(Path(folder) / "studio.sqlite3"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {durability.upper()};"
                    "PRAGMA journal_size_limit = 67108864"
                ),
            },
        }


@contextmanager
def postgresql(server: str) -> Iterator[Description]:
    # The driver is an extra that only who uses PostgreSQL has.
    import psycopg
    from psycopg import sql

    name = f"studio_benchmark_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            info = connection.info
            yield {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": name,
                "USER": info.user,
                "PASSWORD": info.password,
                "HOST": info.host,
                "PORT": str(info.port),
            }
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
