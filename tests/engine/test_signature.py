"""Signatures: what a function takes and gives is read off its annotations."""

from __future__ import annotations

import asyncio
import functools
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from workflows_app import StepContext, Tool, step, tool
from workflows_app.engine import signature
from workflows_app.errors import DefinitionError


class Order(BaseModel):
    sku: str


class Context:
    input_data = Order(sku="x")


def data_only(data: Order) -> str:
    return data.sku


def context_only(ctx: StepContext) -> str:
    return str(ctx.input_data.sku)


def both(data: Order, ctx: StepContext) -> str:
    return f"{data.sku}{ctx.input_data.sku}"


def turned_round(ctx: Any, data: Order) -> str:
    return f"{data.sku}{ctx.input_data.sku}"


def neither() -> str:
    return "none"


@pytest.mark.parametrize(
    ("function", "answer", "declared"),
    [
        (data_only, "x", Order),
        (context_only, "x", None),
        (both, "xx", Order),
        (turned_round, "xx", Order),
        (neither, "none", None),
    ],
)
def test_a_function_takes_its_input_the_context_both_or_neither(function: Any, answer: str, declared: object) -> None:
    found = signature.read(function)
    assert found.execute(Context()) == answer
    assert found.input_schema.declared is declared
    assert found.output_schema.declared is str


def test_a_coroutine_function_stays_one() -> None:
    async def wait(data: Order) -> Order:
        return data

    found = signature.read(wait)
    assert signature.is_async(found.execute)
    assert asyncio.run(found.execute(Context())) == Order(sku="x")


def test_more_parameters_are_refused() -> None:
    def three(data: Order, more: int, ctx: StepContext) -> None: ...

    with pytest.raises(DefinitionError, match="three"):
        signature.read(three)


def test_no_annotation_means_any_json() -> None:
    found = signature.read(lambda data: data)
    assert found.input_schema.is_any
    assert found.output_schema.is_any


def test_none_as_a_return_is_no_schema() -> None:
    def nothing(data: Order) -> None: ...

    assert signature.read(nothing).output_schema.is_any


def test_classes_of_an_enclosing_function_are_found() -> None:
    class Local(BaseModel):
        n: int

    def use(data: Local) -> list[Local]:
        return [data]

    assert signature.read(use).input_schema.declared is Local


def test_a_class_that_is_nowhere_is_refused() -> None:
    def use(data: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
        ...

    with pytest.raises(DefinitionError, match="Nowhere"):
        signature.read(use)


def test_constraints_in_annotations_are_kept() -> None:
    def use(data: Annotated[int, Field(gt=3)]) -> None: ...

    assert signature.read(use).input_schema.check(2)
    assert not signature.read(use).input_schema.check(4)


def test_an_object_with_an_async_call_is_async() -> None:
    class Caller:
        async def __call__(self, ctx: Any) -> int:
            return 1

    assert signature.is_async(Caller())
    assert signature.is_async(functools.partial(Caller().__call__))
    assert not signature.is_async(len)


def test_a_step_is_named_and_described_by_its_function() -> None:
    @step
    async def check_stock(data: Order) -> bool:
        """Look whether it is there."""
        return True

    assert (check_stock.id, check_stock.description) == ("check-stock", "Look whether it is there.")
    assert step(id="other", description="said")(data_only).description == "said"


def test_a_tool_is_read_likewise() -> None:
    @tool(id="look")
    def look(data: Order, ctx: Any) -> str:
        return data.sku

    assert isinstance(look, Tool)
    assert look.input_schema.declared is Order
    assert look.execute(Order(sku="y"), Context()) == "y"
