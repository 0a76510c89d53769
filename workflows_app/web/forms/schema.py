"""Reading a JSON Schema: following references, folding null away, and taking nothing on trust.

A schema may come from anywhere, so every getter answers with a value of the right type or with none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from workflows_app.web.forms.field import MISSING

Schema = Mapping[str, object]
MAX_HOPS: Final = 32
# These say something about a value beside its type; on an outer schema they win over the inner one.
NOTES: Final = ("title", "description", "default", "examples", "writeOnly", "format", "contentMediaType")


@dataclass(frozen=True)
class Part:
    """A part of a schema with its references followed."""

    schema: Schema
    nullable: bool = False
    reference: str = ""
    own_title: str = ""
    names: tuple[str, ...] = field(default=())

    def text(self, key: str) -> str:
        """Give a text that any page can carry, or an empty one."""
        return clean(self.schema.get(key))

    def integer(self, key: str) -> int | None:
        """Give a whole number that is not negative, or none."""
        value = self.schema.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def part(self, key: str) -> Schema:
        """Give the schema below a key, or an empty one."""
        return as_schema(self.schema.get(key))

    def parts(self, key: str) -> tuple[Schema, ...]:
        """Give the schemas listed below a key."""
        value = self.schema.get(key)
        return tuple(as_schema(item) for item in value) if isinstance(value, list) else ()

    @property
    def kind(self) -> str:
        """Name the one type that the value has, or nothing."""
        kind = self.schema.get("type")
        return kind if isinstance(kind, str) else ""

    @property
    def is_secret(self) -> bool:
        """Tell whether the value is not to be shown."""
        return self.schema.get("writeOnly") is True or "password" in (self.text("format"), self.text("x-widget"))

    @property
    def takes_null(self) -> bool:
        """Tell whether null is a value, not only a default."""
        return self.nullable or not self.kind or self.kind == "null"

    @property
    def default(self) -> object:
        """Give the default, which may be null, or MISSING."""
        return self.schema.get("default", MISSING)


def read_part(schema: Schema, root: Schema) -> Part:
    """Follow references and single `allOf`, and fold `null` into `nullable`."""
    part = Part(schema, own_title=clean(schema.get("title")))
    for _hop in range(MAX_HOPS):
        inner, part = _open_once(part, root)
        if inner is None:
            return part
        notes = {key: said for key, said in part.schema.items() if key in NOTES or key.startswith("x-")}
        part = replace(part, schema={**inner, **notes})
    return replace(part, schema={})


def is_decimal(arms: Sequence[Part]) -> bool:
    """Tell a decimal, which is a number or the text of one, from what may be either."""
    return [(arm.kind, arm.text("format")) for arm in arms] == [("number", ""), ("string", "decimal")]


def scrub(value: object) -> object:
    """Make every text of a schema one that a page can carry."""
    if isinstance(value, Mapping):
        return {clean(key): scrub(item) for key, item in value.items()}
    if isinstance(value, list):
        return [scrub(item) for item in value]
    return clean(value) if isinstance(value, str) else value


def clean(value: object) -> str:
    """Make any value a text that can be sent."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def as_schema(value: object) -> Schema:
    """Take what is not a schema for one that allows anything."""
    return value if isinstance(value, dict) else {}


def _open_once(part: Part, root: Schema) -> tuple[Schema | None, Part]:
    """Take off one layer; none is left if no schema is given back."""
    schema = part.schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = clean(reference.rpartition("/")[2])
        return _follow(reference, root), replace(part, reference=reference, names=(*part.names, name))
    if len(part.parts("allOf")) == 1:
        return part.parts("allOf")[0], part
    for key in ("anyOf", "oneOf"):
        solid = [item for item in part.parts(key) if item.get("type") != "null"]
        if solid and len(solid) < len(part.parts(key)):
            rest = solid[0] if len(solid) == 1 else {**schema, key: solid}
            return rest, replace(part, nullable=True)
    return _fold_listed_null(part)


def _fold_listed_null(part: Part) -> tuple[Schema | None, Part]:
    schema, kinds, values = part.schema, part.schema.get("type"), part.schema.get("enum")
    if isinstance(kinds, list):
        solid = [kind for kind in kinds if kind != "null"]
        if len(solid) == 1:
            return {**schema, "type": solid[0]}, replace(part, nullable=part.nullable or "null" in kinds)
    if isinstance(values, list) and None in values and len(values) > 1:
        rest = [value for value in values if value is not None]
        return {**schema, "enum": rest}, replace(part, nullable=True)
    return None, part


def _follow(reference: str, root: Schema) -> Schema:
    """Follow a JSON pointer inside the schema; one that leads nowhere allows anything."""
    found: object = root
    for key in reference.removeprefix("#").split("/")[1:]:
        found = as_schema(found).get(key.replace("~1", "/").replace("~0", "~"))
    return as_schema(found)
