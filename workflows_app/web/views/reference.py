"""The reference of the API, as a page that works without any script."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from workflows_app.web.api import api
from workflows_app.web.http import Asked, page, show
from workflows_app.web.reference import chapters_of


@require_safe
@page()
def reference(request: Asked) -> HttpResponse:
    document = api.get_openapi_schema()
    origin = f"{request.scheme}://{request.get_host()}"
    return show(request, "reference.html", {"chapters": chapters_of(document, origin), "about": document["info"]})
