"""System checks: what `manage.py` says before it starts, when a setting would cost data or surprise.

An error is what would lose or block writes; a note is a choice that somebody should have made knowingly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from workflows_app.conf import get_conf

LOCAL_LAYER = "channels.layers.InMemoryChannelLayer"
SQLITE = "django.db.backends.sqlite3"
MOUNTS = Path("/proc/self/mounts")
SHARES = re.compile(r"(fuse\.)?(nfs4?|cifs|smb\w*|9p|sshfs|afs|ceph\w*|glusterfs|lustre|beegfs|davfs)")


@register
def check_conf(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Report a `settings.WORKFLOWS` that cannot be used."""
    try:
        get_conf()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct or remove what is named.", id="workflows.E001")]
    return []


@register
def check_sqlite(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Report an SQLite whose writers would fail instead of waiting for one another."""
    return [
        fault
        for alias, database in settings.DATABASES.items()
        if database["ENGINE"] == SQLITE
        for fault in sqlite_faults(alias, database.get("OPTIONS", {}))
    ]


def sqlite_faults(alias: str, options: dict[str, Any]) -> list[CheckMessage]:
    faults: list[CheckMessage] = []
    if str(options.get("transaction_mode")).upper() != "IMMEDIATE":
        faults.append(
            Error(
                f"Transactions of the SQLite database {alias!r} do not begin as IMMEDIATE.",
                hint="Set OPTIONS['transaction_mode'] to 'IMMEDIATE', so that writers queue.",
                id="workflows.E002",
            )
        )
    if "journal_mode=wal" not in str(options.get("init_command", "")).lower().replace(" ", ""):
        faults.append(
            Error(
                f"The SQLite database {alias!r} has no write-ahead log.",
                hint="Add 'PRAGMA journal_mode = WAL' to OPTIONS['init_command'], so that pages read while runs write.",
                id="workflows.E003",
            )
        )
    return faults


@register
def check_disk(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Say that an SQLite lies where its processes do not share memory, or locks are not kept."""
    return [
        Warning(
            f"The SQLite database {alias!r} is on a network share ({kind}); several processes could damage it.",
            hint="Keep it on a disk of this machine, or use PostgreSQL.",
            id="workflows.W002",
        )
        for alias, database in settings.DATABASES.items()
        if database["ENGINE"] == SQLITE and SHARES.fullmatch(kind := file_system_of(Path(database["NAME"])))
    ]


def file_system_of(path: Path) -> str:
    """Name the kind of file system that a path is on; nothing where the system does not tell."""
    found: list[tuple[int, str]] = []
    with suppress(OSError):
        for line in MOUNTS.read_text().splitlines():
            _, place, kind, *_ = line.split(" ")
            # Spaces are written as octal numbers; of mounts on one place the last counts.
            if path.resolve().is_relative_to(place.replace("\\040", " ")):
                found.append((len(place), kind))
    return sorted(found, key=lambda mount: mount[0])[-1][1] if found else ""


@register(deploy=True)
def check_secret(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Say that the secret key is this data folder's alone, though processes elsewhere may serve the same database."""
    key = Path(settings.DATA_DIR) / "secret_key"
    alone = all(database["ENGINE"] == SQLITE for database in settings.DATABASES.values())
    if alone or not key.exists() or key.read_text().strip() != settings.SECRET_KEY:
        return []
    return [
        Warning(
            "The secret key is the one in the data folder, which other processes do not know.",
            hint="Set STUDIO_SECRET_KEY to the same text for all of them; else people are signed out as they move "
            "between them, and links in mails are refused.",
            id="workflows.W003",
        )
    ]


@register(deploy=True)
def check_layer(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Say that open pages of other processes hear of news only by looking."""
    if settings.CHANNEL_LAYERS["default"]["BACKEND"] != LOCAL_LAYER:
        return []
    return [
        Warning(
            "The channel layer stays inside one process.",
            hint=f"With several processes, open pages see news after up to {get_conf().poll_seconds:g} s; "
            "set STUDIO_REDIS to make it instant.",
            id="workflows.W001",
        )
    ]


@register(deploy=True)
def check_https(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Say that passwords could be read on their way, in the words of our own settings."""
    if settings.STUDIO_AUTH == "none" or settings.SESSION_COOKIE_SECURE:
        return []
    return [
        Warning(
            "People sign in, and nothing says that their passwords and sessions cross the network encrypted.",
            hint="Put a proxy in front that speaks TLS, and set STUDIO_HTTPS=true.",
            id="workflows.W004",
        )
    ]
