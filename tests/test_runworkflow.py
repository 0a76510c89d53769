"""Running workflows from the command line."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone
from pydantic_core import from_json, to_json
from rich.console import Console
from rich.live import Live

import manage
from tests.process import ROOT, environment_of
from workflows_app import runtime
from workflows_app.management.driving import questions_of
from workflows_app.management.progress import Steps
from workflows_app.models import Event, Run

ORDER = '{"customer": "Ada", "total": 12}'
APPROVE = '{"decision": "approve"}'


@pytest.fixture
def journeys(transactional_db: None, settings: Any) -> Iterator[None]:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.journeys"]}
    runtime.process.catalogue = None
    yield
    runtime.process.catalogue = None


def command(*words: str) -> tuple[int, list[Any]]:
    """Give the exit code and the events that were written."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as exit:
        call_command(*words, stdout=out)
    return int(exit.value.code or 0), [from_json(line) for line in out.getvalue().splitlines()]


@pytest.mark.usefixtures("journeys")
def test_a_module_that_could_not_be_read_is_named_with_the_reason(settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.journeys", "shop.flows"]}
    with pytest.raises(CommandError, match=r"Not read: shop\.flows: ModuleNotFoundError: No module"):
        call_command("runworkflow", "purchase")


@pytest.mark.usefixtures("journeys")
def test_a_run_is_followed_until_it_waits_and_answered_until_it_ends(tmp_path: Path) -> None:
    code, events = command("runworkflow", "order", "--input", ORDER)
    assert (code, events[-1]["payload"]["workflowStatus"]) == (3, "suspended")
    answer = tmp_path / "answer.json"
    answer.write_text(APPROVE)
    run_id = events[0]["runId"]
    code, events = command("runworkflow", "order", "--resume", run_id, "--step", "review", "--data", f"@{answer}")
    assert (code, events[-1]["payload"]["workflowStatus"]) == (0, "success")
    assert Run.objects.get().status == "success"


@pytest.mark.usefixtures("journeys")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "Known workflows: "),
        (["order", "--input", '{"customer": 5}'], "Invalid input data"),
        (["order", "--input", "{"], "--input: This is not JSON: line 1, column 2"),
        (["order", "--input", '{"customer": "A", "customer": "B"}'], "--input: The key 'customer' is there twice"),
        (["order", "--input", '"\udcff"'], "--input: This has a character that cannot be kept"),
        (["order", "--input", "@nowhere.json"], "--input: No such file"),
        (["order", "--resume", "nobody"], "not found"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as refused:
        call_command("runworkflow", *words, stdout=io.StringIO())
    assert refused.value.returncode == 2
    assert not Run.objects.exists()


def test_ctrl_c_cancels_the_run(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "DJANGO_"))}
    environment = {
        **inherited, "STUDIO_DATA_DIR": str(tmp_path / "data"), "STUDIO_WORKFLOWS": "tests.workflows.journeys",
    }  # fmt: skip
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    words = ["runworkflow", "patient", "--input", '{"seconds": 30}']
    events = []
    with subprocess.Popen([*manage, *words], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            events.append(from_json(line))
            if events[-1]["type"] == "workflow-step-start" and events[-1]["payload"]["id"] == "rest":
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["payload"]["workflowStatus"] == "canceled"


def test_a_second_ctrl_c_ends_it_though_a_step_goes_on(tmp_path: Path) -> None:
    environment = {**environment_of(tmp_path), "STUDIO_WORKFLOWS": "tests.workflows.deaf"}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    words = ["runworkflow", "deaf", "--input", "90", "--run-id", "it"]
    with subprocess.Popen([*manage, *words], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "workflow-step-start" in line)
        process.send_signal(signal.SIGINT)
        with closing(sqlite3.connect(tmp_path / "studio.sqlite3")) as database:
            while database.execute("SELECT status FROM workflows_app_run").fetchone() != ("canceled",):
                assert process.poll() is None
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 130
        finally:
            process.kill()


def test_a_person_sees_a_tree() -> None:
    steps = Steps("order", Live(console=Console(file=io.StringIO())))
    payload = {"id": "outer", "startedAt": 5, "status": "running"}
    steps.show({"type": "workflow-step-start", "payload": payload})
    failed = {"id": "outer.inner", "startedAt": 5, "endedAt": 9, "status": "failed", "error": {"message": "no\nway"}}
    steps.show({"type": "workflow-step-result", "payload": failed})
    steps.show({"type": "workflow-finish", "payload": {"workflowStatus": "failed"}})
    out = io.StringIO()
    Console(file=out, width=60).print(steps.tree())
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "✗ order  failed", "└── ● outer  running", "    └── ✗ inner  failed  4 ms  no",
    ]  # fmt: skip


@pytest.mark.usefixtures("journeys")
def test_runs_are_listed_newest_first() -> None:
    for _ in range(2):
        command("runworkflow", "order", "--input", ORDER)
    out = io.StringIO()
    call_command("runs", "--status", "suspended", "--limit", "1", stdout=out)
    [listed] = [from_json(line) for line in out.getvalue().splitlines()]
    assert listed["id"] == Run.objects.newest()[0].id


@pytest.mark.usefixtures("transactional_db")
def test_runs_are_found_by_the_key_of_their_workflow(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.wire"]}
    monkeypatch.setattr(runtime.process, "catalogue", None)
    command("runworkflow", "wireToolKey", "--input", '{"a": 1, "b": 2}')
    for name in ("wireToolKey", "wire-tool"):
        out = io.StringIO()
        call_command("runs", "--workflow", name, stdout=out)
        assert [from_json(line)["workflow_id"] for line in out.getvalue().splitlines()] == ["wire-tool"]


@pytest.mark.usefixtures("journeys")
def test_a_run_of_another_workflow_is_not_answered() -> None:
    _, events = command("runworkflow", "order", "--input", ORDER)
    words = ("runworkflow", "patient", "--resume", events[0]["runId"], "--data", APPROVE)
    with pytest.raises(CommandError, match="of 'patient' not found") as refused:
        call_command(*words, stdout=io.StringIO())
    assert (refused.value.returncode, Run.objects.get().status) == (2, "suspended")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_answer_is_given_in_somebodys_name_and_for_their_groups(
    journeys: None, settings: Any, django_user_model: Any
) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.asking"]}
    for name in ("law", "sales"):
        django_user_model.objects.create_user(f"{name}yer").groups.add(Group.objects.create(name=name))
    _, events = command("runworkflow", "asking", "--input", '{"approvals": ["law", "sales"]}')
    answer = ["runworkflow", "asking", "--resume", events[0]["runId"], "--data", APPROVE]
    for words, said in (
        ([], "in none of the groups that must answer: law, sales. --by answers in a person's name"),
        (["--by", "nobody"], "--by: there is no user 'nobody'"),
        (["--by", "lawyer", "--url", "http://127.0.0.1:9"], "--by: a studio at an address knows you by your token"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command(*answer, *words, stdout=io.StringIO())
    assert command(*answer, "--by", "lawyer")[0] == 3
    assert command(*answer, "--by", "salesyer")[0] == 0
    assert list(Event.objects.filter(kind="StepVoted").order_by("seq").values_list("by", flat=True)) == [
        "lawyer",
        "salesyer",
    ]


def test_what_a_question_proposes_is_known_at_a_terminal(journeys: None, settings: Any) -> None:
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.asking"]}
    proposed = {"decision": "approve", "note": "As planned"}
    _, events = command("runworkflow", "asking", "--input", to_json({"proposal": proposed}).decode())
    options = {"workflow": "asking", "resume": events[0]["runId"], "url": None, "token": None}
    [question] = asyncio.run(questions_of(options))
    assert question.proposal == proposed


@pytest.mark.usefixtures("journeys")
def test_a_step_that_does_not_wait_is_refused_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    _, events = command("runworkflow", "order", "--input", ORDER)
    monkeypatch.setattr("sys.stdin", Terminal())
    with pytest.raises(CommandError, match="Nothing at 'ship' waits for an answer; what waits: review") as refused:
        call_command("runworkflow", "order", "--resume", events[0]["runId"], "--step", "ship", stdout=Terminal())
    assert refused.value.returncode == 2


@pytest.mark.usefixtures("journeys")
def test_who_ends_the_input_leaves_the_run_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    _, events = command("runworkflow", "order", "--input", ORDER)
    monkeypatch.setattr("sys.stdin", Terminal())
    with pytest.raises(SystemExit) as left:
        call_command("runworkflow", "order", "--resume", events[0]["runId"], stdout=Terminal())
    assert left.value.code == 130
    assert Run.objects.get().status == "suspended"


@pytest.mark.django_db
@pytest.mark.parametrize("error", ["unexpected token [/INST]", "no [bold]word[/bold] of it"])
def test_what_runs_failed_with_is_shown_as_it_is(capsys: pytest.CaptureFixture[str], error: str) -> None:
    Run.objects.create(
        id="a", workflow_id="[red]w", status="failed", error=error, created_at=timezone.now(), updated_at=timezone.now()
    )
    call_command("runs", stdout=Terminal())
    shown = capsys.readouterr().out
    assert "[red]w" in shown
    assert error in " ".join(shown.split())


def test_who_interrupts_a_command_that_loads_sees_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(words: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(manage, "execute_from_command_line", load)
    with pytest.raises(SystemExit) as left:
        manage.main()
    assert left.value.code == 130


@pytest.mark.django_db
def test_runs_are_listed_in_the_zone_of_the_studio(capsys: pytest.CaptureFixture[str], settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    at = datetime(2026, 1, 31, 20, 30, tzinfo=UTC)
    Run.objects.create(id="a", workflow_id="w", created_at=at, updated_at=at)
    call_command("runs", stdout=Terminal())
    assert "2026-02-01 05:30:00" in capsys.readouterr().out
