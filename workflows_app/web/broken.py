"""What is answered when something broke: a mistake of ours, or a database that is away for a while."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

T = TypeVar("T")
MISTAKE: Final = gettext_lazy("The studio made a mistake. The cause is in the server's log.")
AWAY: Final = gettext_lazy(
    "The studio cannot reach its database now. Nothing that was recorded is lost; try again in a moment."
)
AGAIN_SECONDS: Final = 2


def broken(request: HttpRequest) -> HttpResponse:
    """Answer a request that raised, while what it raised is at hand."""
    error = sys.exception()
    if request.path_info.startswith("/api/"):
        return confession(error)
    away = is_away(error)
    response = render(request, "500.html", {"away": AWAY if away else ""}, status=503 if away else 500)
    return with_patience(response) if away else response


def confession(error: BaseException | None) -> HttpResponse:
    """Tell a program what broke."""
    if is_away(error):
        return with_patience(JsonResponse({"error": str(AWAY)}, status=503))
    return JsonResponse({"error": str(MISTAKE)}, status=500)


def insist(work: Callable[[], T]) -> T:
    """Do what may be done twice, over a new connection where the request's own was cut since it began.

    For what follows an act that has taken effect. Raises: Error when the database is still away
    """
    try:
        return work()
    except (OperationalError, InterfaceError):
        connection.close()
        return work()


def is_away(error: BaseException | None) -> bool:
    """Tell whether it is only that the database does not answer, or is locked."""
    return isinstance(error, OperationalError | InterfaceError)


def with_patience(response: HttpResponse) -> HttpResponse:
    response.headers["Retry-After"] = str(AGAIN_SECONDS)
    return response
