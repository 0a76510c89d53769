"""What every request passes before anything else looks at it.

A studio on loopback signs nobody in, and any page of the web can make a browser send requests to
loopback. So a request must name a host we answer to, must not change anything on behalf of another
site, and must not be larger than we take. `RequestGuard` says so to requests of Django;
`ConnectionGuard` stands around the whole ASGI application and also covers sockets and body sizes.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.http.request import split_domain_port, validate_host
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from asgiref.typing import (
        ASGI3Application,
        ASGIReceiveCallable,
        ASGIReceiveEvent,
        ASGISendCallable,
        ASGISendEvent,
        HTTPScope,
        Scope,
        WebSocketScope,
    )

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
LONGEST_NUMBER = 18
FOREIGN = gettext_lazy("This request comes from another site; open the studio itself to do this.")


def is_foreign(headers: Mapping[str, str], host: str) -> bool:
    """Tell whether a browser sent this on behalf of a page that is not ours."""
    if headers.get("sec-fetch-site") == "cross-site":
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != host


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def is_of_programs(path: str) -> bool:
    """Tell whether an address belongs to the API, whose callers read JSON."""
    return path.startswith("/api/")


def refusal(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    return spoken(status, sentence, as_json=is_of_programs(request.path_info))


def spoken(status: int, sentence: str, *, as_json: bool) -> HttpResponse:
    if as_json:
        return JsonResponse({"error": sentence}, status=status)
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")


class RequestGuard(MiddlewareMixin):
    """Refuse unknown hosts, what other sites send, and API bodies that a plain form could send."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        request.META["STUDIO_REQUEST_ID"] = secrets.token_hex(8)
        host = request.get_host()  # raises DisallowedHost, which Django answers with 400
        if "\0" in request.path_info:
            return refusal(request, 404, _("No address holds a NUL character."))
        if request.method == "GET":
            return None
        if is_foreign(request.headers, host) and not is_invited(request):
            return refusal(request, 403, str(FOREIGN))
        if is_of_programs(request.path_info) and has_body(request) and request.content_type != "application/json":
            return refusal(request, 415, _("Send the body with content-type: application/json."))
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if isinstance(response, HttpResponseNotAllowed) and is_of_programs(request.path_info):
            # The protocol knows an address by its method, too.
            response = HttpResponse("404 Not Found", status=404, content_type="text/plain")
        elif isinstance(response, HttpResponseNotAllowed) and not response.content:
            allowed = response.headers["Allow"]
            words = _("This address does not take %(method)s; it takes %(allowed)s.")
            response.content = (words % {"method": request.method, "allowed": allowed}).encode()
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers["X-Request-ID"] = request.META.get("STUDIO_REQUEST_ID", "")
        return response


def is_invited(request: HttpRequest) -> bool:
    """Tell whether a page of this origin may call the API."""
    return is_of_programs(request.path_info) and request.headers.get("origin") in settings.CORS_ALLOWED_ORIGINS


def has_body(request: HttpRequest) -> bool:
    return request.headers.get("content-length", "0") not in ("", "0") or "transfer-encoding" in request.headers


class ConnectionGuard:
    """Stand around the ASGI application: who may connect at all, and how much they may send."""

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http":
            await self.http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.websocket(scope, receive, send)

    async def http(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        as_json = is_of_programs(scope["path"])
        if not is_reachable(scope["server"]):
            sentence = _("Without accounts the studio answers on loopback only; set STUDIO_AUTH=django.")
            await answer(send, 403, sentence, as_json=as_json)
            return
        body = LimitedBody(receive, send, settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0, as_json=as_json)
        length = headers_of(scope).get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            await answer(send, 400, _("The header content-length is no number."), as_json=as_json)
            return
        # A number of very many digits is not even read.
        if len(length) > LONGEST_NUMBER or int(length) > body.limit:
            await body.refuse()
            return
        await self.application(scope, body.receive, body.send)

    async def websocket(self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        headers = headers_of(scope)
        host = headers.get("host", "")
        if (
            is_reachable(scope["server"])
            and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
            and not is_foreign(headers, host)
        ):
            await self.application(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": None})


class LimitedBody:
    """Pass a request's body on until it is longer than the limit, then answer 413 and hang up."""

    def __init__(
        self, receive: ASGIReceiveCallable, send: ASGISendCallable, limit: int, *, as_json: bool
    ) -> None:  # fmt: skip
        self.as_json = as_json
        self._receive = receive
        self._send = send
        self.limit = limit
        self.received = 0
        self.refused = False

    async def receive(self) -> ASGIReceiveEvent:
        event = await self._receive()
        if event["type"] == "http.request":
            self.received += len(event["body"])
            if self.received > self.limit:
                await self.refuse()
                return {"type": "http.disconnect"}
        return event

    async def send(self, event: ASGISendEvent) -> None:
        if not self.refused:
            await self._send(event)

    async def refuse(self) -> None:
        self.refused = True
        sentence = _("The body is larger than %s bytes; send less.") % self.limit
        await answer(self._send, 413, sentence, as_json=self.as_json)


def is_reachable(server: tuple[str, int | None] | None) -> bool:
    """Tell whether this address of ours may be talked to; without accounts only loopback may.

    No address at all is a Unix socket, or a test that has no server.
    """
    return settings.STUDIO_AUTH != "none" or server is None or is_loopback(server[0])


def headers_of(scope: HTTPScope | WebSocketScope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def answer(
    send: ASGISendCallable, status: int, sentence: str, *more: tuple[bytes, bytes], as_json: bool = False
) -> None:
    said = spoken(status, sentence, as_json=as_json)
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", said.headers["Content-Type"].encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
        *more,
    ]
    start: Any = {"type": "http.response.start", "status": status, "headers": headers, "trailers": False}
    await send(start)
    await send({"type": "http.response.body", "body": said.content, "more_body": False})
