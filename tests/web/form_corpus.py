"""Types of every kind that pydantic knows, put together at random, each with values that it takes."""

from __future__ import annotations

import datetime
import ipaddress
import json
import pathlib
import re
import uuid
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, make_dataclass
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Union

from hypothesis import strategies as st
from pydantic import (
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    Json,
    JsonValue,
    RootModel,
    create_model,
)
from typing_extensions import TypedDict

from tests.web.form_models import Level, Size
from workflows_app.engine.schema import Schema, Value

Values = st.SearchStrategy[Any]
# Types made while the tests run are more than a type checker can follow.
LISTS: list[Any] = [list, Sequence, deque]
MAPPINGS: list[Any] = [dict, Mapping]
make: Any = SimpleNamespace(
    literal=Literal, model=create_model, named_tuple=NamedTuple, set=frozenset, tuple=tuple, typed_dict=TypedDict
)
one_of: Any = Union


@dataclass(frozen=True)
class Shape:
    """A type and the JSON values that fit it."""

    type: Any
    values: Values
    hashable: bool = False


class Mixed(Enum):
    WORD = "word"
    NUMBER = 2
    REAL = 1.5
    NOTHING = None


class Weekday(Enum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"


# A carriage return does not survive a page, so a value with one is sent as JSON; that has a test of its own.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=6)
NAMES = st.sampled_from(["name", "x", "kind_of", "Total", "__set", "a.b", "~1", "ümläut", "0", "of", "json"])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON: Values = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=3,
)
ZONES = st.sampled_from([datetime.UTC, *(datetime.timezone(datetime.timedelta(hours=h)) for h in (-8, 5.5, 14))])
DAYS = st.dates(min_value=datetime.date(1000, 1, 1))
MOMENTS = st.datetimes(min_value=datetime.datetime(1000, 1, 1))
DURATIONS = st.timedeltas(datetime.timedelta(days=-400), datetime.timedelta(days=400))


def leaf(annotation: Any, values: Values, *, hashable: bool = True) -> Shape:
    return Shape(annotation, values, hashable)


LEAVES = [
    leaf(bool, st.booleans()),
    leaf(int, st.integers()),
    leaf(Annotated[int, Field(gt=0, le=90, multiple_of=5)], st.integers(1, 18).map(lambda n: n * 5)),
    leaf(float, NUMBERS),
    leaf(Decimal, st.decimals(-1000, 1000, places=3).map(str) | st.integers() | st.sampled_from([1.5, "1.50", "1e3"])),
    leaf(Annotated[Decimal, Field(max_digits=6, decimal_places=2, ge=0)], st.decimals(0, 999, places=2).map(str)),
    leaf(float | str, NUMBERS | TEXT),
    leaf(str, TEXT),
    leaf(Annotated[str, Field(max_length=500)], TEXT),
    leaf(Annotated[str, Field(pattern=r"^[A-Z]{2}\d+$")], st.from_regex(r"\A[A-Z]{2}[0-9]{1,4}\Z")),
    leaf(bytes, TEXT),
    leaf(Base64Bytes, st.binary(max_size=9).map(lambda data: b64encode(data).decode())),
    leaf(datetime.date, DAYS.map(str)),
    leaf(datetime.datetime, MOMENTS.map(datetime.datetime.isoformat)),
    leaf(AwareDatetime, st.builds(lambda at, zone: at.replace(tzinfo=zone).isoformat(), MOMENTS, ZONES)),
    leaf(datetime.time, st.times().map(str)),
    leaf(datetime.timedelta, DURATIONS.map(lambda d: json.loads(_dump(datetime.timedelta, d)))),
    leaf(uuid.UUID, st.uuids().map(str)),
    leaf(ipaddress.IPv4Address, st.ip_addresses(v=4).map(str)),
    leaf(pathlib.Path, st.sampled_from(["/tmp/a b", "relative/ü", "."])),  # noqa: S108 - nothing is opened
    leaf(AnyUrl, st.sampled_from(["https://example.org/a?b=c#d", "ftp://u:p@h/"])),
    leaf(re.Pattern, st.sampled_from(["a+", r"^\d{3}$"])),
    leaf(ByteSize, st.integers(0, 10**9) | st.just("1 kB")),
    leaf(Json[list[int]], st.lists(st.integers(), max_size=2).map(json.dumps), hashable=False),
    leaf(Size, st.sampled_from(["small", "large"])),
    leaf(Level, st.sampled_from([1, 2])),
    leaf(Mixed, st.sampled_from(["word", 2, 1.5, None])),
    leaf(Weekday, st.sampled_from([day.value for day in Weekday])),
    leaf(Literal["a", 1, True], st.sampled_from(["a", 1, True])),
    leaf(Literal["only"], st.just("only")),
    leaf(None, st.none()),
    leaf(Any, JSON, hashable=False),
    leaf(JsonValue, JSON, hashable=False),
    leaf(dict[str, Any], st.dictionaries(KEYS, JSON, max_size=2), hashable=False),
]


def _dump(shape: Any, value: Any) -> bytes:
    return RootModel[shape](value).model_dump_json().encode()


@st.composite
def shapes(draw: st.DrawFn, depth: int = 3) -> Shape:
    """Draw a type and its values."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(LEAVES))
    return draw(draw(st.sampled_from(MAKERS))(depth - 1))


@st.composite
def lists(draw: st.DrawFn, depth: int) -> Shape:
    inner = draw(shapes(depth))
    made = make.tuple[inner.type, ...] if draw(st.booleans()) else draw(st.sampled_from(LISTS))[inner.type]
    return Shape(made, st.lists(inner.values, max_size=3))


@st.composite
def sets(draw: st.DrawFn, depth: int) -> Shape:
    inner = draw(st.sampled_from([shape for shape in LEAVES if shape.hashable]))
    return Shape(make.set[inner.type], st.lists(inner.values, max_size=3, unique_by=repr), True)


@st.composite
def tuples(draw: st.DrawFn, depth: int) -> Shape:
    parts = draw(st.lists(shapes(depth), max_size=3))
    return Shape(make.tuple[*(part.type for part in parts)], st.tuples(*(part.values for part in parts)).map(list))


@st.composite
def named_tuples(draw: st.DrawFn, depth: int) -> Shape:
    first, last = draw(shapes(depth)), draw(shapes(depth))
    made = make.named_tuple("made", [("first", first.type), ("last", last.type)])
    return Shape(made, st.tuples(first.values, last.values).map(list))


@st.composite
def optionals(draw: st.DrawFn, depth: int) -> Shape:
    inner = draw(shapes(depth))
    return Shape(inner.type | None if inner.type is not None else None, st.none() | inner.values, inner.hashable)


@st.composite
def unions(draw: st.DrawFn, depth: int) -> Shape:
    arms = draw(st.lists(shapes(depth), min_size=2, max_size=4))
    return Shape(one_of[*(arm.type for arm in arms)], st.one_of(*(arm.values for arm in arms)))


@st.composite
def mappings(draw: st.DrawFn, depth: int) -> Shape:
    inner = draw(shapes(depth))
    key, keys = draw(st.sampled_from(KEY_KINDS))
    return Shape(draw(st.sampled_from(MAPPINGS))[key, inner.type], st.dictionaries(keys, inner.values, max_size=3))


KEY_KINDS: list[tuple[Any, Values]] = [
    (str, KEYS),
    (Literal["red", "green"], st.sampled_from(["red", "green"])),
    (Size, st.sampled_from(["small", "large"])),
    (int, st.integers(0, 99).map(str)),
    (datetime.date, DAYS.map(str)),
    (Annotated[str, Field(pattern="^x")], st.from_regex(r"\Ax[a-z]{0,3}\Z")),
]


@st.composite
def models(draw: st.DrawFn, depth: int) -> Shape:
    """Draw a model: some of its fields may be left out, some have another name on the wire."""
    parts = draw(st.dictionaries(NAMES, st.tuples(shapes(depth), st.sampled_from(["asked", "free"])), max_size=3))
    made_of = {
        f"field_{number}": (part.type, draw(fields(name, part, asked)))
        for number, (name, (part, asked)) in enumerate(parts.items())
    }
    extra: Any = draw(st.sampled_from(["ignore", "forbid", "allow"]))
    made = make.model("Made", __config__=ConfigDict(extra=extra), **made_of)
    required = {name: part.values for name, (part, asked) in parts.items() if asked == "asked"}
    free = {name: part.values for name, (part, asked) in parts.items() if asked == "free"}
    known = st.fixed_dictionaries(required, optional=free)
    if extra == "allow":
        more = st.dictionaries(KEYS.filter(lambda key: key not in parts), JSON, max_size=2)
        return Shape(made, st.builds(lambda some, others: {**others, **some}, known, more))
    return Shape(made, known)


@st.composite
def fields(draw: st.DrawFn, name: str, part: Shape, asked: str) -> Any:
    """Draw a field with or without a default; the default is what pydantic would make of the JSON value."""
    schema, value = Schema(part.type), draw(part.values)
    if asked == "asked" or schema.check(value):
        return Field(alias=name)
    return Field(alias=name, default=schema.parse(Value.of(value)))


@st.composite
def typed_dicts(draw: st.DrawFn, depth: int) -> Shape:
    first, last = draw(shapes(depth)), draw(shapes(depth))
    made = make.typed_dict("made", {"first": first.type, "last": NotRequired[last.type]})
    return Shape(made, st.fixed_dictionaries({"first": first.values}, optional={"last": last.values}))


@st.composite
def dataclasses(draw: st.DrawFn, depth: int) -> Shape:
    first, last = draw(shapes(depth)), draw(shapes(depth))
    made = make_dataclass("made", [("first", first.type), ("last", last.type)])
    return Shape(made, st.fixed_dictionaries({"first": first.values, "last": last.values}))


@st.composite
def discriminated(draw: st.DrawFn, depth: int) -> Shape:
    arms = draw(st.lists(shapes(depth), min_size=2, max_size=3))
    made: list[Any] = [
        make.model(f"Arm{number}", kind=(make.literal[f"arm-{number}"], ...), it=(arm.type, ...))
        for number, arm in enumerate(arms)
    ]
    values = [
        st.fixed_dictionaries({"kind": st.just(f"arm-{number}"), "it": arm.values}) for number, arm in enumerate(arms)
    ]
    return Shape(Annotated[one_of[*made], Field(discriminator="kind")], st.one_of(*values))


class Branch(BaseModel):
    label: str
    twigs: list[Branch] = []
    named: dict[str, Branch] = {}
    next: Branch | None = None


BRANCHES: Values = st.recursive(
    st.fixed_dictionaries({"label": TEXT}),
    lambda inner: st.fixed_dictionaries(
        {"label": TEXT},
        optional={
            "twigs": st.lists(inner, max_size=2),
            "named": st.dictionaries(KEYS, inner, max_size=2),
            "next": st.none() | inner,
        },
    ),
    max_leaves=4,
)


def branches(depth: int) -> st.SearchStrategy[Shape]:
    return st.just(Shape(Branch, BRANCHES))


MAKERS: list[Callable[[int], st.SearchStrategy[Shape]]] = [
    lists,
    sets,
    tuples,
    named_tuples,
    optionals,
    unions,
    mappings,
    models,
    typed_dicts,
    dataclasses,
    discriminated,
    branches,
]
