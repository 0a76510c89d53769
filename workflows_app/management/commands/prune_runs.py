"""Delete the finished runs that are past their retention. Safe while a studio runs, which does so by itself."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from workflows_app import runtime


class Command(BaseCommand):
    help = (
        "Delete finished runs that ended longer ago than their workflow's retention, or RETENTION_DAYS, says. "
        "Runs of workflows that are not known here are left alone."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be deleted, and delete nothing")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        try:
            if dry_run:
                self.tell()
            else:
                self.stdout.write(f"{runtime.call(runtime.prune(runtime.get_engine()))} runs deleted.")
        finally:
            if not runtime.is_running():
                runtime.close_engine()

    def tell(self) -> None:
        expired = runtime.call(runtime.get_engine().expired())
        for name, run_ids in sorted(expired.items()):
            self.stdout.write(f"{name}: {len(run_ids)}")
        self.stdout.write(f"{sum(map(len, expired.values()))} runs would be deleted.")
