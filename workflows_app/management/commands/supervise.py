"""Perform runs without serving pages: one more worker beside studios, or the only one where pages start nothing.

It fires due timers, takes over what dead processes have left and deletes what is past its retention, as every
studio does. While a studio is being replaced, its runs go on here.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from workflows_app import runtime
from workflows_app.conf import get_conf


class Command(BaseCommand):
    help = "Fire due timers and perform the runs of dead processes, without serving pages, until Ctrl-C."

    def handle(self, **options: Any) -> None:
        # From here on a supervisor's SIGTERM is the same wish as a person's Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            try:
                self.check_migrations()
                runtime.start_background(mails=bool(get_conf().address))
                runtime.recover()
                self.stdout.write("Runs are supervised (Ctrl-C stops it).")
                self.stdout.flush()
                threading.Event().wait()
            except DatabaseError as error:
                raise CommandError(unusable(error)) from error
            finally:
                runtime.end_in_time()
                runtime.stop_background()


def unusable(error: DatabaseError) -> str:
    """Say in one line that the database is out of reach or lacks the tables, and what would do."""
    why = " ".join(str(error).split())
    return f"The database cannot be used ({why}); check STUDIO_DATABASE or the data folder, and run migrate."
