"""The command line on a studio at an address: no database here, the runs are there."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pydantic_core import from_json
from rich.console import Console

from tests.process import ROOT, StudioProcess, environment_of
from workflows_app.client import Studio
from workflows_app.management.asking import ask_answer, default_of, read
from workflows_app.management.driving import questions_of
from workflows_app.web.forms.schema import Part

ORDER = '{"customer": "Ada", "total": 12}'


def command(*words: str) -> tuple[int, list[Any]]:
    """Give the exit code and the events that were written."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as exit:
        call_command(*words, stdout=out)
    return int(exit.value.code or 0), [from_json(line) for line in out.getvalue().splitlines()]


def test_a_run_is_followed_and_answered_there(served: StudioProcess, studio: Studio) -> None:
    code, events = command("runworkflow", "order", "--input", ORDER, "--url", served.address)
    assert (code, events[-1]["payload"]["workflowStatus"]) == (3, "suspended")
    run_id = events[0]["runId"]
    resume = ["--resume", run_id, "--data", '{"decision": "approve"}']
    code, events = command("runworkflow", "order", *resume, "--url", served.address)
    assert (code, events[-1]["payload"]["workflowStatus"]) == (0, "success")
    assert studio.get_workflow("order").get_run(run_id).restart().status == "success"


def test_a_failed_run_ends_with_1(served: StudioProcess) -> None:
    assert command("runworkflow", "failing", "--url", served.address)[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "Workflow not found"),
        (["order", "--input", '{"customer": 5}'], "Invalid input data"),
        (["order", "--resume", "nobody", "--data", "1"], "not found"),
        (["order", "--token", "wfs_wrong"], "token is unknown"),
    ],
)
def test_what_is_refused_there_is_one_sentence(served: StudioProcess, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as refused:
        call_command("runworkflow", *words, "--url", served.address, stdout=io.StringIO())
    assert refused.value.returncode == 2


def test_what_does_not_fit_leaves_no_run_there(served: StudioProcess, studio: Studio) -> None:
    with pytest.raises(CommandError):
        call_command("runworkflow", "each", "--input", '"x"', "--run-id", "unfit", "--url", served.address)
    assert studio.get_workflow("each").get_workflow_run_by_id("unfit") is None


def test_a_context_that_is_none_is_refused_and_leaves_no_run_there(served: StudioProcess, studio: Studio) -> None:
    words = ("runworkflow", "each", "--input", "[]", "--context", "[1]", "--run-id", "odd", "--url", served.address)
    with pytest.raises(CommandError, match="The request context is a dict") as refused:
        call_command(*words)
    assert refused.value.returncode == 2
    assert studio.get_workflow("each").get_workflow_run_by_id("odd") is None


def test_nobody_there_and_a_token_for_nobody_are_said() -> None:
    with pytest.raises(CommandError, match="does not answer"):
        call_command("runworkflow", "order", "--url", "http://127.0.0.1:9")
    for name in ("runs", "runworkflow"):
        words = [name, "order"] if name == "runworkflow" else [name]
        with pytest.raises(CommandError, match="--url"):
            call_command(*words, "--token", "wfs_x")
        with pytest.raises(CommandError, match=r"write it like http://127\.0\.0\.1:8000"):
            call_command(*words, "--url", "nowhere")


def test_the_token_may_stand_in_a_variable(served: StudioProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_TOKEN", "wfs_wrong")
    with pytest.raises(CommandError, match="token is unknown"):
        call_command("runs", "--url", served.address)


def test_the_newest_runs_of_a_studio_are_listed(served: StudioProcess) -> None:
    _, events = command("runworkflow", "echo", "--input", "1", "--url", served.address)
    _, failed = command("runworkflow", "failing", "--url", served.address)
    out = io.StringIO()
    call_command("runs", "--url", served.address, "--limit", "2", stdout=out)
    listed = [from_json(line) for line in out.getvalue().splitlines()]
    assert [run["id"] for run in listed] == [failed[0]["runId"], events[0]["runId"]]
    assert (listed[0]["error"], listed[1]["error"]) == ("The cupboard is bare", None)


def test_a_reader_who_hangs_up_leaves_the_run_to_go_on(served: StudioProcess, tmp_path: Path) -> None:
    words = ["runworkflow", "patient", "--input", '{"seconds": 0.5}', "--url", served.address]
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment_of(tmp_path), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    assert "workflow-start" in process.stdout.readline()
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == ("", 0)
    process.stderr.close()


def test_a_reader_who_has_enough_of_the_list_ends_it(served: StudioProcess, tmp_path: Path) -> None:
    command("runworkflow", "echo", "--input", "1", "--url", served.address)
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "manage.py", "runs", "--url", served.address]
    with open(writing, "w") as nobody:
        done = subprocess.run(
            words, cwd=ROOT, env=environment_of(tmp_path), stdout=nobody, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_cancels_the_run_there_and_a_second_one_leaves_it(
    served: StudioProcess, studio: Studio, tmp_path: Path
) -> None:
    words = ["runworkflow", "patient", "--input", '{"seconds": 30}', "--url", served.address]
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment_of(tmp_path), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    events = map(from_json, process.stdout)
    begun = next(one for one in events if one["type"] == "workflow-step-start" and one["payload"]["id"] == "rest")
    run = studio.get_workflow("patient").get_run(begun["runId"])
    process.send_signal(signal.SIGINT)
    while run.standing(wait=0.1).status != "canceled":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    process.stdout.close()


def test_a_terminal_is_asked_field_by_field(served: StudioProcess, studio: Studio, tmp_path: Path) -> None:
    run = studio.get_workflow("order").create_run()
    run.start(input_data=from_json(ORDER))
    ours, theirs = pty.openpty()
    words = ["runworkflow", "order", "--resume", run.run_id, "--url", served.address]
    environment = {**environment_of(tmp_path), "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = until(ours, "approve, reject): ")
    assert '"score": 12' in shown
    os.write(ours, b"maybe\n")
    assert "Wanted: one of approve, reject." in until(ours, "reject): ")
    os.write(ours, b"approve\n")
    until(ours, 'text; empty: ""): ')
    os.write(ours, b"\n")
    assert '"shipped": true' in until(ours, "}")
    assert process.wait() == 0
    os.close(ours)


def until(terminal: int, text: str) -> str:
    """Read what a terminal shows until it shows a text."""
    shown = ""
    while text not in shown:
        shown += os.read(terminal, 4096).decode()
    return shown


@pytest.mark.parametrize(
    ("schema", "typed", "value"),
    [
        ({"type": "string"}, "12", "12"),
        ({"type": "integer"}, "12", 12),
        ({"type": "boolean"}, "Yes", True),
        ({"type": "array"}, '["a"]', ["a"]),
        ({"enum": ["approve", 3]}, "2", 3),
        ({"enum": ["approve", 3]}, "Approve", "approve"),
        ({"enum": ["a", "A"]}, "A", "A"),
        ({}, "plain text", "plain text"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "plain text", "plain text"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "12", 12),
        ({}, '{"a": 1}', {"a": 1}),
    ],
)
def test_what_is_typed_is_read_as_its_field_wants(schema: dict[str, Any], typed: str, value: Any) -> None:
    assert read(Part(schema), typed) == value


@pytest.mark.parametrize(
    ("schema", "typed"),
    [
        ({"type": "string"}, ""),
        ({"type": "number"}, "x"),
        ({"anyOf": [{"type": "integer"}, {"type": "array"}]}, "x"),
        ({"type": "boolean"}, "perhaps"),
        ({"enum": ["a"]}, "2"),
    ],
)
def test_what_cannot_be_a_value_is_asked_for_again(schema: dict[str, Any], typed: str) -> None:
    with pytest.raises(ValueError):
        read(Part(schema), typed)


def test_what_a_question_proposes_is_taken_by_pressing_enter() -> None:
    schema = {"properties": {"note": {"type": "string"}, "amount": {"type": "integer"}}, "required": ["note"]}
    proposal = {"note": "As planned", "amount": 3, "unknown": True}
    assert asked(schema, proposal, "", "") == ({"note": "As planned", "amount": 3}, True)
    assert asked(schema, proposal, "Not quite", "4") == ({"note": "Not quite", "amount": 4}, True)
    assert asked({"type": "string"}, "Yes", "") == ("Yes", True)


def test_what_is_proposed_for_a_secret_is_neither_shown_nor_taken() -> None:
    schema = {"properties": {"pin": {"type": "string", "writeOnly": True}}}
    assert asked(schema, {"pin": "1234"}, "") == ({}, False)


def asked(schema: dict[str, Any], proposal: Any, *typed: str) -> tuple[Any, bool]:
    """Answer at a terminal, and tell whether it showed what is proposed."""
    lines, shown = iter(typed), io.StringIO()

    class Typing(Console):
        def input(self, *prompt: Any, **more: Any) -> str:
            self.print(*prompt)
            return next(lines)

    answer = ask_answer(Typing(file=shown, width=200), schema, proposal)
    return answer, "to keep" in shown.getvalue()


def test_a_studio_tells_what_its_questions_propose(served: StudioProcess, studio: Studio) -> None:
    run = studio.get_workflow("asking").create_run()
    run.start(input_data={"proposal": {"decision": "approve", "note": "As planned"}})
    options = {"workflow": "asking", "resume": run.run_id, "url": served.address, "token": None}
    [question] = asyncio.run(questions_of(options))
    assert question.proposal == {"decision": "approve", "note": "As planned"}


def test_the_default_of_a_secret_is_not_shown() -> None:
    assert default_of(Part({"type": "string", "default": "canary", "writeOnly": True})) == "the default"
    assert default_of(Part({"type": "string", "default": "a"})) == '"a"'
