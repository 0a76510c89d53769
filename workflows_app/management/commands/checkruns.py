"""Check stored runs against the invariants, without changing anything. Safe while a studio runs."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows_app.invariants import check_run
from workflows_app.models import Run


class Command(BaseCommand):
    help = "Recompute from the tables what must be true of every run, and say what is not."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("runs", nargs="*", metavar="RUN", help="ids of runs (default: all)")

    def handle(self, *, runs: list[str], **_: Any) -> None:
        checked = violations = 0
        for run_id in runs or Run.objects.order_by("created_at", "id").values_list("id", flat=True).iterator():
            try:
                found = check_run(run_id)
            except Run.DoesNotExist:
                if runs:
                    raise CommandError(f"There is no run {run_id!r}.") from None
                continue  # It was deleted meanwhile.
            checked += 1
            violations += len(found)
            for violation in found:
                self.stdout.write(str(violation))
        if violations:
            raise CommandError(f"{checked} runs checked, {violations} violations found.")
        self.stdout.write(f"{checked} runs checked, nothing wrong.")
