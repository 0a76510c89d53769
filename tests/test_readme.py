"""The README is right: its Python runs and prints what it says, and what it names is there."""

from __future__ import annotations

import asyncio
import io
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from tests.process import StudioProcess
from workflows_app import runtime
from workflows_app.conf import Conf
from workflows_app.management.places import TOKEN

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
INSTALL = "python3 -m venv .venv && .venv/bin/pip install -r"
RUN_IT = f"{INSTALL} requirements.txt && .venv/bin/python manage.py studio"
SERVED = "http://127.0.0.1:8000"
TEST_IT = f"{INSTALL} requirements-dev.txt && .venv/bin/pytest"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """List the simple commands of the shell blocks, as words."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(part) for line in lines for part in line.split("&&")]


def rows(head: str) -> dict[str, str]:
    """Read a table: its first column without backticks, and its second."""
    table = README.partition(f"| {head} |")[2].partition("\n\n")[0]
    found = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", table, re.MULTILINE)
    return {name: text.strip() for name, text in found}


def run_snippets(address: str = "") -> tuple[dict[str, Any], str]:
    """Run the Python blocks in one namespace, those that need a studio only where it is at an address.

    Returns the names they made, and what they printed.
    """
    names: dict[str, Any] = {"__name__": "readme"}
    with redirect_stdout(io.StringIO()) as printed:
        for source in blocks("python"):
            if SERVED in source and not address:
                continue
            # The code is our own README's.
            exec(compile(source.replace(SERVED, address), "README.md", "exec", dont_inherit=True), names)  # noqa: S102
    return names, printed.getvalue()


def studio_options() -> set[str]:
    parser = load_command_class("workflows_app", "studio").create_parser("manage.py", "studio")
    of_django = BaseCommand().create_parser("manage.py", "any")
    options = {option for action in parser._actions for option in action.option_strings}
    return options - {option for action in of_django._actions for option in action.option_strings}


def test_the_python_prints_what_its_comments_say(start_studio: Callable[..., StudioProcess]) -> None:
    said = [
        line.partition("  # ")[2] for source in blocks("python") for line in source.splitlines() if "print(" in line
    ]
    assert len(said) >= 4
    assert run_snippets(start_studio().address)[1].splitlines() == said


@pytest.mark.django_db(transaction=True)
def test_the_django_example_starts_a_run_in_the_database() -> None:
    names = run_snippets()[0]
    assert [workflow.id for workflow in names["workflows"]] == ["greeting", "approval"]
    runtime.get_engine().add_workflow(names["greeting"].copy())
    runtime.start_background()
    try:
        run_id = asyncio.run(names["start_greeting"]("Ada"))
        runtime.call(until_it_ends(run_id))
        assert runtime.call(runtime.get_engine().head(run_id)).status == "success"
    finally:
        runtime.stop_background()


async def until_it_ends(run_id: str) -> None:
    run = await runtime.get_engine().get_workflow("greeting").create_run(run_id=run_id)
    async for _event in run.observe_stream(offset=0):
        pass


def test_the_two_commands_are_each_one_line() -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert lines.count(RUN_IT) == lines.count(TEST_IT) == 1


def test_every_command_of_the_shell_examples_exists() -> None:
    checked = []
    for words in commands():
        if words[0].endswith("python") and words[1] == "manage.py":
            app = get_commands()[words[2]]
            command = load_command_class(app, words[2]) if isinstance(app, str) else app
            command.create_parser("manage.py", words[2]).parse_args(words[3:])
            checked.append(words[2])
        for file in [after for before, after in pairwise(words) if before == "-r"]:
            assert (ROOT / file).is_file(), file
    assert {"studio", "migrate", "createsuperuser"} <= set(checked)


def test_the_options_of_the_studio_are_all_told() -> None:
    told = {option for option, *_value in map(str.split, rows("Option"))}
    assert told == studio_options()


def test_the_settings_of_the_environment_are_all_told() -> None:
    everywhere, signing_on = (
        set(re.findall(r"STUDIO_[A-Z_]+", (ROOT / "studio" / name).read_text())) for name in ("settings.py", "sso.py")
    )
    assert set(rows("Name")) == everywhere
    assert set(rows("Of single sign-on")) == signing_on - everywhere
    assert set(re.findall(r"STUDIO_[A-Z_]+", README)) == everywhere | signing_on | {TOKEN}


def test_the_finer_settings_have_the_defaults_that_are_told() -> None:
    defaults = {key.upper(): field.default for key, field in Conf.model_fields.items()}
    told = rows("Key")
    assert told
    for key, default in told.items():
        assert default == str(defaults[key]).lower() or default == f"{defaults[key]:g}".lower(), key


def test_every_file_and_folder_that_is_named_is_there() -> None:
    links = set(re.findall(r"(?<!!)\[[^\]]+\]\(([^)#]+)\)", README))
    places = set(re.findall(r"`([\w.]+/[\w./]*|[\w.]+\.py)`", README)) - {"workflows.py"}
    assert len(links) >= 3
    assert len(places) >= 15
    assert [place for place in sorted(links | places) if not (ROOT / place).exists()] == []
