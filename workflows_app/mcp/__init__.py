"""Workflows as tools of the Model Context Protocol, for agents of any make. It needs the extra `mcp`.

`server` makes a protocol server out of a studio's client. `mount` puts it at `/mcp`, and `manage.py mcp` serves
it over stdin and stdout. All that an agent does goes through the JSON API, so tokens, rights, limits and the
activity log are those of the API.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Any

NEEDED = 'Serving workflows as tools needs the extra "mcp": pip install "mcp>=2,<3"'
PATHS = ("/mcp", "/mcp/")


def is_installed() -> bool:
    """Tell whether the extra is there: the one place that asks."""
    return find_spec("mcp") is not None


def mounted(application: Any) -> Any:
    """Put `/mcp` before an application for HTTP, where the extra is installed."""
    if not is_installed():
        return application

    async def routed(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] not in PATHS:
            await application(scope, receive, send)
            return
        # It takes a second to import, which most processes never need.
        mount = await asyncio.to_thread(import_module, "workflows_app.mcp.mount")
        await mount.converse(application, scope, receive, send)

    return routed
