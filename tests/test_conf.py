"""`settings.WORKFLOWS`: defaults, refusals, and the checks that `manage.py` makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from workflows_app import checks
from workflows_app.checks import check_conf, check_disk, check_https, check_layer, check_secret, check_sqlite
from workflows_app.conf import get_conf


def test_what_is_left_out_has_its_default(settings: Settings) -> None:
    settings.WORKFLOWS = {"POLL_SECONDS": 0.5}
    conf = get_conf()
    assert (conf.poll_seconds, conf.lease_seconds) == (0.5, 30.0)


@pytest.mark.parametrize(
    ("workflows", "fault"),
    [
        ({"LEASE": 3}, "LEASE: Extra inputs are not permitted"),
        ({"lease_seconds": 3}, "lease_seconds: Extra inputs"),
        ({"POLL_SECONDS": 0}, "POLL_SECONDS: Input should be greater than 0"),
        ({"POLL_SECONDS": float("inf")}, "POLL_SECONDS: Input should be a finite number"),
        ({"DURABILITY": "some"}, "DURABILITY: Input should be 'normal' or 'full'"),
        ({"RETENTION_DAYS": 0}, "RETENTION_DAYS: Input should be greater than 0"),
        ({"MAX_PAYLOAD_BYTES": -1}, "MAX_PAYLOAD_BYTES: Input should be greater than 0"),
        ({"PUSH_KEY": "short"}, "PUSH_KEY: Value error, give 32 random bytes in base64url"),
        ({"LEASE_SECONDS": 2, "TICK_SECONDS": 1}, "more than twice TICK_SECONDS"),
        ([], "WORKFLOWS: Input should be a valid dictionary"),
    ],
)
def test_a_wrong_value_is_refused_by_name(settings: Settings, workflows: Any, fault: str) -> None:
    settings.WORKFLOWS = workflows
    with pytest.raises(ImproperlyConfigured, match=fault):
        get_conf()
    assert [error.id for error in check_conf(None)] == ["workflows.E001"]


def test_the_settings_we_ship_pass_their_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests make databases of their own known.
    monkeypatch.setattr(django_settings, "DATABASES", {"default": django_settings.DATABASES["default"]})
    assert check_conf(None) == check_sqlite(None) == check_disk(None) == check_secret(None) == []


@pytest.mark.parametrize(
    ("missing", "error"), [("transaction_mode", "workflows.E002"), ("init_command", "workflows.E003")]
)
def test_a_database_whose_writers_would_fail_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, missing: str, error: str
) -> None:
    monkeypatch.delitem(settings.DATABASES["default"]["OPTIONS"], missing)
    assert [fault.id for fault in check_sqlite(None)] == [error]


def test_a_layer_of_one_process_is_named_before_deployment(settings: Settings) -> None:
    assert [note.id for note in check_layer(None)] == ["workflows.W001"]
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}
    assert check_layer(None) == []


@pytest.mark.parametrize(
    ("mounts", "notes"),
    [
        ("/dev/sda1 / ext4 rw 0 0\nfiler:/home {folder} nfs4 rw 0 0", ["workflows.W002"]),
        ("filer:/ / nfs rw 0 0\n/dev/sda1 {folder} ext4 rw 0 0", []),
        ("/dev/sda1 / ext4 rw 0 0\nfiler:/home {folder}elsewhere cifs rw 0 0", []),
        ("host {folder} fuse.sshfs rw 0 0", ["workflows.W002"]),
        ("C: {folder} 9p rw 0 0", ["workflows.W002"]),
        ("", []),
    ],
)
def test_a_database_on_a_network_share_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mounts: str, notes: list[str]
) -> None:
    folder = tmp_path / "a share"
    folder.mkdir()
    (tmp_path / "mounts").write_text(mounts.format(folder=str(folder).replace(" ", "\\040")))
    monkeypatch.setattr(checks, "MOUNTS", tmp_path / "mounts")
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(folder / "studio.sqlite3"))
    assert [note.id for note in check_disk(None)] == notes


def test_a_secret_that_other_processes_cannot_know_is_named_before_deployment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert [note.id for note in check_secret(None)] == ["workflows.W003"]
    settings.SECRET_KEY = "the same everywhere, and as long as it should be, which is fifty letters"
    assert check_secret(None) == []


@pytest.mark.parametrize(
    ("auth", "is_secure", "notes"), [("django", False, ["workflows.W004"]), ("allauth", True, []), ("none", False, [])]
)
def test_passwords_that_could_be_read_on_their_way_are_named_before_deployment(
    settings: Settings, auth: str, is_secure: bool, notes: list[str]
) -> None:
    settings.STUDIO_AUTH, settings.SESSION_COOKIE_SECURE = auth, is_secure
    assert [note.id for note in check_https(None)] == notes
