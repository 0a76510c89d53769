"""`manage.py runs`: the newest runs, as a table for people or as JSON lines for programs."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from rich.console import Console
from rich.table import Table
from rich.text import Text

from workflows_app import runtime
from workflows_app.engine.ports import OPEN, TERMINAL
from workflows_app.engine.snapshot import WorkflowRun
from workflows_app.management.places import add_place_arguments, check_no_token, refusing, studio_of
from workflows_app.management.progress import labelled, printable, write_line
from workflows_app.models import Run

MOST = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One run of the list."""

    id: str
    workflow_id: str
    status: str
    created_at: datetime
    updated_at: datetime
    error: str | None


class Command(BaseCommand):
    help = "List the newest runs."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--workflow", help="runs of this workflow only")
        parser.add_argument("--status", choices=(*OPEN, *TERMINAL), help="runs of this status only")
        parser.add_argument("--limit", type=limit, default=20, help="how many, up to 1000 (default: %(default)s)")
        parser.add_argument("--json", action="store_true", help="write JSON lines also on a terminal")
        add_place_arguments(parser)

    def handle(self, *, json: bool, **options: Any) -> None:
        with refusing():
            lines = asyncio.run(in_studio(options)) if options["url"] else in_database(options)
        if json or not self.stdout.isatty():
            for line in lines:
                write_line(self.stdout, asdict(line))
            return
        table = Table("Run", "Workflow", "Status", "Created", "Error", box=None)
        for line in lines:
            created = f"{timezone.localtime(line.created_at):%Y-%m-%d %H:%M:%S}"
            error = plain((line.error or "").partition("\n")[0])
            table.add_row(plain(line.id), plain(line.workflow_id), labelled("", line.status), created, error)
        Console().print(table)


def plain(text: str) -> Text:
    """Keep what stands in brackets from being taken for markup."""
    return Text(printable(text))


def in_database(options: Mapping[str, Any]) -> list[Line]:
    check_no_token(options)
    wanted = {"workflow_id": id_of(options["workflow"]), "status": options["status"]}
    found = Run.objects.filter(**{name: value for name, value in wanted.items() if value}).newest()
    return [Line(**row) for row in found[: options["limit"]].values(*Line.__slots__)]


def id_of(name: str | None) -> str | None:
    """Give a workflow's id by its key. What is no key is an id, perhaps of a workflow that is gone."""
    offered = {offer.key: offer.workflow.id for offer in runtime.get_catalogue() if offer.workflow}
    return offered.get(name, name) if name else None


async def in_studio(options: Mapping[str, Any]) -> list[Line]:
    """Ask a studio for the newest runs of each workflow, and keep the newest of all."""
    async with studio_of(options) as studio:
        name, number = options["workflow"], options["limit"]
        workflows = [await studio.get_workflow(name)] if name else (await studio.list_workflows()).values()
        wanted = {"status": options["status"], "page": 0, "per_page": number}
        found = [run for one in workflows for run in (await one.list_workflow_runs(**wanted)).runs]
    return [line_of(run) for run in sorted(found, key=lambda run: run.created_at, reverse=True)[:number]]


def line_of(run: WorkflowRun) -> Line:
    error = run.error["message"] if isinstance(run.error, dict) else None
    return Line(run.run_id, run.workflow_id, run.status, run.created_at, run.updated_at, error)


def limit(text: str) -> int:
    """Read how many runs are wanted. Raises: ValueError"""
    number = int(text)
    if not 1 <= number <= MOST:
        raise ValueError(text)
    return number
