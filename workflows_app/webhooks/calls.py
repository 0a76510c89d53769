"""One message to one address: signed, sent once, and what came back, within bounds."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from workflows_app.models.seal import SealedElsewhere, unseal

from .addresses import Refused, checked_url, place_of

SECONDS: Final = 10.0
MOST_BYTES: Final = 65_536
KEPT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent, and by which secret it is signed."""

    url: str
    sealed_secret: str
    body: bytes
    kind: str
    delivery: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a code and the beginning of a text, or no code and what went wrong."""

    code: int | None
    text: str

    @property
    def is_taken(self) -> bool:
        return self.code is not None and 200 <= self.code < 300


def signature(secret: str, at: int, body: bytes) -> str:
    """Sign a body at a second. Shape: `t=<second>,v1=<hex of HMAC-SHA256 over "<second>.<body>">`"""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


async def send(message: Message, at: int, allowed: Sequence[str]) -> Answer:
    """Sign a message and send it; whatever happens is an answer."""
    try:
        signed = signature(unseal(message.sealed_secret), at, message.body)
    except SealedElsewhere as error:
        return Answer(None, str(error))
    headers = {
        "Content-Type": "application/json",
        "X-Studio-Event": f"run.{message.kind}",
        "X-Studio-Delivery": str(message.delivery),
        "X-Studio-Signature": signed,
    }
    return await post(message.url, headers, message.body, allowed)


async def post(address: str, headers: Mapping[str, str], body: bytes, allowed: Sequence[str]) -> Answer:
    """Send a body to the public address that a host has now; whatever happens is an answer."""
    try:
        async with asyncio.timeout(SECONDS):
            return await _posted(checked_url(address), headers, body, allowed)
    except TimeoutError:
        return Answer(None, f"There was no answer within {SECONDS:g} s.")
    except Refused as error:
        return Answer(None, str(error))
    except Exception as error:
        return Answer(None, f"{type(error).__name__}: {error}"[:KEPT])


async def _posted(url: httpx.URL, headers: Mapping[str, str], body: bytes, allowed: Sequence[str]) -> Answer:
    place = await place_of(url, allowed)
    common = {
        "Host": url.netloc.decode("ascii"),
        "Accept-Encoding": "identity",
        "User-Agent": "Workflow-Studio",
    }
    # The certificate is still that of the name.
    named = {"sni_hostname": url.raw_host.decode("ascii")}
    client = httpx.AsyncClient(trust_env=False, follow_redirects=False, verify=certificates(), timeout=SECONDS)
    async with client:
        request = client.build_request(
            "POST", url.copy_with(host=place), headers={**common, **headers}, content=body, extensions=named
        )
        response = await client.send(request, stream=True)
        try:
            return Answer(response.status_code, text_of(await begin_of(response)))
        finally:
            await response.aclose()


async def begin_of(response: httpx.Response) -> bytes:
    """Read a body as it is on the wire, and no more of it than is taken."""
    read = bytearray()
    async for chunk in response.aiter_raw(4_096):
        read += chunk
        if len(read) >= MOST_BYTES:
            break
    return bytes(read[:MOST_BYTES])


def text_of(body: bytes) -> str:
    return body.decode("utf-8", "replace").replace("\0", "")[:KEPT]


@functools.cache
def certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
