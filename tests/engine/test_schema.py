"""Schemas and values: what JSON is, and what is refused by name."""

from __future__ import annotations

import math
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    Secret,
    SecretStr,
    computed_field,
    field_validator,
)
from pydantic.alias_generators import to_camel

from workflows_app.engine.schema import ANY, Schema, Value, array, encode, record, to_plain
from workflows_app.errors import InvalidInput, InvalidPayload


class Color(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Text(str):
    pass


@dataclass
class Point:
    x: int
    tags: list[str]


Pair = namedtuple("Pair", "left right")


class Order(BaseModel):
    sku: str
    count: int = 1


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (math.nan, "value"),
        (math.inf, "value"),
        ({"a": [1, -math.inf]}, "a.1"),
        ({"a": {"b": "x\0y"}}, "a.b"),
        (["ok", "\ud800"], "1"),
        ({"a\0": 1}, "value"),
        ({"x": {"\udfff": 1}}, "x"),
        ({"x": {1: 1}}, "x"),
        ({None: 1}, "value"),
        ({(1, 2): 1}, "value"),
        ({1, 2}, "value"),
        ({"s": frozenset()}, "s"),
        (b"bytes", "value"),
        ([bytearray(b"x")], "0"),
        (object(), "value"),
        ({"f": len}, "f"),
        (1j, "value"),
        ({"g": (number for number in "12")}, "g"),
        (Exception("no"), "value"),
    ],
)
def test_what_is_not_json_is_refused_by_its_path(value: object, path: str) -> None:
    with pytest.raises(InvalidPayload) as caught:
        encode(value)
    assert [error["path"] for error in caught.value.errors] == [path]


def test_depth_64_is_kept_and_65_refused() -> None:
    assert Value.of(nested(64)).data == nested(64)
    with pytest.raises(InvalidPayload, match="deeper than 64"):
        encode(nested(65))


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidPayload, match="deeper"):
        encode(loop)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (10**30, str(10**30)),
        (-(2**64), str(-(2**64))),
        (1.5, "1.5"),
        ("Ä🙂", '"Ä🙂"'),
        ((1, (2,)), "[1,[2]]"),
        (Color.RED, '"red"'),
        ([Level.HIGH], "[3]"),
        (Text("t"), '"t"'),
        (Point(1, ["a"]), '{"x":1,"tags":["a"]}'),
        (Pair(1, 2), "[1,2]"),
        (OrderedDict(a=1), '{"a":1}'),
        (MappingProxyType({"a": 1}), '{"a":1}'),
        ({Text("k"): 1}, '{"k":1}'),
        (Order(sku="x"), '{"sku":"x","count":1}'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Decimal("1.10"), '"1.10"'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (time(1, 2), '"01:02:00"'),
        (datetime(2026, 1, 2, tzinfo=UTC), '"2026-01-02T00:00:00Z"'),
        (timedelta(seconds=90), '"PT1M30S"'),
    ],
)
def test_what_is_json_or_means_it_is_kept(value: object, text: str) -> None:
    assert encode(value) == text


def test_a_number_of_thousands_of_digits_is_kept() -> None:
    assert Value.of(10**4_200).data == 10**4_200


ATOMS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
)  # fmt: skip
JSON = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc.", min_size=1), inner),
    max_leaves=20,
)


@given(JSON)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert Value.of(value).data == value
    assert to_plain(value) == value


def test_a_value_gives_a_fresh_copy_each_time() -> None:
    value = Value.of({"a": [1]})
    value.data["a"].append(2)
    assert value.data == {"a": [1]}


def test_a_value_in_the_payload_store_is_read_once_it_is_resolved() -> None:
    value = Value(None, ref="hash", size=9)
    assert (value.loaded, value.size, repr(value)) == (False, 9, "Value('hash')")
    with pytest.raises(InvalidPayload, match="hash"):
        _ = value.text
    value.resolve('{"a":1}')
    assert (value.loaded, value.data) == (True, {"a": 1})


def test_values_are_equal_by_what_they_hold() -> None:
    assert Value.of([1]) == Value.of([1])
    assert Value.of([1]) != Value.of([2])
    assert Value.of([1]) != "[1]"
    assert len({Value.of(1), Value.of(1)}) == 1
    assert repr(Value.of("a")) == "Value('\"a\"')"


def test_arrays_and_records_are_put_together_from_values() -> None:
    assert array([Value.of(1), Value.of("a")]).data == [1, "a"]
    assert record({'k"': Value.of(None)}).data == {'k"': None}


def test_no_schema_takes_any_json() -> None:
    for schema in (Schema(), Schema(Any), ANY):
        assert schema.is_any
        assert schema.json_schema() == {}
        assert schema.normalise({"a": 1}).data == {"a": 1}
        assert schema.parse(Value.of(3)) == 3
    assert not Schema()
    assert Schema(Any)


def test_a_model_without_fields_takes_anything() -> None:
    class Empty(BaseModel):
        pass

    class Closed(BaseModel):
        model_config = ConfigDict(extra="forbid")

    assert Schema(Empty).normalise({"a": 1}).data == {"a": 1}
    with pytest.raises(InvalidInput):
        Schema(Closed).normalise({"a": 1}, InvalidInput)


def test_a_schema_fills_in_defaults_and_drops_unknown_keys() -> None:
    assert Schema(Order).normalise({"sku": "x", "odd": 1}).data == {"sku": "x", "count": 1}
    assert Schema(Order).normalise(Order(sku="x", count=2)).data == {"sku": "x", "count": 2}
    assert Schema(Order).parse(Value.of({"sku": "x"})) == Order(sku="x")


@pytest.mark.parametrize(
    ("declared", "data", "path"),
    [
        (Order, {"count": 1}, "sku"),
        (list[Order], [{"sku": "x"}, {"sku": 1}], "1.sku"),
        (int, "many", "value"),
        (Literal["a", "b"], "c", "value"),
        (Order, math.nan, "value"),
        (Order, {"sku": "\0"}, "sku"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(declared: Any, data: object, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Schema(declared).normalise(data, InvalidInput)
    assert [error["path"] for error in caught.value.errors] == [path]
    assert Schema(declared).check(data) == caught.value.errors


def test_what_fits_has_no_problems() -> None:
    assert Schema(Order).check({"sku": "x"}) == []


def test_a_message_stands_before_the_problems() -> None:
    with pytest.raises(InvalidInput, match=r"Here: \n- value: "):
        Schema(int).normalise("x", InvalidInput, "Here: ")


def test_validators_and_aliases_of_a_model_are_used() -> None:
    class Aliased(BaseModel):
        model_config = ConfigDict(populate_by_name=True)
        size: int = Field(alias="theSize")

        @field_validator("size")
        @classmethod
        def positive(cls, value: int) -> int:
            if value < 0:
                raise ValueError("too small")
            return value

    assert Schema(Aliased).parse(Value.of({"theSize": 3})).size == 3
    assert Schema(Aliased).check({"theSize": -1})[0]["message"] == "Value error, too small"


class Spoken(BaseModel):
    user_name: str = Field(alias="userName")
    size: int = Field(1, validation_alias=AliasChoices("theSize", "aSize"))


class Strict(Spoken):
    model_config = ConfigDict(extra="forbid", validate_by_name=False)


@pytest.mark.parametrize("model", [Spoken, Strict])
def test_what_a_model_was_dumped_to_is_read_again(model: type[Spoken]) -> None:
    given = Schema(model).normalise({"userName": "ada", "aSize": 3}, InvalidInput)
    assert given.data == {"user_name": "ada", "size": 3}
    spoken = Schema(model).parse(given)
    assert (type(spoken), spoken.size) == (model, 3)
    assert Schema(model).normalise(spoken).data == given.data
    assert [error["path"] for error in Schema(model).check({"aSize": 2})] == ["userName"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    unit_price: int
    sizes: Json[list[int]] = []

    @computed_field
    def with_tax(self) -> int:
        return self.unit_price * 2


class Parcel(BaseModel):
    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)

    parts: list[Part | int]
    by_name: dict[str, Part] = Field({}, alias="byName")

    @computed_field(alias="partCount")
    def count(self) -> int:
        return len(self.parts)


def test_what_a_dump_says_beside_the_fields_is_read_again() -> None:
    schema, part = Schema(Parcel), {"unitPrice": 2, "sizes": "[1, 2]"}
    given = schema.normalise({"parts": [part, 7], "byName": {"with_tax": part}})
    dumped = {"unit_price": 2, "sizes": [1, 2], "with_tax": 4}
    assert given.data == {"parts": [dumped, 7], "byName": {"with_tax": dumped}, "partCount": 2}
    read = schema.parse(given)
    assert (read.count, read.parts[0].with_tax, read.parts[0].sizes) == (2, 4, [1, 2])
    assert schema.normalise(read) == given
    assert Schema(Json[list[int]]).parse(Schema(Json[list[int]]).normalise("[1, 2]")) == [1, 2]


def test_what_was_dumped_is_said_by_its_aliases() -> None:
    spoken = {"parts": [{"unitPrice": 2, "sizes": "[1,2]"}, 7], "byName": {}}
    schema = Schema(Parcel)
    assert schema.spoken(schema.normalise(spoken).data) == schema.spoken(spoken) == spoken
    assert schema.spoken({"parts": "none"}) == {"parts": "none"}
    assert ANY.spoken({"parts": 1}) == {"parts": 1}


def test_what_no_dump_says_is_refused_as_before() -> None:
    wrong = {"parts": [{"unitPrice": 2, "with_tax": 4, "more": 1}]}
    told = [(error["path"], error["message"]) for error in Schema(Parcel).check(wrong)]
    assert ("parts.0.Part.more", "Extra inputs are not permitted") in told
    sizes = Schema(Part).check({"unitPrice": 2, "sizes": ["x"]})
    assert [(error["path"], error["message"][:10]) for error in sizes] == [("sizes", "JSON input")]


def test_a_schema_describes_itself() -> None:
    assert Schema(Order).json_schema()["required"] == ["sku"]
    assert Schema(list[int]).json_schema() == {"items": {"type": "integer"}, "type": "array"}


def test_a_model_that_cannot_be_dumped_is_refused() -> None:
    class Loaded(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        thing: object

    with pytest.raises(InvalidPayload, match="x: "):
        encode({"x": Loaded(thing=object())})


def test_every_secret_is_described_as_one() -> None:
    class Login(BaseModel):
        name: str
        pin: Secret[int]
        word: SecretStr
        where: Path

    shown = Schema(Login).json_schema()["properties"]
    assert {name for name, field in shown.items() if field.get("writeOnly")} == {"pin", "word"}


def test_a_decimal_is_told_from_a_number_or_any_text() -> None:
    either = {"anyOf": [{"type": "number"}, {"type": "string"}]}
    assert Schema(float | str).json_schema() == either
    exact = Schema(Decimal).json_schema()["anyOf"]
    assert [(part["type"], part.get("format")) for part in exact] == [("number", None), ("string", "decimal")]


class Unruly:
    """Raises whenever it is looked at."""

    def __repr__(self) -> str:
        raise RuntimeError("not now")


class UnrulyText(str):
    def __str__(self) -> str:
        raise RuntimeError("not now")


class UnrulyList(list[int]):
    def __iter__(self) -> Iterator[int]:
        raise RuntimeError("not now")


@pytest.mark.parametrize("value", [Unruly(), UnrulyText("x"), UnrulyList([1]), {Unruly(): 1}], ids=lambda v: "x")
def test_what_raises_when_it_is_read_is_refused_like_what_is_no_json(value: object) -> None:
    with pytest.raises(InvalidPayload):
        Value.of([value])
