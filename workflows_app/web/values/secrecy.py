"""Values without their secrets, for whatever keeps or hands them on: neither the secret is in them nor its mask."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from workflows_app.engine.schema import Json
from workflows_app.engine.secrets import MASK
from workflows_app.web.forms.schema import Part, Schema, as_schema, read_part

ARMS = ("anyOf", "oneOf", "allOf")


def without_secrets(value: Json, schema: Mapping[str, object], names: Container[str] = ()) -> Json:
    """Leave out every field that the schema says is not to be shown, that has one of the names, or is masked."""
    return _stripped(value, _shapes([schema], schema), schema, names)


def _stripped(value: Json, shapes: list[Part], root: Schema, names: Container[str]) -> Json:
    if isinstance(value, list):
        return [_stripped(item, _shapes(_items(shapes, index), root), root, names) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    fields = {key: _shapes(_fields(shapes, key), root) for key in value}
    secret = {key for key, parts in fields.items() if any(part.is_secret for part in parts)}
    kept = (key for key in value if not (key in secret or key in names or value[key] == MASK))
    return {key: _stripped(value[key], fields[key], root, names) for key in kept}


def _shapes(schemas: Iterable[Schema], root: Schema) -> list[Part]:
    """List every shape that a value may have: it is enough that one of them has a secret.

    Each is there once, or a shape that holds itself would double them with every level of a value.
    """
    found: list[Part] = []
    left = list(schemas)
    while left:
        part = read_part(left.pop(), root)
        if part not in found:
            found.append(part)
            left += [arm for key in ARMS for arm in part.parts(key)]
    return found


def _fields(shapes: list[Part], key: str) -> Iterator[Schema]:
    for part in shapes:
        yield as_schema(part.part("properties").get(key, part.schema.get("additionalProperties")))


def _items(shapes: list[Part], index: int) -> Iterator[Schema]:
    for part in shapes:
        places = part.parts("prefixItems")
        yield places[index] if index < len(places) else part.part("items")
