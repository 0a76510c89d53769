"""The tools over HTTP, at `/mcp`: each request is a conversation of its own, so no server has to keep one.

The caller's own headers go with everything that is asked of the API in its name; so hosts, origins, tokens and
rights are checked there, as for any other program. Signing in with a browser counts for nothing here.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import httpx
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from workflows_app.client import AsyncStudio, NotSignedIn, StudioError, TooFast
from workflows_app.mcp.server import make_server
from workflows_app.web.guard import answer, headers_of, is_foreign

if TYPE_CHECKING:
    from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, HTTPScope

CHALLENGE = (b"www-authenticate", b"Bearer")
CARRIED = ("authorization", "host", "origin", "sec-fetch-site", "x-forwarded-for", "x-forwarded-proto")


async def converse(
    application: ASGI3Application, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Answer one request of an agent, by what the application's API answers to that agent."""
    if scope["method"] != "POST":
        # A line that is held open would never be told anything: no conversation is kept.
        await answer(send, 405, "Only POST is answered here.")
        return
    headers = headers_of(scope)
    host = headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS) or is_foreign(headers, host):
        await answer(send, 403, "This request comes from another site, or to another host.")
        return
    async with studio_for(application, scope, headers, host) as studio:
        try:
            await studio.list_workflows()
        except NotSignedIn as error:
            await answer(send, 401, error.message, CHALLENGE)
            return
        except TooFast as error:
            await answer(send, 429, error.message, (b"retry-after", b"%d" % ceil(error.retry_after)))
            return
        except StudioError as error:
            await answer(send, 403, error.message)
            return
        # Made for one request, since it is the task group of whoever runs it; it keeps nothing in between.
        manager = StreamableHTTPSessionManager(make_server(studio), stateless=True)
        async with manager.run():
            await manager.handle_request(*untyped(scope, receive, send))


def studio_for(application: Any, scope: HTTPScope, headers: dict[str, str], host: str) -> AsyncStudio:
    """Make a client of this very process that asks in the name of a caller."""
    transport = httpx.ASGITransport(application, raise_app_exceptions=False, client=scope["client"] or ("", 0))
    studio = AsyncStudio(f"{scope['scheme']}://{host}", transport=transport)
    studio.line.http.headers.update({name: headers[name] for name in CARRIED if name in headers})
    return studio


def untyped(*parts: Any) -> tuple[Any, ...]:
    """Hand over to starlette, whose types of the same things have other names."""
    return parts
