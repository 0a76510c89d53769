"""Measure the engine as the studio uses it, on a database made for the occasion.

Every case begins with a round that is not counted. One line of JSON per case: what was measured, the median
of each figure, every round, and the load of the machine, without which no figure means anything.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from workflows_app.benchmarks import WORKLOADS, Case, open_bench, point_at, scratch_database

SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"


class Command(BaseCommand):
    help = "Measure the engine on a temporary database and print one line of JSON per case."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "workloads",
            nargs="*",
            type=workload,
            metavar="WORKLOAD",
            help=f"some of {', '.join(WORKLOADS)} (default: all)",
        )
        parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
        parser.add_argument("--durability", choices=("normal", "full"), default="normal")
        parser.add_argument("--rounds", type=positive, default=5, help="rounds counted (default: %(default)s)")
        parser.add_argument(
            "--server", default=SERVER, help="where PostgreSQL may make a database (default: %(default)s)"
        )

    def handle(
        self, *, workloads: list[str], database: str, durability: str, rounds: int, server: str, **_: Any
    ) -> None:
        for name in workloads or WORKLOADS:
            for case in WORKLOADS[name]:
                with scratch_database(database, durability, server) as description:
                    found = measured(case, description, durability, rounds)
                line = {"workload": name, "database": database, "durability": durability, **found}
                self.stdout.write(json.dumps(line))
                self.stdout.flush()


def workload(text: str) -> str:
    if text not in WORKLOADS:
        raise ValueError(text)
    return text


def positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def measured(case: Case, description: dict[str, Any], durability: str, rounds: int) -> dict[str, Any]:
    """Measure a case on a new database."""
    point_at(description)
    call_command("migrate", verbosity=0, interactive=False)
    with open_bench(description, durability) as bench:
        case.prepare(bench)
        case.measure(bench)
        counted = [case.measure(bench) for _ in range(rounds)]
    medians = {name: round(statistics.median(each[name] for each in counted), 4) for name in counted[0]}
    shown = [{name: round(figure, 4) for name, figure in each.items()} for each in counted]
    return {**case.facts, **medians, "rounds": shown, "load1": round(os.getloadavg()[0], 2)}
