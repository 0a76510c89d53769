"""The door for servers: HTTP goes to Django, sockets to the routes of the app."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

# These need the apps that the line above has loaded.
from workflows_app import runtime
from workflows_app.mcp import mounted
from workflows_app.routing import websocket_urlpatterns
from workflows_app.web.guard import ConnectionGuard
from workflows_app.web.people.signin import signed_in_sockets

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope

guarded = ConnectionGuard(
    ProtocolTypeRouter(
        {
            "http": mounted(django_application),
            "websocket": AllowedHostsOriginValidator(signed_in_sockets(URLRouter(websocket_urlpatterns))),
        }
    )
)


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer one connection; the first one starts the work behind the pages.

    A server like daphne tells its application nothing at start, so this is the first moment to do it.
    """
    runtime.start_background()
    await guarded(scope, receive, send)
