"""Every socket's address."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from workflows_app.web.live.asksocket import AskConsumer
from workflows_app.web.live.consumers import RunConsumer
from workflows_app.web.live.listsocket import RunListConsumer


class Nowhere(AsyncWebsocketConsumer):
    """Close what is opened at an address that is none."""

    async def connect(self) -> None:
        await self.close()


# Django's stubs know routes to views only.
run_socket: Any = RunConsumer.as_asgi()
list_socket: Any = RunListConsumer.as_asgi()
ask_socket: Any = AskConsumer.as_asgi()
no_socket: Any = Nowhere.as_asgi()
websocket_urlpatterns: list[Any] = [
    path("ws/runs/", list_socket),
    path("ws/approvals/", ask_socket),
    path("ws/runs/<path:run_id>/", run_socket),
    re_path("", no_socket),
]
