"""What a step asks of people: the question, who may answer it, how many must, and what time does to it.

`on_due` is a ladder. Each rung is `"remind"`, `"fail"`, `{"assign_to": name}` or `{"answer": data}`; the first
is taken when the question is due, the next ones `after` so many seconds more. It is kept as rungs:

    {"do": "assign", "after": 3600.0, "to": "managers"}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic.errors import PydanticUserError

from .errors import FieldError, InvalidData, InvalidResumeData, InvalidSuspendData
from .events import SECOND, Instant
from .options import checked_seconds
from .schema import Json, Schema, Value, to_plain

Rung = Mapping[str, Json]
MOST_ANSWERS = 50
MOST_RUNGS = 20
MOST_CHOICES = 6
YES_OR_NO = (True, False)
MAX_NAME = 150
LONGEST_BODY = 10_000
PRIORITIES = ("urgent", "high", "normal", "low")
LONGEST = 3_155_760_000.0
ON_DUE = (
    'on_due takes "remind", "fail", {"assign_to": name} or {"answer": data}, or a list of these, each with an '
    'optional "after" in seconds'
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a step said when it suspended.

    `body` says more than the title does, in Markdown. `form` describes the answer, as a JSON Schema, where the
    step's own resume schema does not. `proposal` is an answer to begin with; it may be wrong or not whole. One of
    each of the `groups` must answer, where there are some.
    """

    payload: Value | None
    labels: tuple[str, ...] = ()
    title: str | None = None
    due: Instant | None = None
    assign_to: str | None = None
    approvals: int = 1
    allow_requester: bool = True
    on_due: tuple[Rung, ...] = ()
    form: Json = None
    body: str | None = None
    priority: str = "normal"
    proposal: Value | None = None
    groups: tuple[str, ...] = ()

    def checked(self) -> Question:
        """Refuse a policy that could not be kept. Raises: InvalidSuspendData"""
        said = {"title": self.title, "body": self.body, "resume_label": list(self.labels), "assign_to": self.assign_to}
        to_plain(said)
        texts = [(name, text) for name, text in (("title", self.title), ("body", self.body)) if text is not None]
        for name, text in (*texts, *(("resume_label", label) for label in self.labels)):
            if not isinstance(text, str):
                raise _refused(name, "it is a text")
        if len(self.body or "") > LONGEST_BODY:
            raise _refused("body", f"it has at most {LONGEST_BODY} characters")
        if self.priority not in PRIORITIES:
            raise _refused("priority", f"one of {', '.join(PRIORITIES)}, not {self.priority!r}")
        if type(self.allow_requester) is not bool:
            raise _refused("allow_requester", f"True or False, not {self.allow_requester!r}")
        if self.assign_to is not None and not (isinstance(self.assign_to, str) and 0 < len(self.assign_to) <= MAX_NAME):
            raise _refused("assign_to", f"the name of a person or group, not {self.assign_to!r}")
        if self.groups and (self.assign_to or any(rung["do"] == "assign" for rung in self.on_due)):
            raise _refused("approvals", "it names the groups that are asked; leave assign_to out, in on_due too")
        if self.on_due and self.due is None:
            raise _refused("on_due", "it needs a due date; give due= as well")
        return self


def policy_of(approvals: Any) -> tuple[int, tuple[str, ...]]:
    """Read how many must answer, and the groups where it is one of each. Raises: InvalidSuspendData"""
    if not isinstance(approvals, list | tuple):
        if type(approvals) is not int or not 1 <= approvals <= MOST_ANSWERS:
            raise _refused("approvals", f"a whole number from 1 to {MOST_ANSWERS}, not {approvals!r}")
        return approvals, ()
    # SQLite finds no key with a quotation mark in it.
    are_names = all(isinstance(name, str) and 0 < len(name) <= MAX_NAME and '"' not in name for name in approvals)
    if not are_names or not 1 <= len(set(approvals)) == len(approvals) <= MOST_ANSWERS:
        raise _refused(
            "approvals",
            f"1 to {MOST_ANSWERS} names of groups, each once and without quotation marks, not {approvals!r}",
        )
    to_plain(list(approvals))
    return len(approvals), tuple(approvals)


def rungs_of(on_due: Any, schema: Schema) -> tuple[Rung, ...]:
    """Read `on_due` as the author wrote it. Raises: InvalidSuspendData"""
    if on_due is None:
        return ()
    listed = on_due if isinstance(on_due, list | tuple) else [on_due]
    if len(listed) > MOST_RUNGS:
        raise _refused("on_due", f"it has {len(listed)} entries; {MOST_RUNGS} are the most")
    return tuple(_rung(entry, schema) for entry in listed)


def _rung(entry: Any, schema: Schema) -> Rung:
    given = {entry: True} if isinstance(entry, str) else dict(entry) if isinstance(entry, Mapping) else {}
    after = given.pop("after", 0)
    if len(given) != 1 or isinstance(after, bool) or not isinstance(after, int | float) or not 0 <= after <= LONGEST:
        raise _refused("on_due", f"{ON_DUE}; got {entry!r}")
    match next(iter(given.items())):
        case ("remind" | "fail" as word, True):
            return {"do": word, "after": float(after)}
        case ("assign_to", str(name)) if name.strip():
            return {"do": "assign", "after": float(after), "to": name}
        case ("answer", data):
            return {"do": "answer", "after": float(after), "data": _default(data, schema)}
    raise _refused("on_due", f"{ON_DUE}; got {entry!r}")


def _default(data: Any, schema: Schema) -> Json:
    """Check a default answer when the question is put, not when nobody is there to mend it."""
    try:
        return schema.normalise(data, InvalidResumeData).data
    except InvalidResumeData as error:
        lines = [FieldError(path=f"on_due.answer.{line['path']}", message=line["message"]) for line in error.errors]
        raise InvalidSuspendData(errors=lines) from None


def _refused(name: str, message: str) -> InvalidSuspendData:
    return InvalidSuspendData(errors=[FieldError(path=name, message=message)])


def alarm_of(due: Instant | None, on_due: Sequence[Rung], taken: int) -> Instant | None:
    """Say when the next rung is to be taken; None when there is none."""
    if due is None or taken >= len(on_due):
        return None
    return due + int(sum(rung["after"] for rung in on_due[: taken + 1]) * SECOND)


def to_instant(when: datetime | timedelta | float | None, now: Instant = 0) -> Instant | None:
    """Read a due date, or how long it is from now.

    Raises: InvalidData for a datetime without a time zone, DefinitionError for what is neither
    """
    if when is None:
        return None
    if not isinstance(when, datetime):
        return now + int(checked_seconds(when, "A due date") * SECOND)
    if when.tzinfo is None:
        raise InvalidData(f"{when} has no time zone. Give an aware datetime.")
    return int(when.timestamp() * SECOND)


@dataclass(frozen=True, slots=True)
class DecisionField:
    """The one field of an answer that decides, and the values it may have."""

    name: str
    choices: tuple[Json, ...]


@lru_cache(maxsize=512)
def decision_field(schema: Schema) -> DecisionField | None:
    """Find the field that decides: the only required boolean or small enum, else the only one there is.

    A form in which none is required may have switches beside its one enum; then the enum decides.
    """
    try:
        described = schema.json_schema()
    except PydanticUserError:
        return None
    required = described.get("required", ())
    found = [
        DecisionField(name, choices)
        for name, part in described.get("properties", {}).items()
        if (choices := _choices(part, described))
    ]
    asked = [field for field in found if field.name in required] or found
    if not any(field.name in required for field in asked):
        asked = [field for field in asked if field.choices != YES_OR_NO] or asked
    return asked[0] if len(asked) == 1 else None


def _choices(part: Json, root: Json) -> tuple[Json, ...]:
    """List the values of a boolean or a small enum; nothing for any other part of a schema."""
    reference = str(part.get("$ref", "")).removeprefix("#/$defs/")
    part = {**root.get("$defs", {}).get(reference, {}), **part}
    if part.get("type") == "boolean":
        return YES_OR_NO
    values = part.get("enum", ())
    return tuple(values) if 2 <= len(values) <= MOST_CHOICES else ()


def decision_in(data: Json, schema: Schema) -> Json:
    """Give what was decided: the value of the field that decides, else the whole answer."""
    field = decision_field(schema)
    return data.get(field.name) if field is not None and isinstance(data, dict) else data
