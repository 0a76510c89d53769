"""The jump box: as a page, and as the list that its dialog shows while one types."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from workflows_app.web.http import INBOX, Asked, page, show
from workflows_app.web.jump import jump_groups


@require_safe
@page(door=INBOX)
def jump(request: Asked) -> HttpResponse:
    asked = request.GET.get("q", "")
    context = {"q": asked, "groups": jump_groups(asked, request.user)}
    return show(request, "jump/_options.html" if request.htmx else "jump/jump.html", context)
