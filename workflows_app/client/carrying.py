"""From requests to HTTP and back: what both transports share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from pydantic_core import from_json

from workflows_app.client.faults import StudioError, Unreachable, fault_of
from workflows_app.client.requests import Request
from workflows_app.engine.schema import encode

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Bounds the silence of a line, not a run: who waits longer asks again."""


def options_of(address: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Give what both kinds of client of httpx are made with."""
    return {"base_url": f"{address}/api", "headers": headers, "timeout": TIMEOUT}


def written(request: Request) -> dict[str, Any]:
    """Spell a request for httpx. Raises: InvalidPayload for a body that is not JSON"""
    asked: dict[str, Any] = {"method": request.method, "url": request.path, "params": dict(request.query)}
    if request.body is not None:
        asked |= {"content": encode(request.body), "headers": {"content-type": "application/json"}}
    return asked


def answer_of(response: httpx.Response) -> Any:
    """Read an answer. Raises: the error that it means"""
    try:
        document = from_json(response.content)
    except ValueError:
        document = None
    if response.status_code != httpx.codes.OK:
        raise fault_of(response.status_code, response.headers, document)
    if document is None:
        raise StudioError()
    return document


def unreachable(error: httpx.TransportError) -> Unreachable:
    """Say that the line broke, and where it led."""
    url = error.request.url
    said = str(error) or type(error).__name__
    return Unreachable(f"The studio at {url.scheme}://{url.netloc.decode()} does not answer ({said}).")
