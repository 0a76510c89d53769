"""A JSON Schema as a table that people read: one line per field, nested ones indented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from pydantic.errors import PydanticUserError

from workflows_app.engine.errors import FieldError
from workflows_app.engine.schema import Schema
from workflows_app.engine.secrets import Names
from workflows_app.runtime import secret_names
from workflows_app.web.forms.form import Validate
from workflows_app.web.forms.schema import Part, as_schema, is_decimal, read_part
from workflows_app.web.values.complaints import in_words

MAX_DEPTH = 5
MAX_LINES = 200
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a schema."""

    name: str
    type: str
    required: bool
    about: str
    depth: int


def json_schema_of(schema: Schema) -> Json:
    """Describe a schema; one that JSON Schema cannot say takes anything.

    What stands under the name of a secret is described as one, since that is how it is kept.
    """
    try:
        described = schema.json_schema()
    except PydanticUserError:
        return {}
    return dict(as_schema(withheld(described, secret_names())))


def any_name_schema_of(schema: Schema) -> Json:
    """Describe a schema with its fields under their aliases and under their names: a value may come with either."""
    try:
        described = merged(schema.json_schema(), schema.json_schema(by_alias=False))
    except PydanticUserError:
        return {}
    return dict(as_schema(withheld(described, secret_names())))


def merged(one: Any, other: Any) -> Any:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return one
    return {**one, **other, **{key: merged(one[key], other[key]) for key in one.keys() & other.keys()}}


def withheld(document: Any, names: Names) -> Any:
    """Say of every property with the name of a secret that it is only written; a boolean tells nothing."""
    if isinstance(document, list):
        return [withheld(part, names) for part in document]
    if not isinstance(document, dict):
        return document
    parts = {key: withheld(part, names) for key, part in document.items()}
    properties = parts.get("properties")
    if isinstance(properties, dict):
        for name, part in properties.items():
            if name in names and isinstance(part, dict) and part.get("type") != "boolean":
                properties[name] = {**part, "writeOnly": True}
    return parts


def translated(document: Any) -> Any:
    """Look the titles and descriptions of a form of the studio's own up in the catalogue."""
    if isinstance(document, list):
        return [translated(part) for part in document]
    if not isinstance(document, dict):
        return document
    return {
        key: _(part) if key in ("title", "description") and part and isinstance(part, str) else translated(part)
        for key, part in document.items()
    }


def checked_by(schema: Schema) -> Validate:
    """Make the check of a form out of a schema."""
    return lambda value: plain_errors(schema.check(value))


def plain_errors(errors: Sequence[FieldError]) -> list[dict[str, str]]:
    return [{"path": error["path"], "message": in_words(error["message"])} for error in errors]


def lines_of(schema: Json) -> list[Line]:
    """List the fields of a schema, top down."""
    part = read_part(schema, schema)
    found = list(_below(part, schema, 0)) or [Line("", words_of(part, schema), True, part.text("description"), 0)]
    return found[:MAX_LINES]


def _below(part: Part, root: Json, depth: int) -> Iterator[Line]:
    if depth > MAX_DEPTH:
        return
    required = part.schema.get("required")
    names = required if isinstance(required, list) else []
    for name, raw in part.part("properties").items():
        inner = read_part(as_schema(raw), root)
        yield Line(str(name), words_of(inner, root), name in names, inner.text("description"), depth)
        item = read_part(inner.part("items"), root) if inner.kind == "array" else inner
        yield from _below(item, root, depth + 1)


def words_of(part: Part, root: Json, around: tuple[str, ...] = ()) -> str:
    """Say what a value may be: "text", "list of Line items", "one of …"; what holds itself is named there."""

    def words_in(schema: object) -> str:
        return words_of(read_part(as_schema(schema), root), root, (*around, part.reference))

    values = part.schema.get("enum")
    if part.reference and part.reference in around:
        words = part.names[-1]
    elif isinstance(values, list):
        words = _("one of %s") % ", ".join(str(value) for value in values[:8])
    elif "const" in part.schema:
        words = _("always %s") % part.schema["const"]
    elif part.kind == "array":
        words = _("list of %s") % words_in(part.part("items"))
    elif part.parts("anyOf") or part.parts("oneOf"):
        arms = part.parts("anyOf") or part.parts("oneOf")
        words = (
            _("decimal")
            if is_decimal([read_part(arm, root) for arm in arms])
            else _(" or ").join(map(words_in, arms[:6]))
        )
    else:
        words = part.text("format") or next(iter(part.names[-1:]), "") or plain(part.kind)
    return _("%s or nothing") % words if part.nullable else words


def plain(kind: str) -> str:
    known = {"string": _("text"), "integer": _("whole number"), "boolean": _("yes or no"), "": _("anything")}
    return known.get(kind, kind)
