"""The one command of a person who just wants a studio: prepare everything, serve, stop cleanly.

The order matters. The port is taken before the database is touched, so a second studio on the same
data cannot migrate under the first; requests that arrive meanwhile wait in the socket's queue.
The socket is handed to daphne, and only after daphne has returned are the runs under way drained.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import signal
import socket
import sys
import threading
import webbrowser
from typing import Any, NoReturn

from channels.routing import get_default_application
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from workflows_app import runtime
from workflows_app.web.guard import is_loopback
from workflows_app.web.people.signin import local_person


class Command(BaseCommand):
    help = "Prepare the data folder, serve the studio, and perform its workflows until Ctrl-C."
    # Some look into the database, which may be none; they run once it is known to be one.
    requires_system_checks: list[str] = []  # noqa: RUF012 - so Django declares it

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=port_number, default=8000, help="port (default: %(default)s)")
        parser.add_argument(
            "--workflows", nargs="+", action="extend", metavar="MODULE", help="take workflows from these modules only"
        )
        parser.add_argument("--data-dir", metavar="FOLDER", help="where database and secret key are kept")
        parser.add_argument("--no-browser", action="store_true", help="do not open a browser")

    def handle(self, *, host: str, port: int, no_browser: bool, **options: Any) -> None:
        # From here on a supervisor's SIGTERM is the same wish as a person's Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt), listen(host, port) as listener:
            prepare_database()
            self.check()
            try:
                runtime.sync_definitions()
                self.tell_what_is_broken()
                runtime.start_background(address_of(listener))
                runtime.recover()
                self.serve(listener, open_browser=not no_browser)
            finally:
                runtime.stop_background()

    def tell_what_is_broken(self) -> None:
        """Say which modules and workflows could not be read; the others are served."""
        for offer in runtime.get_catalogue():
            if offer.error is not None:
                why = offer.error.strip().rpartition("\n")[2]
                self.stderr.write(f"{offer.key} is left out: {why} Its page in the studio says where.")

    def serve(self, listener: socket.socket, *, open_browser: bool) -> None:
        # Importing the server installs Twisted's reactor, which no other command wants.
        from workflows_app.web.server import serve

        address = address_of(listener)

        def announce() -> None:
            self.stdout.write(f"Workflow Studio runs at {address} (Ctrl-C stops it).")
            self.stdout.flush()
            if open_browser and has_display():
                threading.Thread(target=show, args=(address,), daemon=True).start()

        serve(get_default_application(), listener, announce)


def port_number(text: str) -> int:
    """Read a port; 0 lets the system choose a free one."""
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(text)
    return port


def stop(sentence: str) -> NoReturn:
    """End with one sentence that says what to do, and exit code 1."""
    sys.exit(sentence)


def listen(host: str, port: int) -> socket.socket:
    """Take the port, or say why it cannot be had."""
    if settings.STUDIO_AUTH == "none" and not is_loopback(host):
        stop(
            f"Without accounts everybody who reaches {host} could do everything; "
            "set STUDIO_AUTH=django, or leave --host out to listen on this machine only."
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            stop(f"Port {port} of {host} is in use; stop what listens there, or choose another with --port.")
        stop(f"Cannot listen on {host}, port {port} ({error.strerror}); choose others with --host and --port.")


def prepare_database() -> None:
    """Bring the tables up to date, and make sure that the local person is there."""
    try:
        refuse_newer_database()
        call_command("migrate", verbosity=0, interactive=False)
        if settings.STUDIO_AUTH == "none":
            local_person()
    except DatabaseError as error:
        stop(f"The database cannot be used ({str(error).strip()}); check STUDIO_DATABASE or the data folder.")


def refuse_newer_database() -> None:
    """Stop where a later version has left migrations that this one does not know."""
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known.update(migration.replaces)
    unknown = [
        f"{app}.{name}"
        for app, name in sorted(loader.applied_migrations)
        if app in loader.migrated_apps and (app, name) not in known
    ]
    if unknown:
        stop(
            f"The database is newer than this version of the studio (it has {', '.join(unknown)}); "
            "update the studio, or choose another data folder with --data-dir."
        )


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def has_display() -> bool:
    """Tell whether a browser could show a window, so that none takes over a terminal."""
    return sys.platform in ("darwin", "win32") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def show(address: str) -> None:
    # The address is printed anyway, so a browser that does not start is no failure.
    with contextlib.suppress(Exception):
        webbrowser.open(address)
