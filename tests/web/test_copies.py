"""Copying a run as a program, a call or a test: what is copied really runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import missing
from tests.process import ROOT, StudioProcess
from tests.web.studio import accounts, answered, orders, started, wait_for

NASTY = {"none": None, "yes": True, "text": 'it\'s "quoted" $HOME `id` \\ \n ☃', "list": [1.5, {}]}


def test_the_program_and_the_call_start_the_same_run_again(
    start_studio: Callable[..., StudioProcess], tmp_path: Path
) -> None:
    if shutil.which("curl") is None:
        missing("curl", "there is no curl program")
    studio = start_studio("--workflows", "tests.workflows.journeys", data_dir=tmp_path / "data")
    with httpx.Client(base_url=studio.address) as http:
        first = http.post("/api/workflows/echo/start-async", json={"inputData": NASTY}).json()
        python, curl = (http.get(f"/runs/{first['runId']}/copy/{form}/").text for form in ("python", "curl"))
        answer = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True).stdout
        assert httpx.Response(200, text=answer).json()["result"] == NASTY
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {"STUDIO_DATA_DIR": str(tmp_path / "data"), "STUDIO_WORKFLOWS": "tests.workflows.journeys"}
    program = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports"], input=python, env=environment, cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert program.stdout.strip() == f"success {NASTY}", program.stderr


@pytest.mark.usefixtures("studio")
def test_the_test_passes_and_fails_when_the_workflow_does_otherwise(client: Client, tmp_path: Path) -> None:
    run_id = answered(orders())
    text = client.get(f"/runs/{run_id}/copy/pytest/").content.decode()
    assert "from tests.workflows.journeys import order" in text
    assert "resume(step='review', resume_data={'decision': 'approve'" in text
    assert outcome(tmp_path / "test_good.py", text) == 0
    assert outcome(tmp_path / "test_bad.py", text.replace("{'shipped': True}", "{'shipped': False}")) == 1


def outcome(file: Path, text: str) -> int:
    file.write_text(text)
    # Away from the settings of this project's own tests: the test needs none.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:asyncio"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", str(file.parent), str(file)], cwd=file.parent, env=environment,
        capture_output=True, check=False,
    ).returncode  # fmt: skip


@pytest.mark.usefixtures("studio")
def test_no_secret_is_copied(client: Client) -> None:
    run_id = wait_for(started("guarded", {"name": "Ada", "key": "canary"}), "success")
    for form in ("python", "curl", "pytest"):
        text = client.get(f"/runs/{run_id}/copy/{form}/").content.decode()
        assert "Ada" in text
        assert "canary" not in text


@pytest.mark.usefixtures("studio")
def test_state_and_context_are_copied_where_there_are_some(client: Client) -> None:
    form = {"input.value": "3", "state.counter": "4", "context.value": '{"tenant": "a"}'}
    run_id = client.post("/workflows/stateful/run/", form).headers["location"].split("/")[2]
    wait_for(run_id, "success")
    text = client.get(f"/runs/{run_id}/copy/python/").content.decode()
    assert "run.start(input_data=3, request_context={'tenant': 'a'}, initial_state={'counter': 4})" in text


@pytest.mark.usefixtures("studio")
def test_the_menu_offers_the_copies_and_a_test(client: Client) -> None:
    run_id = orders()
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert f'href="/runs/{run_id}/copy/curl/" data-copy-from' in page
    assert f'href="/workflows/order/tests/new/?run={run_id}"' in page
    assert client.get(f"/runs/{run_id}/copy/cobol/").status_code == 404
    assert client.get("/runs/nothing/copy/curl/").status_code == 404


@pytest.mark.usefixtures("studio")
def test_where_people_have_accounts_the_call_needs_a_token(
    settings: Any, client: Client, django_user_model: type[User]
) -> None:
    run_id = orders()
    settings.STUDIO_AUTH = "django"
    accounts(settings, client, django_user_model, "view_run", "view_payload")
    assert '-H "authorization: Bearer $STUDIO_TOKEN"' in client.get(f"/runs/{run_id}/copy/curl/").content.decode()


@pytest.mark.usefixtures("studio")
def test_who_may_not_read_values_is_offered_no_copy(
    settings: Any, client: Client, django_user_model: type[User]
) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model, "view_run")
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert "Copy link" in page
    assert "Copy as" not in page
    assert client.get(f"/runs/{run_id}/copy/curl/").status_code == 403
