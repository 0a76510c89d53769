"""Shapes: what can never fit is found, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    RootModel,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from workflows_app.engine.errors import InvalidData
from workflows_app.engine.schema import Schema, Value
from workflows_app.engine.shapes import Misfit, Shapes


class Small(BaseModel):
    x: int


class Large(BaseModel):
    x: int
    y: str


class Defaults(BaseModel):
    x: int
    y: str = "why"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Around(BaseModel):
    inner: Small
    more: list[Small] = []


class WiderAround(BaseModel):
    inner: Large


class Lists(BaseModel):
    inner: list[int]


class Prepared(BaseModel):
    x: int
    y: str

    @model_validator(mode="before")
    @classmethod
    def fill_in(cls, data: Any) -> Any:
        return {"y": "", **data}


class Checked(BaseModel):
    x: list[int]

    @field_validator("x", mode="before")
    @classmethod
    def split(cls, given: Any) -> Any:
        return [given]


class Bounded(BaseModel):
    x: int = 1

    @field_validator("x")
    @classmethod
    def check(cls, given: int) -> int:
        return given


class Aliased(BaseModel):
    y: int = Field(alias="theY")


class ByName(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    x: int = Field(alias="theX")


class NamedOnly(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=False)
    x: int = Field(alias="theX")


class Chosen(BaseModel):
    model_config = ConfigDict(extra="forbid")
    z: int = Field(validation_alias=AliasChoices("x", "y"))


class Spoken(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    x: str


class Texts(BaseModel):
    x: str


class Serialized(BaseModel):
    x: int

    @field_serializer("x")
    def spell(self, x: int) -> str:
        return str(x)


class Computed(BaseModel):
    @computed_field
    def x(self) -> int:
        return 1


class Own(BaseModel):
    x: int
    y: str

    def __init__(self, x: int) -> None:
        super().__init__(x=x, y="")


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


class Forest(BaseModel):
    name: str
    children: list[Forest]


class Wood(BaseModel):
    name: str
    children: list[Large]


class Numbers(RootModel[list[int]]):
    pass


@dataclass
class Point:
    x: int
    y: str = ""
    area: int = field(default=0, init=False)


class Loose(TypedDict):
    x: int
    y: NotRequired[str]


class Color(Enum):
    RED = "red"


class Guess(Enum):
    ONE = 1

    @classmethod
    def _missing_(cls, value: object) -> Guess:
        return cls.ONE


class Square(BaseModel):
    kind: Literal["square"]
    x: int


class Circle(BaseModel):
    kind: Literal["circle"]
    x: int


Figure = Annotated[Square | Circle, Field(discriminator="kind")]
Parsed = Annotated[list[int], BeforeValidator(lambda text: [text])]
Plain = Annotated[int, PlainValidator(lambda given: given)]


def misfit(offered: Any, wanted: Any) -> Misfit | None:
    return Shapes().misfit(Schema(offered), Schema(wanted))


@pytest.mark.parametrize(
    ("offered", "wanted", "name"),
    [
        (Small, Large, "y"),
        (Loose, Large, None),
        (Small, Aliased, "theY"),
        (Prepared, Aliased, None),
        (Around, WiderAround, "inner.y"),
        (list[Around], list[WiderAround], "[].inner.y"),
        (Forest, Wood, "children[].x"),
        (Small | None, Large, "y"),
        (Small, Large | None, "y"),
        (Figure, Large, "y"),
        (Small, Point, None),
        (Point, Around, "inner"),
        (Bounded, Large, "y"),
        (Bounded, NamedOnly, None),
    ],
)
def test_a_required_field_that_is_never_there_is_found(offered: Any, wanted: Any, name: str | None) -> None:
    assert misfit(offered, wanted) == (None if name is None else Misfit(name, "lacks"))


def test_a_field_that_the_next_one_forbids_is_found() -> None:
    assert misfit(Large, Strict) == Misfit("y", "refused")
    assert misfit(Defaults, Strict) is None
    assert misfit(Small, Strict) is None


@pytest.mark.parametrize(
    ("offered", "wanted", "found"),
    [
        (int, str, Misfit("", "kind", "number", "text")),
        (bool, str, Misfit("", "kind", "yes or no", "text")),
        (int, list[int], Misfit("", "kind", "number", "list")),
        (str | None, Small, Misfit("", "kind", "text or nothing", "object")),
        (Numbers, Small, Misfit("", "kind", "list", "object")),
        (dict[str, int], list[int], Misfit("", "kind", "object", "list")),
        (tuple[int, str], dict[str, int], Misfit("", "kind", "list", "object")),
        (Literal["a", "b"], int | list[int], None),
        (Literal["a", 1], list[int], Misfit("", "kind", "text or number", "list")),
        (Color, set[str], Misfit("", "kind", "text", "list")),
        (int, Color, Misfit("", "kind", "number", "text")),
        (datetime, Sequence[int], Misfit("", "kind", "date or time", "list")),
        (Around, Lists, Misfit("inner", "kind", "object", "list")),
        (Small, Texts, Misfit("x", "kind", "number", "text")),
        (list[int], list[list[int]], Misfit("[]", "kind", "number", "list")),
        (list[int], Path, Misfit("", "kind", "list", "text")),
    ],
)
def test_kinds_that_have_nothing_in_common_are_found(offered: Any, wanted: Any, found: Misfit | None) -> None:
    assert misfit(offered, wanted) == found


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [
        (Large, Small),
        (Small, Defaults),
        (Defaults, Large),
        (Any, Large),
        (Large, Any),
        (object, Large),
        (dict, Large),
        (dict[str, Any], Large),
        (Open, Large),
        (Small, Open),
        (int | Large, Large),
        (Small, str | Small),
        (Small, Prepared),
        (Small, Own),
        (Small, Checked),
        (str, Parsed),
        (str, Plain),
        (Plain, list[int]),
        (Plain | Small, Large),
        (str, int),
        (float, bool),
        (int, float),
        (str, datetime),
        (int, date),
        (timedelta, str),
        (Decimal, str),
        (UUID, str),
        (Path, list[int]),
        (int, Guess),
        (str, Guess),
        (Serialized, Texts),
        (Small, Spoken),
        (Computed, Small),
        (ByName, Small),
        (Aliased, NamedOnly | Aliased),
        (Small, ByName),
        (Small, NamedOnly),
        (Small, Chosen),
        (Small, Loose),
        (Loose, Small),
        (Point, Small),
        (Tree, Forest),
        (Forest, Tree),
        (list[Any], list[int]),
        (list, list[int]),
        (complex, list[int]),
        ("Later", Small),
        (Small, "Later"),
    ],
)
def test_what_might_fit_is_left_alone(offered: Any, wanted: Any) -> None:
    assert misfit(offered, wanted) is None


TYPES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers(-9, 9)),
    (str, st.sampled_from(["", "1", "red", "true", "2024-01-01", "x"])),
    (bool, st.booleans()),
    (float, st.floats(-9, 9)),
    (type(None), st.none()),
    (Decimal, st.decimals(-9, 9, places=1)),
    (datetime, st.just(datetime(2024, 1, 1, tzinfo=UTC))),
    (date, st.just(date(2024, 1, 1))),
    (timedelta, st.just(timedelta(seconds=3))),
    (Color, st.just(Color.RED)),
    (Guess, st.just(Guess.ONE)),
    (Literal["red", 1], st.sampled_from(["red", 1])),
    (Small, st.builds(Small, x=st.integers(-9, 9))),
    (Large, st.builds(Large, x=st.integers(-9, 9), y=st.just("1"))),
    (Defaults, st.builds(Defaults, x=st.integers(-9, 9))),
    (Strict, st.builds(Strict, x=st.just(1))),
    (Texts, st.builds(Texts, x=st.sampled_from(["1", "x"]))),
    (Aliased, st.just(Aliased(theY=1))),
    (ByName, st.just(ByName.model_validate({"x": 1}))),
    (Serialized, st.just(Serialized(x=1))),
    (Computed, st.just(Computed())),
    (Point, st.just(Point(1))),
    (Loose, st.sampled_from([{"x": 1}, {"x": 1, "y": ""}])),
    (Square, st.just(Square(kind="square", x=1))),
    (Prepared, st.just(Prepared(x=1, y=""))),
    (Spoken, st.just(Spoken(x="1"))),
    (Open, st.sampled_from([Open(), Open.model_validate({"x": 1, "y": ""})])),
]
WRAPPED = [
    *TYPES,
    *[(GenericAlias(list, (kind,)), st.lists(values, min_size=1, max_size=2)) for kind, values in TYPES],
    *[(kind | None, values) for kind, values in TYPES],
]


@given(data=st.data(), offered=st.sampled_from(WRAPPED), wanted=st.sampled_from(WRAPPED))
def test_what_is_said_never_to_fit_is_refused_by_validation(
    data: st.DataObject, offered: tuple[Any, st.SearchStrategy[Any]], wanted: tuple[Any, st.SearchStrategy[Any]]
) -> None:
    value = Value.of(data.draw(offered[1]))
    if misfit(offered[0], wanted[0]) is not None:
        with pytest.raises(InvalidData):
            Schema(wanted[0]).parse(value)
