"""Secret types: which fields of a pydantic schema are secret, and how their values come to be sealed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, Secret, SecretBytes, SecretStr, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import CoreSchema, core_schema
from pydantic_core.core_schema import DecimalSchema, JsonOrPythonSchema

from .secrets import Json, Seal, unsealed

SECRETS = (SecretStr, SecretBytes, Secret)


class Marked:
    """Stands in a dump for what `Sensitive` marks."""

    __slots__ = ("inner",)

    def __init__(self, inner: Any) -> None:
        self.inner = inner


class Sensitive:
    """Marks a field as secret: `Annotated[str, Sensitive]`. Steps get it as it is; everybody else the mask."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        serialization = core_schema.wrap_serializer_function_ser_schema(_mark, info_arg=True, schema=schema)
        # Around the schema, since the same one may be in use where nothing is marked.
        return core_schema.no_info_after_validator_function(_same, schema, serialization=serialization)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "writeOnly": True}


def _same(value: Any) -> Any:
    return value


def _mark(value: Any, handler: Callable[[Any], Any], info: Any) -> Any:
    plain = handler(value)
    return Marked(plain) if info.context is Marked and value is not None else plain


class Description(GenerateJsonSchema):
    """Say of every secret that it is not to be shown, and of a decimal's text what it is.

    Pydantic says the first of texts only; without the second a decimal looks like a number or any text.
    """

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Leave out what JSON cannot say, such as an odd default, without a word: it is no news to a reader."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:
        described = super().decimal_schema(schema)
        for part in described.get("anyOf", [described]):
            if part["type"] == "string":
                part["format"] = "decimal"
        return described

    def json_or_python_schema(self, schema: JsonOrPythonSchema) -> JsonSchemaValue:
        described = super().json_or_python_schema(schema)
        return {**described, "writeOnly": True} if _is_secret(schema) else described


def _is_secret(schema: JsonOrPythonSchema) -> bool:
    inner: Mapping[str, Any] = schema["json_schema"]
    function = inner.get("function", {}).get("function")
    return getattr(function, "__qualname__", "").startswith(f"{Secret.__qualname__}.")


def carries_secrets(adapter: TypeAdapter[Any]) -> bool:
    """Tell whether a field somewhere in a type is secret. One that JSON Schema cannot describe has none."""
    try:
        return _says_write_only(adapter.json_schema(schema_generator=Description))
    except PydanticUserError:
        return False


@lru_cache(maxsize=1024)
def adapter_of(kind: Any) -> TypeAdapter[Any] | None:
    """Give the adapter of a class whose objects carry secrets; None for another class."""
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
    except PydanticUserError:
        return None
    return adapter if carries_secrets(adapter) else None


def _says_write_only(document: Json) -> bool:
    if isinstance(document, dict):
        return document.get("writeOnly") is True or any(map(_says_write_only, document.values()))
    return isinstance(document, list) and any(map(_says_write_only, document))


def dumped(adapter: TypeAdapter[Any], value: Any, to_plain: Callable[[Any], Json]) -> Json:
    """Dump a value as JSON data with its secrets under seals."""
    shown = adapter.dump_python(value, mode="json")
    return _sealed(shown, adapter.dump_python(value, context=Marked), to_plain)


def _sealed(shown: Json, held: Any, to_plain: Callable[[Any], Json]) -> Json:
    """Take from one dump what JSON shows, and from the other, of the same form, what is secret."""
    if isinstance(held, Marked):
        return Seal.of(unsealed(_sealed(shown, held.inner, to_plain)))
    if isinstance(held, SECRETS):
        return Seal.of(to_plain(bare(held)))
    if isinstance(shown, dict) and isinstance(held, Mapping) and len(shown) == len(held):
        pairs = zip(shown.items(), held.values(), strict=True)
        return {key: _sealed(value, inner, to_plain) for (key, value), inner in pairs}
    if isinstance(shown, list) and isinstance(held, Collection) and len(shown) == len(held):
        return [_sealed(value, inner, to_plain) for value, inner in zip(shown, held, strict=True)]
    return shown


def bare(secret: Any) -> Any:
    """Give what a secret of pydantic's holds; bytes as the text they are."""
    value = secret.get_secret_value()
    return value.decode() if isinstance(value, bytes) else value
