"""The JSON API under `/api`: the wire protocol that published clients speak, and its OpenAPI document.

A request is answered by `reading`, `verbs` or `trials`, from what `bodies` describes; `documents` writes the
answers and `refusals` the errors. Nothing here decides anything: it finds the run, calls the engine and writes
the result.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja.renderers import BaseRenderer
from pydantic_core import to_json

from . import approvals, companions, events, preview, reading, refusals, schedules, trials, verbs, webhooks
from .described import Api


class Compact(BaseRenderer):
    """Write JSON as the engine writes it, so that large numbers and all texts come through."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return to_json(data)


api = Api(
    title="Workflow Studio",
    version="1",
    description="Start, watch, answer and rewind runs.",
    urls_namespace="api",
    docs_url=None,
    docs_decorator=require_safe,
    renderer=Compact(),
    parser=refusals.BodyParser(),
)
refusals.install(api)
for part in (reading, verbs, preview, events, approvals, trials, webhooks, schedules, companions):
    api.add_router("", part.router)


@csrf_exempt
def unknown(request: HttpRequest, address: str = "") -> HttpResponse:
    """Answer an address that the API does not have."""
    return HttpResponse("404 Not Found", status=404, content_type="text/plain")
