"""Leaving secrets out of values, wherever a schema has them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr

from workflows_app.engine.secrets import MASK, Names
from workflows_app.web.values.secrecy import without_secrets


class Key(BaseModel):
    kind: Literal["key"]
    name: str
    key: SecretStr


class Plain(BaseModel):
    kind: Literal["plain"]
    name: str


class Deep(BaseModel):
    pin: str = Field("", json_schema_extra={"format": "password"})
    inner: Deep | None = None
    ways: list[Key | Plain] = []
    named: dict[str, Key] = {}
    pair: tuple[int, Key] | None = None
    phrase: str = Field("", json_schema_extra={"x-widget": "password"})


class Number(BaseModel):
    kind: Literal["number"] = "number"
    n: int


class Sum(BaseModel):
    kind: Literal["sum"] = "sum"
    left: Annotated[Number | Sum, Field(discriminator="kind")]
    right: Annotated[Number | Sum, Field(discriminator="kind")]
    pin: SecretStr | None = None


def test_a_shape_that_holds_itself_costs_no_more_for_each_level() -> None:
    value: dict[str, Any] = {"n": 1}
    for _level in range(60):
        value = {"left": value, "right": {"n": 1}}

    assert without_secrets({**value, "pin": "canary"}, Sum.model_json_schema()) == value


def test_secrets_are_left_out_at_every_depth() -> None:
    way = {"kind": "key", "name": "a", "key": "canary"}
    level: dict[str, Any] = {
        "pin": "canary", "phrase": "canary", "ways": [way, {"kind": "plain", "name": "b"}],
        "named": {"x": way}, "pair": [1, way],
    }  # fmt: skip
    kept = without_secrets({**level, "inner": level}, Deep.model_json_schema())
    clean = {"kind": "key", "name": "a"}
    rest = {"ways": [clean, {"kind": "plain", "name": "b"}], "named": {"x": clean}, "pair": [1, clean]}
    assert kept == {**rest, "inner": rest}


def test_what_has_the_name_of_a_secret_or_is_masked_is_left_out_as_well() -> None:
    value = {"a": {"api_key": "canary", "b": MASK}, "c": [{"apiKey": {"canary": 1}}], "keys": 2}
    assert without_secrets(value, {}, Names()) == {"a": {}, "c": [{}], "keys": 2}


def test_what_the_schema_does_not_know_stays() -> None:
    assert without_secrets({"more": [1, {"a": None}]}, {}) == {"more": [1, {"a": None}]}
