"""Every kind of node in every status, for whoever changes how they look. Only where `STUDIO_DEBUG=true`."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from workflows_app.web.http import Asked, page, show
from workflows_app.web.inspector.gallery import pictures


@require_safe
@page()
def gallery(request: Asked) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    return show(request, "gallery.html", {"pictures": pictures()})
