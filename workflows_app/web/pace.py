"""How often somebody may call: a window of a minute that slides, for each kind of call and each caller.

A caller is a token, else a person, else an address. Each process counts for itself, in its own memory, so that no
service has to be there for a page to open. The local person of a studio on loopback is not counted, unless the
settings say so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from workflows_app.conf import get_conf
from workflows_app.web.activity import address_of
from workflows_app.web.guard import refusal

WINDOW: Final = 60
STARTS: Final = frozenset({"api:start", "api:start_async", "api:stream", "workflows:run"})
READS: Final = frozenset({"api:observe", "api:preview"})
"""Calls that are sent like changes and change nothing."""
ACTING: Final = frozenset({"api", "runs", "approvals", "workflows"})
TYPING: Final = frozenset({"check", "draft", "news", "snooze"})
"""What a page sends by itself while somebody fills in a form."""


class PaceMiddleware(MiddlewareMixin):
    """Refuse who calls too often, and say when to come again."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, names: Any
    ) -> HttpResponse | None:
        kind = kind_of(request)
        return too_fast(request, kind, caller_of(request)) if kind else None


def kind_of(request: HttpRequest) -> str:
    """Tell what kind of call this is: `start`, `act` or `read`; nothing for what is not counted."""
    match = request.resolver_match
    name = match.view_name if match else ""
    space, _, last = name.partition(":")
    if request.method in ("GET", "HEAD", "OPTIONS") or name in READS:
        return "read" if request.path_info.startswith("/api/") else ""
    if name in STARTS:
        return "start"
    return "act" if space in ACTING and last not in TYPING else ""


def caller_of(request: HttpRequest) -> str:
    if (token := request.META.get("STUDIO_TOKEN")) is not None:
        return f"token {token}"
    return f"person {request.user.pk}" if request.user.is_authenticated else f"address {address_of(request)}"


def too_fast(request: HttpRequest, kind: str, caller: str) -> HttpResponse | None:
    """Count a call; give the refusal when it is one too many."""
    wait = seconds_to_wait(kind, caller, time.time())
    if not wait:
        return None
    refused = refusal(request, 429, _("Too many calls of this kind in a minute; come again in %s s.") % wait)
    refused.headers["Retry-After"] = str(wait)
    return refused


def seconds_to_wait(kind: str, caller: str, now: float) -> int:
    """Count a call and say for how many seconds it came too early: 0 when it may go on."""
    most = limit_of(kind)
    if not most:
        return 0
    cache, window = caches["default"], int(now // WINDOW)
    passed = now % WINDOW / WINDOW
    before = cache.get(key_of(kind, caller, window - 1), 0)
    cache.add(key_of(kind, caller, window), 0, 2 * WINDOW)
    try:
        here = cache.incr(key_of(kind, caller, window))
    except ValueError:
        # It was dropped to make room, just now.
        return 0
    if before * (1 - passed) + here <= most:
        return 0
    # Calls that are refused are not held against who waits.
    cache.decr(key_of(kind, caller, window))
    # At which part of this window, or of the next, one more call is few enough.
    free = 1 - (most - here) / before if here <= most else 1 + 1 / most
    return max(1, math.ceil(WINDOW * (free - passed)))


def key_of(kind: str, caller: str, window: int) -> str:
    return f"pace.{kind}.{caller.replace(' ', '.')}.{window}"


def limit_of(kind: str) -> int:
    """Say how many calls of a kind a minute may have; 0 is any number."""
    conf = get_conf()
    if settings.STUDIO_AUTH == "none" and not conf.limit_local:
        return 0
    found: int = getattr(conf, f"{kind}s_per_minute")
    return found


class PacedSockets:
    """Refuse the sockets of who opens too many."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        person = scope.get("user")
        client = scope.get("client") or ("", 0)
        caller = f"person {person.pk}" if person is not None and person.pk else f"address {client[0]}"
        if seconds_to_wait("connect", caller, time.time()):
            return await send({"type": "websocket.close", "code": 1013})
        return await self.application(scope, receive, send)
