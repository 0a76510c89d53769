"""`manage.py runworkflow`: start a run, or answer one, and follow it until it rests.

On a terminal it draws the steps as they happen and asks for the answer that a run waits for; where a program
reads, it writes the events as JSON lines.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic_core import to_json
from rich.console import Console

from workflows_app import runtime
from workflows_app.engine.paths import is_below
from workflows_app.engine.schema import Json
from workflows_app.engine.snapshot import Result
from workflows_app.errors import InvalidData, InvalidResumeData
from workflows_app.management import asking
from workflows_app.management.driving import Question, drive, questions_of
from workflows_app.management.places import REFUSED, add_place_arguments
from workflows_app.management.progress import printable, progress
from workflows_app.web.forms.json_text import parse_json

CODES = {"success": 0, "failed": 1, "suspended": 3, "paused": 3, "canceled": 4}
INTERRUPTED = 130
LEAVE_SECONDS = 2.0
EXIT_CODES = (
    "Exit codes: 0 succeeded, 1 failed, 2 refused or out of reach, 3 waits for an answer or is paused, 4 canceled, "
    "130 canceled or left by Ctrl-C. Ctrl-C cancels the run; a second one leaves it to itself."
)


class Command(BaseCommand):
    help = "Run a workflow, or answer a run that waits, and follow it until it rests."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=EXIT_CODES, **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("workflow", help="id of the workflow")
        parser.add_argument("--input", default="null", metavar="JSON", help="JSON, @file, or - for what is piped in")
        parser.add_argument("--state", metavar="JSON", help="initial state, in the same ways")
        parser.add_argument("--context", metavar="JSON", help="request context, in the same ways")
        parser.add_argument("--run-id", help="id of the new run (default: a new one)")
        parser.add_argument("--resume", metavar="RUN", help="answer this run in place of starting one")
        parser.add_argument("--step", help="path of the step to answer, if several wait")
        parser.add_argument("--data", metavar="JSON", help="the answer, in the same ways; a terminal is asked for it")
        parser.add_argument("--by", metavar="USER", help="do it in this person's name, and answer for their groups")
        parser.add_argument("--stream", action="store_true", help="write events as JSON lines also on a terminal")
        add_place_arguments(parser)

    def handle(self, **options: Any) -> None:
        try:
            given = {name: json_of(name, options[name]) for name in ("input", "state", "context", "data")}
            asks = bool(options["resume"]) and options["data"] is None and self.is_terminal(options)
            result, was_interrupted = self.answered(options, given) if asks else self.driven(options, given)
        except InvalidData as error:
            raise CommandError(error.message, returncode=REFUSED) from error
        except KeyboardInterrupt:
            leave()
        except EOFError:
            # Who ends the input in place of an answer leaves the run to wait.
            sys.exit(INTERRUPTED)
        self.conclude(result)
        if was_interrupted:
            leave()
        sys.exit(CODES.get(result.status, 1))

    def is_terminal(self, options: dict[str, Any]) -> bool:
        return not options["stream"] and sys.stdin.isatty() and self.stdout.isatty()

    def driven(self, options: dict[str, Any], given: dict[str, Json]) -> tuple[Result, bool]:
        with progress(options["workflow"], self.stdout, as_lines=options["stream"]) as shown:
            return asyncio.run(drive(options, given, shown))

    def answered(self, options: dict[str, Any], given: dict[str, Json]) -> tuple[Result, bool]:
        """Ask the person for the answer, again if it does not fit, and go on with it."""
        console = Console()
        waiting = asyncio.run(questions_of(options))
        if not waiting:
            return self.driven(options, given)
        question = chosen(console, waiting, options["step"])
        options["step"] = question.name
        console.print_json(to_json(question.payload).decode())
        while True:
            answer = asking.ask_answer(console, question.schema, question.proposal)
            try:
                return self.driven(options, {**given, "data": answer})
            except InvalidResumeData as error:
                console.print(printable(error.message), style="red", markup=False)

    def conclude(self, result: Result) -> None:
        """Say to a person how it ended; programs have read it in the last event."""
        if not self.stdout.isatty():
            return
        if result.status == "suspended":
            self.stdout.write(f"Waits for an answer: --resume {result.run_id}")
            self.stdout.write(to_json(result.suspend_payload, indent=2).decode())
        elif result.error is not None:
            self.stderr.write(printable(str(result.error["message"])))
        elif result.status == "success":
            self.stdout.write(to_json(result.result, indent=2).decode())


def leave() -> NoReturn:
    """End after Ctrl-C, also where a step goes on in its thread."""
    runtime.end_in_time(LEAVE_SECONDS, INTERRUPTED)
    sys.exit(INTERRUPTED)


def chosen(console: Console, waiting: list[Question], step: str | None) -> Question:
    """Find the question that is meant, and ask which where it may be several. Raises: CommandError"""
    meant = [question for question in waiting if step is None or is_below(question.name, step)]
    if not meant:
        names = ", ".join(question.name for question in waiting)
        raise CommandError(f"Nothing at {step!r} waits for an answer; what waits: {names}.", returncode=REFUSED)
    if len(meant) == 1:
        return meant[0]
    name = asking.choose(console, [question.path for question in meant])
    return next(question for question in meant if question.name == name)


def json_of(name: str, text: str | None) -> Json:
    """Read JSON from an option, a file or what is piped in. Raises: CommandError"""
    if text is None:
        return None
    try:
        if text == "-":
            text = sys.stdin.buffer.read().decode()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text("utf-8")
        return parse_json(text)
    except OSError as error:
        raise CommandError(f"--{name}: {error.strerror}: {text[1:]}", returncode=REFUSED) from error
    except ValueError as error:
        raise CommandError(f"--{name}: {error}", returncode=REFUSED) from error
