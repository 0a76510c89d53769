"""What a studio refuses, as errors of the tree; and what can go wrong on the way to one.

WorkflowsError
└── StudioError   Unreachable · NotSignedIn · NotAllowed · TooFast
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows_app.engine import errors
from workflows_app.engine.errors import FieldError, InvalidData, InvalidInput, WorkflowsError


class StudioError(WorkflowsError):
    """What answered does not speak as a studio does. Check the address."""


class Unreachable(StudioError):
    """The studio does not answer. Check the address, and whether the studio runs."""


class NotSignedIn(StudioError):
    """The studio wants to know who asks. Give a valid token: Studio(address, token="…")."""


class NotAllowed(StudioError):
    """The person of this token may not do that."""


class TooFast(StudioError):
    """The studio is asked too often. Ask again after `retry_after` seconds."""

    retry_after: float = 1.0


BY_CODE: Mapping[str, type[WorkflowsError]] = {
    kind.code: kind for name in errors.__all__ if issubclass(kind := getattr(errors, name), WorkflowsError)
}
BY_STATUS: Mapping[int, type[StudioError]] = {
    401: NotSignedIn, 403: NotAllowed, 429: TooFast, 502: Unreachable, 503: Unreachable, 504: Unreachable,
}  # fmt: skip


def fault_of(status: int, headers: Mapping[str, str], document: Any) -> WorkflowsError:
    """Make the error that an answer means; `document` is its JSON, or None where it had none."""
    said: Mapping[str, Any] = document if isinstance(document, dict) else {}
    text, details = str(said.get("error", "")), {**told(said), **(said.get("details") or {})}
    kind = BY_CODE.get(said.get("code", ""))
    if kind is not None and issubclass(kind, InvalidData):
        return invalid(kind, text, details.get("errors", ()))
    if kind is not None:
        return kind(text, details=details)
    if "issues" in said:
        issues: list[FieldError] = [{"path": one["field"], "message": one["message"]} for one in said["issues"]]
        return invalid(InvalidInput, text, issues)
    fault = BY_STATUS.get(status, StudioError)(text or unexpected(status, headers), details={"status": status})
    if isinstance(fault, TooFast) and headers.get("retry-after", "").isdecimal():
        fault.retry_after = float(headers["retry-after"])
    return fault


def told(said: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what an answer tells beside its error, such as who was faster."""
    return {name: value for name, value in said.items() if name not in ("error", "code", "details", "issues")}


def invalid(kind: type[InvalidData], text: str, problems: list[FieldError] | tuple[()]) -> InvalidData:
    """Make an error of data. The text of one with problems already lists them below its first line."""
    return kind(text.partition("\n")[0] if problems else text, errors=problems)


def unexpected(status: int, headers: Mapping[str, str]) -> str:
    """Say what came in place of a studio's answer; nothing where the class says it best."""
    if target := headers.get("location"):
        return f"The studio sends on to {target}. Use that address."
    return "" if status in BY_STATUS else f"What answered does not speak as a studio does (it said {status})."
