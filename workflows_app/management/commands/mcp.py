"""`manage.py mcp`: the workflows as tools for an agent that starts this command and speaks to its stdin.

Without `--url` the runs are on this installation's database, and this process performs them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx
from django.core.asgi import get_asgi_application
from django.core.management.base import BaseCommand, CommandError

from workflows_app import mcp, runtime
from workflows_app.client import AsyncStudio
from workflows_app.management.places import REFUSED, TOKEN, add_place_arguments, refusing, studio_of

HERE = "http://127.0.0.1"


class Command(BaseCommand):
    help = "Offer the workflows as tools of the Model Context Protocol, over stdin and stdout."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_place_arguments(parser)

    def handle(self, **options: Any) -> None:
        if not mcp.is_installed():
            raise CommandError(mcp.NEEDED, returncode=REFUSED)
        with refusing(), suppress(KeyboardInterrupt):
            try:
                studio = studio_of(options) if options["url"] else studio_here(options)
                asyncio.run(serve(studio))
            finally:
                runtime.stop_background()
        sys.stdout.flush()


def studio_here(options: Mapping[str, Any]) -> AsyncStudio:
    """Make a client of this process's own pages and API, and start to perform runs."""
    runtime.start_background()
    application: Any = get_asgi_application()
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    return AsyncStudio(HERE, token=options["token"] or os.environ.get(TOKEN), transport=transport)


async def serve(studio: AsyncStudio) -> None:
    """Speak to whoever started this command, until they close the line."""
    from mcp.server.stdio import stdio_server

    from workflows_app.mcp.server import make_server

    server = make_server(studio)
    async with studio, stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
