"""Count all ended runs again. Safe while a studio runs; its charts are short of figures until it is done."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from workflows_app.rollups import recount


class Command(BaseCommand):
    help = (
        "Make the figures of charts and lists again from the stored runs. "
        "Runs that were deleted since they ended are not counted any more."
    )

    def handle(self, *, verbosity: int, **_: Any) -> None:
        tell = (lambda counted: self.stdout.write(f"{counted} runs counted …")) if verbosity > 1 else None
        self.stdout.write(f"{recount(tell=tell)} runs counted.")
