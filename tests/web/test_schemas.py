"""Schemas as tables that people read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from workflows_app.engine.schema import Schema
from workflows_app.web.values.schemas import json_schema_of, lines_of

Nested = TypeAliasType("Nested", "int | list[Nested]")
Tree = TypeAliasType("Tree", "str | list[Tree] | dict[str, Tree]")


class Holder(BaseModel):
    value: Nested | None = None
    trees: list[Tree] = []


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (Nested, [("", "whole number or list of Nested")]),
        (
            Holder,
            [
                ("value", "whole number or list of Nested or nothing"),
                ("trees", "list of text or list of Tree or object"),
            ],
        ),
        (list[list[int]], [("", "list of list of whole number")]),
        (Decimal | None, [("", "decimal or nothing")]),
        (float | str, [("", "number or text")]),
    ],
)
def test_a_shape_is_named(shape: Any, told: list[tuple[str, str]]) -> None:
    assert [(line.name, line.type) for line in lines_of(json_schema_of(Schema(shape)))] == told
