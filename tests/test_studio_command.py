"""`manage.py studio`, run as a person runs it."""

from __future__ import annotations

import http.client
import signal
import socket
import sqlite3
import stat
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.process import StudioProcess, spawn

Start = Callable[..., StudioProcess]


def refused(data_dir: Path, *options: str, **environment: str) -> str:
    """Start a studio that must not come up; return the one sentence that it says."""
    process = spawn(data_dir, *options, **environment)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 1, output
    assert output.count("\n") == 1, output
    return output


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310
        content: bytes = answer.read()
        return content


def tables(data_dir: Path) -> set[str]:
    with sqlite3.connect(data_dir / "studio.sqlite3") as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    return names


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_pages_and_stops_cleanly(start_studio: Start, how: signal.Signals) -> None:
    studio = start_studio()
    with urllib.request.urlopen(f"{studio.address}/", timeout=30) as answer:  # noqa: S310
        assert answer.status == 200
    assert studio.stop(how) == 0
    assert studio.output == ""


def test_it_stops_though_somebody_still_waits_for_an_answer(start_studio: Start) -> None:
    studio = start_studio("--workflows", "tests.workflows.journeys")
    address = studio.address.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=30)
    headers = {"content-type": "application/json"}
    connection.request("POST", "/api/workflows/patient/start-async", '{"inputData": {"seconds": 60}}', headers)
    while b'"running"' not in get(f"{studio.address}/api/workflows/patient/runs"):
        pass
    assert studio.stop() == 0
    connection.close()
    assert studio.output == ""


def test_it_says_what_could_not_be_read_and_serves_the_rest(start_studio: Start) -> None:
    studio = start_studio("--workflows", "tests.workflows.broken", "--workflows", "tests.workflows.rich")
    with urllib.request.urlopen(f"{studio.address}/workflows/", timeout=30) as answer:  # noqa: S310
        page = answer.read().decode()
    assert "Pays a claim." in page
    assert "tests.workflows.broken" in page
    assert any("tests.workflows.broken is left out: RuntimeError: The key" in line for line in studio.said)


def test_it_serves_on_the_other_loopback(start_studio: Start) -> None:
    studio = start_studio("--host", "::1")
    assert studio.address.startswith("http://[::1]:")
    with urllib.request.urlopen(f"{studio.address}/", timeout=30) as answer:  # noqa: S310
        assert answer.status == 200


def test_it_keeps_little_of_a_body_that_is_too_long(start_studio: Start) -> None:
    address = start_studio().address.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("POST", "/api/x", body=b"x" * 6_000_000, headers={"content-type": "application/json"})
    assert connection.getresponse().status == 413
    connection.close()


def test_it_keeps_its_data_for_the_owner_only(start_studio: Start) -> None:
    studio = start_studio()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in studio.data_dir.iterdir()}
    assert stat.S_IMODE(studio.data_dir.stat().st_mode) == 0o700
    assert {"secret_key", "studio.sqlite3"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_it_starts_again_on_the_same_data(start_studio: Start, tmp_path: Path) -> None:
    start_studio().stop()
    key = (tmp_path / "data" / "secret_key").read_text()
    start_studio()
    assert (tmp_path / "data" / "secret_key").read_text() == key


def test_it_refuses_a_taken_port_before_it_touches_the_database(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = refused(tmp_path, "--port", port)
    assert sentence.startswith(f"Port {port} of 127.0.0.1 is in use; ")
    assert "--port" in sentence
    assert tables(tmp_path) == set()


def test_it_refuses_a_folder_it_cannot_write_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "choose another one with --data-dir" in refused(tmp_path / "file" / "data")


def test_it_refuses_a_database_that_a_later_version_has_changed(start_studio: Start, tmp_path: Path) -> None:
    start_studio().stop()
    with sqlite3.connect(tmp_path / "data" / "studio.sqlite3") as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '9999_later', '2030-01-01')"
        )
    connection.close()
    sentence = refused(tmp_path / "data")
    assert sentence.startswith("The database is newer than this version of the studio (it has auth.9999_later); ")


def test_it_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "studio.sqlite3").write_text("a note, not a database; long enough to have a header" * 20)
    assert refused(tmp_path).startswith("The database cannot be used (file is not a database); ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_it_refuses_to_listen_to_others_without_accounts(tmp_path: Path, host: str) -> None:
    assert "set STUDIO_AUTH=django" in refused(tmp_path, "--host", host)


def test_it_refuses_an_address_that_this_machine_does_not_have(tmp_path: Path) -> None:
    sentence = refused(tmp_path, "--host", "192.0.2.1", STUDIO_AUTH="django")
    assert sentence.startswith("Cannot listen on 192.0.2.1, port 0 (")


def test_it_refuses_a_wrong_setting_in_one_sentence(tmp_path: Path) -> None:
    assert refused(tmp_path, STUDIO_AUTH="basic").startswith("STUDIO_AUTH is 'basic'; set it to one of: none, ")
