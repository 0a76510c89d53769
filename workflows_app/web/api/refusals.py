"""How the API refuses: one `error` sentence, for bad bodies and queries with the `issues` of each field."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from pydantic_core import from_json

from workflows_app.errors import (
    InvalidData,
    MissingResult,
    RunError,
    RunNotFound,
    UnknownStep,
    UnreadableEvent,
    WorkflowNotFound,
    WorkflowsError,
)
from workflows_app.models.seal import SealedElsewhere
from workflows_app.web.broken import confession
from workflows_app.web.forms.json_text import once

logger = logging.getLogger("workflows")
KINDS = ("str", "int", "restart", "resume", "time_travel", "cancel")
TITLES = {"body": "Invalid request body", "query": "Invalid query parameters", "path": "Invalid path parameters"}
STATUS: Mapping[type[WorkflowsError], int] = {
    WorkflowNotFound: 404,
    RunNotFound: 404,
    UnknownStep: 400,
    MissingResult: 400,
    InvalidData: 400,
    RunError: 409,
    UnreadableEvent: 409,
}


class UnreadableBody(Exception):
    """The body is not JSON."""


class BodyParser(Parser):
    """Read bodies as the engine reads JSON, and say where one cannot be read."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = from_json(request.body or b"{}", allow_inf_nan=False)
            refuse_doubles(request.body or b"{}")
        except ValueError as error:
            raise UnreadableBody(str(error)) from error
        if not isinstance(body, dict):
            raise UnreadableBody("Send a JSON object.")
        return body


def refuse_doubles(text: bytes) -> None:
    """Refuse JSON in which an object has a key twice. Raises: ValueError

    It has been read before, so it is whole, and neither deep nor strange; numbers need not be made again.
    """
    json.loads(text, object_pairs_hook=once, parse_int=str, parse_float=str)


def install(api: NinjaAPI) -> None:
    """Teach an API to answer errors in the protocol's shape."""
    api.exception_handler(ValidationError)(refuse_invalid)
    api.exception_handler(HttpError)(refuse_unreadable)
    api.exception_handler(WorkflowsError)(refuse)
    api.exception_handler(SealedElsewhere)(refuse_sealed)
    api.exception_handler(PermissionDenied)(refuse_person)
    api.exception_handler(RequestDataTooBig)(refuse_long)
    api.exception_handler(Exception)(confess)


def refuse(request: HttpRequest, error: WorkflowsError) -> HttpResponse:
    """Answer an error of the engine. What is not the caller's mistake is not handled here."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), None)
    if status is None:
        raise error
    issues = {"issues": issues_of(error)} if isinstance(error, InvalidData) and error.errors else {}
    return said(status, {"error": error.message, "code": error.code, "details": error.details, **issues})


def issues_of(error: InvalidData) -> list[dict[str, str]]:
    """Say of data what is said of bodies: each field with its fault."""
    return [{"field": "root" if e["path"] == "value" else e["path"], "message": e["message"]} for e in error.errors]


def refuse_sealed(request: HttpRequest, error: SealedElsewhere) -> HttpResponse:
    return said(409, {"error": str(error)})


def refuse_person(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return said(403, {"error": str(error)})


def refuse_long(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return said(413, {"error": f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes; send less."})


def confess(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer a mistake of ours, or that the database is away, and log it."""
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return confession(error)


def refuse_unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    issue = {"field": "body", "message": str(error.__cause__ or error)}
    return said(error.status_code, {"error": TITLES["body"], "issues": [issue]})


def refuse_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = error.errors
    place = str(found[0]["loc"][0])
    issues = dict(map(issue_of, reversed(found)))
    shown = [{"field": name, "message": message} for name, message in reversed(issues.items())]
    return said(400, {"error": TITLES.get(place, "Invalid request"), "issues": shown})


def issue_of(problem: Mapping[str, Any]) -> tuple[str, str]:
    """Name the field of a problem; the kinds of a union are not fields of their own."""
    place, *path = problem["loc"]
    names = path[1:] if place == "body" else path
    asked = str(problem.get("ctx", {}).get("discriminator", "")).strip("'")
    field = ".".join([*map(str, without_kinds(names)), *([asked] if asked else [])]) or "root"
    return field, problem["msg"]


def without_kinds(names: Iterable[str | int]) -> list[str | int]:
    return [name for name in names if not (isinstance(name, str) and (name in KINDS or "[" in name))]


def said(status: int, document: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(json.dumps(document, default=str), status=status, content_type="application/json")
