"""What the environment may say, and the sentence that a wrong value gets."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

import manage
from studio import environment


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("STUDIO_AUTH", "basic", lambda name: environment.env_choice(name, "none", "django")),
        ("STUDIO_DEBUG", "yes", environment.env_bool),
        ("STUDIO_TIME_ZONE", "Mars/Olympus", environment.env_time_zone),
        ("STUDIO_TIME_ZONE", "../etc/passwd", environment.env_time_zone),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, read: Callable[[str], Any]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name} is '{value}'; set it to"):
        read(name)


@pytest.mark.parametrize(
    "url",
    ["mysql://db/flows", "postgresql://db", "postgresql://db:first/flows", "flows", "postgresql://[db/flows"],
)
def test_a_wrong_database_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="STUDIO_DATABASE, or DATABASE_URL, must look like") as refused:
        environment.postgresql(url)
    assert url not in str(refused.value)


def test_a_database_address_is_taken_apart() -> None:
    database = environment.postgresql("postgresql://ada:p%40ss@db.example:5433/flows?sslmode=require")
    assert database == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "flows",
        "USER": "ada",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": 5433,
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize(("ours", "theirs"), environment.ALSO.items())
def test_a_variable_may_have_the_name_that_hosts_give_it(
    monkeypatch: pytest.MonkeyPatch, ours: str, theirs: str
) -> None:
    assert environment.env(ours) == ""
    monkeypatch.setenv(theirs, "theirs")
    assert environment.env(ours) == "theirs"
    monkeypatch.setenv(ours, "ours")
    assert environment.env(ours) == "ours"


@pytest.mark.parametrize(
    ("describe", "url", "said"),
    [
        (environment.postgresql, "postgresql://db/flows", "STUDIO_DATABASE, .* psycopg is not .* 'psycopg\\[binary\\]"),
        (environment.redis_layer, "redis://cache", "STUDIO_REDIS, .* channels_redis is not .* 'channels-redis>"),
    ],
)
def test_a_driver_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, describe: Callable[[str], Any], url: str, said: str
) -> None:
    describe(url)
    monkeypatch.setattr(environment, "find_spec", lambda module: None)
    with pytest.raises(ImproperlyConfigured, match=said):
        describe(url)


@pytest.mark.parametrize("url", ["smtp://", "mail.example.org", "http://mail.example.org", "smtp://mail:first"])
def test_a_wrong_mail_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="STUDIO_MAIL must be console, or look like") as refused:
        environment.mail(url)
    assert "first" not in str(refused.value)


@pytest.mark.parametrize(("scheme", "port", "ssl", "tls"), [("smtp", 25, False, False), ("smtps", 465, True, False)])
def test_a_mail_server_is_taken_apart(scheme: str, port: int, ssl: bool, tls: bool) -> None:
    assert environment.mail(f"{scheme}://ada:p%40ss@mail.example.org") == {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "mail.example.org",
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": "ada",
        "EMAIL_HOST_PASSWORD": "p@ss",
        "EMAIL_USE_SSL": ssl,
        "EMAIL_USE_TLS": tls,
    }


def test_without_a_mail_server_mails_are_printed() -> None:
    printed = {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    assert environment.mail("") == environment.mail("console") == printed


def test_the_data_folder_and_its_files_are_for_their_owner_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "new" / "data"))
    folder = environment.env_folder("STUDIO_DATA_DIR", tmp_path)
    environment.stored_secret_key(folder / "secret_key")
    database = environment.sqlite(folder / "studio.sqlite3", "full")
    assert [mode(folder), mode(folder / "secret_key"), mode(database["NAME"])] == [0o700, 0o600, 0o600]
    assert "synchronous = FULL" in database["OPTIONS"]["init_command"]


def test_a_folder_that_cannot_be_made_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(ImproperlyConfigured, match="choose another one with --data-dir or STUDIO_DATA_DIR"):
        environment.env_folder("STUDIO_DATA_DIR", tmp_path)


def test_the_secret_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    key = environment.stored_secret_key(path)
    assert len(key) > 60
    assert environment.stored_secret_key(path) == key


def test_an_empty_secret_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(ImproperlyConfigured, match="delete it and start again"):
        environment.stored_secret_key(tmp_path / "secret_key")


def test_other_hosts_need_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_ALLOWED_HOSTS", "localhost, studio.example")
    with pytest.raises(ImproperlyConfigured, match="STUDIO_AUTH=django"):
        environment.allowed_hosts("none")
    assert environment.allowed_hosts("django") == ["localhost", "127.0.0.1", "[::1]", "studio.example"]


def test_a_host_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_ALLOWED_HOSTS", "*")
    with pytest.raises(ImproperlyConfigured, match="name the hosts"):
        environment.allowed_hosts("django")


def test_options_that_shape_the_settings_reach_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STUDIO_DATA_DIR", "before")
    monkeypatch.setenv("STUDIO_WORKFLOWS", "before")
    monkeypatch.syspath_prepend(tmp_path)
    manage.export_early_options(["--port", "1", "--workflows", "one", "two.flows", "--data-dir", "here"])
    assert os.environ["STUDIO_DATA_DIR"] == "here"
    assert os.environ["STUDIO_WORKFLOWS"] == "one,two.flows"


def test_every_command_takes_the_options_that_shape_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("STUDIO_DATA_DIR", "STUDIO_WORKFLOWS"):
        monkeypatch.setenv(name, "before")
    monkeypatch.syspath_prepend(tmp_path)
    asked = ["manage.py", "runworkflow", "order", "--data-dir", "here", "--input", "{}", "--workflows", "shop.flows"]
    assert manage.without_early_options(asked) == ["manage.py", "runworkflow", "order", "--input", "{}"]
    assert (os.environ["STUDIO_DATA_DIR"], os.environ["STUDIO_WORKFLOWS"]) == ("here", "shop.flows")
    asked = ["manage.py", "studio", "--data-dir", "there"]
    assert manage.without_early_options(asked) == asked
    assert os.environ["STUDIO_DATA_DIR"] == "there"


def test_modules_that_the_environment_names_are_looked_for_where_one_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STUDIO_WORKFLOWS", "shop.flows")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    manage.without_early_options(["manage.py", "runs"])
    assert sys.path[-1] == str(tmp_path)
