"""Readers of the environment: a bad value is refused in a sentence that says what would do."""

from __future__ import annotations

import os
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

MAIL_PORTS = {"smtp": 25, "smtps": 465, "smtp+tls": 587}
LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]
ALSO = {"STUDIO_DATABASE": "DATABASE_URL", "STUDIO_REDIS": "REDIS_URL", "STUDIO_DURABILITY": "DURABILITY"}
"""What hosts and other tools call the same. Our own name wins."""


def env(name: str) -> str:
    """Read a variable by our name, else by the one that hosts give it; what is not set is empty."""
    return os.environ.get(name) or os.environ.get(ALSO.get(name, ""), "")


def env_choice(name: str, *choices: str) -> str:
    """Read one of a few words; the first is the default."""
    value = env(name) or choices[0]
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to one of: {', '.join(choices)}.")
    return value


def env_bool(name: str) -> bool:
    return env_choice(name, "false", "true") == "true"


def env_list(name: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


def env_origins(name: str) -> list[str]:
    """Read origins, as in https://app.example.org; a path or a star is refused."""
    origins = env_list(name)
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or "*" in origin or parts.path or parts.query:
            raise ImproperlyConfigured(f"{name} has {origin!r}; write origins like https://app.example.org.")
    return origins


def env_time_zone(name: str) -> str:
    value = os.environ.get(name) or "UTC"
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to a zone like Europe/Paris.") from error
    return value


def env_folder(name: str, default: Path) -> Path:
    """Read a folder and make it, readable by its owner only."""
    folder = Path(os.environ.get(name) or default).expanduser().resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot make the data folder {folder} ({error.strerror}); choose another one with --data-dir or {name}."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(
            f"Cannot write to the data folder {folder}; change its permissions, "
            f"or choose another one with --data-dir or {name}."
        )
    return folder


def own_file(path: Path, content: str = "") -> Path:
    """Make a file that only its owner may read, unless it is there already."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path
    except OSError as error:
        raise ImproperlyConfigured(f"Cannot write {path} ({error.strerror}); change its permissions.") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    return path


def stored_secret_key(path: Path) -> str:
    """Read the key of this installation; the first start makes it."""
    try:
        key = own_file(path, secrets.token_urlsafe(50)).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"Cannot read {path} ({error.strerror}); change its permissions.") from error
    if len(key) < 50:
        raise ImproperlyConfigured(f"{path} holds no secret key; delete it and start again to get a new one.")
    return key


def need(module: str, name: str, package: str) -> None:
    """Refuse what cannot be done without a driver. Raises: ImproperlyConfigured saying how to install it"""
    if find_spec(module) is None:
        raise ImproperlyConfigured(
            f"{name} is set, but {module} is not installed; run pip install {package!r}, or unset it."
        )


def server_of(url: str, wanted: str, *schemes: str) -> SplitResult:
    """Read the address of a server. Raises: ImproperlyConfigured saying what it must look like"""
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(wanted) from error
    if parts.scheme not in schemes:
        raise ImproperlyConfigured(wanted)
    return parts


def postgresql(url: str) -> dict[str, Any]:
    """Turn `postgresql://user:password@host:port/name?option=value` into Django's form."""
    wanted = "STUDIO_DATABASE, or DATABASE_URL, must look like postgresql://user:password@host:port/name."
    parts = server_of(url, wanted, "postgresql", "postgres")
    name = unquote(parts.path.strip("/"))
    if not name:
        raise ImproperlyConfigured(wanted)
    need("psycopg", "STUDIO_DATABASE, or DATABASE_URL,", "psycopg[binary]>=3.2,<4")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def redis_layer(url: str) -> dict[str, Any]:
    """Describe a channel layer that several processes share."""
    need("channels_redis", "STUDIO_REDIS, or REDIS_URL,", "channels-redis>=4.3,<5")
    return {"BACKEND": "workflows_app.adapters.redis.PatientRedisLayer", "CONFIG": {"hosts": [url]}}


def mail(url: str) -> dict[str, Any]:
    """Turn `smtp://user:password@host:port` into Django's settings; without one, mails are printed."""
    if not url or url == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    wanted = "STUDIO_MAIL must be console, or look like smtp://user:password@host:port (or smtps://, or smtp+tls://)."
    parts = server_of(url, wanted, *MAIL_PORTS)
    if not parts.hostname:
        raise ImproperlyConfigured(wanted)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or MAIL_PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
    }


def sqlite(path: Path, durability: str) -> dict[str, Any]:
    """Describe the embedded database: write-ahead log, writers queue instead of failing."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": own_file(path),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode = WAL;"
                f"PRAGMA synchronous = {durability.upper()};"
                "PRAGMA journal_size_limit = 67108864"
            ),
        },
    }


def allowed_hosts(auth: str) -> list[str]:
    """Read the names the studio answers to; without accounts only those of this machine."""
    hosts = env_list("STUDIO_ALLOWED_HOSTS")
    foreign = sorted(set(hosts) - set(LOOPBACK_NAMES))
    if auth == "none" and foreign:
        raise ImproperlyConfigured(
            f"STUDIO_ALLOWED_HOSTS names {', '.join(foreign)}, but nobody signs in; set STUDIO_AUTH=django."
        )
    if "*" in hosts:
        raise ImproperlyConfigured("STUDIO_ALLOWED_HOSTS is '*'; name the hosts that people type.")
    return [*LOOPBACK_NAMES, *foreign]
