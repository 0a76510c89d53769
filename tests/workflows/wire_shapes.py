"""The data of the wire workflows.

They are strict: a number is never read from a text, nor a text made from a number. Field names are those of
the wire, so some of them are in camel case.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def number(value: object) -> int | float:
    """Take a number as it is, so that 5 stays 5 and 5.0 stays 5.0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number_type", "Input should be a valid number")
    return value


Number = Annotated[int | float, PlainValidator(number), WithJsonSchema({"type": "number"})]


class Shape(BaseModel):
    """Data of one exact shape; what it does not name is dropped."""

    model_config = ConfigDict(strict=True, json_schema_extra={"additionalProperties": False})


class Nothing(Shape):
    pass


class Message(Shape):
    message: str


class Formatted(Shape):
    formatted: str


class Emphasized(Shape):
    emphasized: str
    counter: Number


class Progress(Shape):
    counter: Number
    log: list[str]


class Tier(Shape):
    tier: str
    maxResults: Number


class Count(Shape):
    value: Annotated[int, Field(ge=0)]


class Value(Shape):
    value: Number


class Doubled(Shape):
    doubled: Number


class Squared(Shape):
    squared: Number


class Sum(Shape):
    sum: Number


class Size(Shape):
    size: str


class Sizes(Shape):
    big: Size | None = None
    small: Size | None = None


class Items(Shape):
    items: list[Number]


class Total(Shape):
    total: Number


class Names(Shape):
    names: list[str]


class Name(Shape):
    name: str


class NameOk(Shape):
    name: str
    ok: bool


class Ask(Shape):
    ask: str


class Ok(Shape):
    ok: bool


class Confirmed(Shape):
    confirmed: list[str]


class Request(Shape):
    requestId: str
    amount: Number


class Reason(Shape):
    reason: str
    requestId: str


class Decision(Shape):
    approved: bool
    by: str


class Decided(Shape):
    approved: bool
    by: str
    reasonSeen: str


class Outcome(Shape):
    outcome: str


class Ms(Shape):
    ms: Number


class Slept(Shape):
    slept: Number


class Text(Shape):
    text: str


class Final(Shape):
    final: str


class Topic(Shape):
    topic: str


class Question(Shape):
    question: str


class Answer(Shape):
    answer: str


class Report(Shape):
    report: str


class FailTimes(Shape):
    failTimes: Number


class Attempts(Shape):
    attempts: Number


class Climb(Shape):
    n: Number
    target: Number


class Worked(Shape):
    worked: Number


class Done(Shape):
    done: bool
    worked: Number


class Stop(Shape):
    stop: bool


class Note(Shape):
    note: str


class HowMany(Shape):
    count: Number


class Emitted(Shape):
    emitted: Number


class Pair(Shape):
    a: Number
    b: Number
