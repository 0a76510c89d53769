"""Between pydantic and JSON: schemas that validate, values that are encoded once.

What a journal stores is JSON text. `Value` keeps that text, so a value is encoded when it is made and never
again; `data` reads it back as a fresh copy, so nobody can change a record through what was handed out. Where
it holds secrets, `data` shows the mask; `secrets.py` says why and how.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json, to_jsonable_python

from .errors import FieldError, InvalidData, InvalidPayload, glimpse, message_of
from .rereading import computed_names, mended
from .secrets import KNOWN, MASK, SEAL, SUSPECT, Seal, covered, masked, masked_place, sealed, unsealed
from .sensitive import SECRETS, Description, adapter_of, bare, carries_secrets, dumped

Json: TypeAlias = Any
MAX_DEPTH = 64
MAX_BITS = 14_280  # of a number with 4,299 digits: readers of JSON refuse longer ones
PLAIN: tuple[Any, ...] = (str, int, float, dict, list, tuple)


class Value:
    """A JSON value, encoded once.

    A value that lies in the payload store has a `ref` (the hash of its text) and, until the journal
    resolves it, no text. `is_sealed` tells that secrets in it stand under seals, `suspect` that it may hold what
    a vault has yet to seal.
    """

    __slots__ = ("_text", "is_sealed", "ref", "size", "suspect")

    def __init__(self, text: str | None, ref: str | None = None, size: int | None = None) -> None:
        self._text = text
        self.is_sealed = text is not None and SEAL in text
        self.ref = ref
        self.size = len(text) if size is None and text is not None else size or 0
        self.suspect = False

    @classmethod
    def of(cls, data: object) -> Value:
        """Encode data. Raises: InvalidPayload naming the path of what is not JSON."""
        hints: list[str] = []
        value = cls(to_json(covered(to_plain(data, hints=hints))).decode())
        value.suspect = bool(hints or KNOWN.get())
        return value

    @property
    def loaded(self) -> bool:
        return self._text is not None

    @property
    def text(self) -> str:
        if self._text is None:
            raise InvalidPayload(f"The value {self.ref} was not read from the payload store.")
        return self._text

    @property
    def data(self) -> Json:
        """Read a fresh copy as everybody may see it: the mask stands for what is secret."""
        return masked(from_json(self.text)) if self.is_sealed else from_json(self.text)

    @property
    def raw(self) -> Json:
        """Read a fresh copy whose secrets stay under their seals."""
        return sealed(from_json(self.text)) if self.is_sealed else from_json(self.text)

    @property
    def shown(self) -> str:
        """The text as everybody may see it."""
        return to_json(self.data).decode() if self.is_sealed else self.text

    def resolve(self, text: str) -> None:
        """Fill in the text that the payload store holds for `ref`."""
        self._text, self.is_sealed = text, SEAL in text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self._text == other._text and self.ref == other.ref

    def __hash__(self) -> int:
        return hash((self._text, self.ref))

    def __repr__(self) -> str:
        return f"Value({self.shown if self.loaded else self.ref!r})"


MASKED = f'"{MASK}"'
NOT_THE_MASK = "this is the mask that stands for a secret; give the secret itself"
NULL = Value("null")
EMPTY = Value("{}")


def encode(data: object) -> str:
    """Encode data as JSON text, refusing what would not come back the same.

    Raises: InvalidPayload
    """
    return to_json(to_plain(data)).decode()


def trusted(data: Json) -> Value:
    """Encode data that was read from JSON before."""
    return Value(to_json(data).decode())


def array(values: list[Value]) -> Value:
    return Value(f"[{','.join([value.text for value in values])}]")


def record(values: Mapping[str, Value]) -> Value:
    return Value("{" + ",".join([f"{to_json(key).decode()}:{value.text}" for key, value in values.items()]) + "}")


def size_of(parts: Mapping[str, Value] | list[Value]) -> int:
    """Say how large a record or an array of values would be, without making it."""
    commas = max(len(parts) - 1, 0)
    if isinstance(parts, list):
        return 2 + commas + sum(part.size for part in parts)
    return 2 + commas + sum(len(to_json(key).decode()) + 1 + part.size for key, part in parts.items())


def alike(one: Json, other: Json) -> bool:
    """Compare JSON values as JSON does, where true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def to_plain(value: Any, path: str = "", depth: int = 0, hints: list[str] | None = None) -> Json:
    """Turn a value into plain JSON data, naming the path of what cannot be; `hints` gets where secrets may be."""
    kind = type(value)
    if kind is str:
        return _text(value, path)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if value.bit_length() <= MAX_BITS else _refuse(path, "the number has more than 4,299 digits")
    if kind is float:
        return value if math.isfinite(value) else _refuse(path, f"{value} is not a JSON number")
    if depth >= MAX_DEPTH:
        _refuse(path, f"nested deeper than {MAX_DEPTH} levels")
    if kind is dict:
        if hints is not None and SUSPECT.among(value):
            hints.append(path)
        return {_key(k, path): to_plain(v, f"{path}.{k}", depth + 1, hints) for k, v in value.items()}
    if kind is list or kind is tuple:
        return [to_plain(v, f"{path}.{i}", depth + 1, hints) for i, v in enumerate(value)]
    if kind is Seal:
        if hints is not None:
            hints.append(path)
        return value
    return to_plain(_from_object(value, path), path, depth + 1, hints)


def _text(value: str, path: str) -> str:
    if "\0" in value:
        _refuse(path, "text holds a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            _refuse(path, "text holds a lone surrogate")
    return value


def _key(key: object, path: str) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str):
        return str(_text(key, path))
    raise InvalidPayload(errors=[FieldError(path=_shown(path), message=f"the key {glimpse(key)} is not text")])


def _from_object(value: object, path: str) -> Json:
    """Read what is no plain JSON; an object that raises when it is read is refused like one that is no JSON."""
    try:
        return _read(value, path)
    except InvalidPayload:
        raise
    except Exception as error:
        return _refuse(path, f"a {type(value).__name__} cannot be read: {message_of(error)}")


def _read(value: object, path: str) -> Json:
    if isinstance(value, BaseModel):
        return _dumped(value, path)
    if isinstance(value, SECRETS):
        return Seal.of(to_plain(bare(value), path))
    if isinstance(value, Enum):
        return value.value
    base = next((base for base in PLAIN if isinstance(value, base)), None)
    if base is not None:
        return base(value)
    if isinstance(value, datetime | date | time | timedelta | Decimal | UUID) or is_dataclass(value):
        return _dumped(value, path)
    if isinstance(value, Mapping):
        return dict(value)
    return _refuse(path, f"a {type(value).__name__} is not JSON")


def _dumped(value: Any, path: str) -> Json:
    kind: Any = type(value)
    try:
        adapter = adapter_of(kind)
        if adapter is not None:
            return dumped(adapter, value, to_plain)
        return value.model_dump(mode="json") if isinstance(value, BaseModel) else to_jsonable_python(value)
    except PydanticSerializationError as error:
        return _refuse(path, str(error))


def _refuse(path: str, message: str) -> Json:
    raise InvalidPayload(errors=[FieldError(path=_shown(path), message=message)])


def _shown(path: str) -> str:
    return path.lstrip(".") or "value"


class Schema:
    """A pydantic model or any type, ready to validate; `Schema(None)` takes any JSON value."""

    def __init__(self, declared: Any = None) -> None:
        self.declared = declared

    @cached_property
    def adapter(self) -> TypeAdapter[Any] | None:
        """Build the validator on first use, so that a definition costs nothing until it runs.

        A model without fields takes anything, so that its data is not stripped to nothing.
        """
        if self.declared is None or self.declared is Any:
            return None
        if self.model is not None and not self.model.model_fields and not self.model.model_config.get("extra"):
            return None
        return TypeAdapter(self.declared)

    @cached_property
    def model(self) -> type[BaseModel] | None:
        declared = self.declared
        return declared if isinstance(declared, type) and issubclass(declared, BaseModel) else None

    @cached_property
    def is_secret(self) -> bool:
        """Whether a field somewhere in it is secret."""
        return self.adapter is not None and carries_secrets(self.adapter)

    @property
    def is_any(self) -> bool:
        return self.adapter is None

    def __bool__(self) -> bool:
        return self.declared is not None

    def json_schema(self, *, by_alias: bool = True) -> Json:
        """Describe the schema. Shape: a JSON Schema document; {} takes anything."""
        if self.declared is None or self.declared is Any:
            return {}
        return TypeAdapter(self.declared).json_schema(by_alias=by_alias, schema_generator=Description)

    def parse(self, value: Value, error: type[InvalidData] = InvalidData, message: str = "") -> Any:
        """Validate a value and give what the schema makes of it. Raises: the given InvalidData.

        What a vault has sealed must have been opened before.
        """
        if value.is_sealed:
            value = trusted(unsealed(value.raw))
        if self.adapter is None:
            return value.data
        try:
            return self._read(self.adapter, value.text)
        except ValidationError as problem:
            raise error(message, errors=field_errors(problem)) from None

    def _read(self, adapter: TypeAdapter[Any], text: str) -> Any:
        try:
            # By name too: that is how a model is dumped, whatever its aliases.
            return adapter.validator.validate_json(text, by_alias=True, by_name=True)
        except ValidationError as problem:
            again = mended(text, problem, self._computed)
            if again is None:
                raise
            try:
                return self._read(adapter, again)
            except ValidationError:
                raise problem from None

    @cached_property
    def _computed(self) -> frozenset[str]:
        return frozenset(computed_names(self.adapter.core_schema) if self.adapter else ())

    def normalise(self, data: object, error: type[InvalidData] = InvalidData, message: str = "") -> Value:
        """Validate data from outside and encode the result, defaults filled in, unknown keys dropped.

        Raises: the given InvalidData
        """
        try:
            value = Value.of(data)
        except InvalidPayload as problem:
            raise error(message, errors=problem.errors) from None
        if MASKED in value.text and (place := masked_place(value.raw)):
            raise error(message, errors=[FieldError(path=place, message=NOT_THE_MASK)])
        if self.adapter is None:
            return value
        parsed = self.parse(value, error, message)
        if not self.is_secret:
            return Value.of(self.adapter.dump_python(parsed, mode="json"))
        made = Value.of(dumped(self.adapter, parsed, to_plain))
        if MASKED in made.text and (place := masked_place(made.raw)):
            raise error(message, errors=[FieldError(path=place, message=NOT_THE_MASK)])
        return made

    def spoken(self, data: Json) -> Json:
        """Give data that was dumped as somebody outside says it: by its aliases, and without what is computed.

        What does not fit stays as it is.
        """
        if self.adapter is None:
            return data
        try:
            read = self.parse(Value.of(data))
            # What was left out stays so: the default of a secret would come as its mask.
            said = self.adapter.dump_python(read, mode="json", by_alias=True, round_trip=True, exclude_unset=True)
            return to_plain(said)
        except (InvalidData, PydanticSerializationError):
            return data

    def named(self, data: dict[str, Json]) -> dict[str, Json]:
        """Call the fields of a model by name, as it is dumped, where they are called by an alias."""
        fields = self.model.model_fields if self.model else {}
        names = {one.validation_alias: name for name, one in fields.items() if isinstance(one.validation_alias, str)}
        return {names.get(key, key): value for key, value in data.items()}

    def check(self, data: object) -> list[FieldError]:
        """List what is wrong with data, without raising."""
        try:
            self.normalise(data)
        except InvalidData as problem:
            return problem.errors
        return []


class Described(Schema):
    """Takes any JSON value, and tells what somebody else expects of it."""

    def __init__(self, document: Json) -> None:
        super().__init__(Any)
        self.document = document

    def json_schema(self, *, by_alias: bool = True) -> Json:
        return self.document


ANY = Schema()


def field_errors(problem: ValidationError) -> list[FieldError]:
    """Name each problem of a validation by its dotted path."""
    return [
        FieldError(path=".".join(str(part) for part in line["loc"]) or "value", message=line["msg"])
        for line in problem.errors(include_url=False, include_context=False, include_input=False)
    ]
