"""Workflows that a browser is led through: an order that a person decides, and one that takes its time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr

from workflows_app import create_step, create_workflow


class Order(BaseModel):
    customer: str = Field(min_length=2, description="Who ordered.")
    total: Decimal = Field(gt=0, le=10_000)
    express: bool = False


class Decision(BaseModel):
    decision: Literal["approve", "reject"]
    note: str = Field("", max_length=200)


class Pace(BaseModel):
    seconds: float = Field(0, ge=0, le=60)


async def check(ctx: Any) -> Any:
    await asyncio.sleep(0.2)
    return ctx.input_data


async def stock(ctx: Any) -> Any:
    await asyncio.sleep(0.3)
    return {"in_stock": True}


async def fraud(ctx: Any) -> Any:
    await asyncio.sleep(0.6)
    return {"score": 12}


async def review(ctx: Any) -> Any:
    if ctx.resume_data is None:
        return await ctx.suspend({"score": ctx.input_data["fraud"]["score"]}, title="May it be shipped?")
    return {"decision": ctx.resume_data.decision, "note": ctx.resume_data.note}


async def ship(ctx: Any) -> Any:
    await asyncio.sleep(0.2)
    return {"shipped": ctx.input_data["decision"] == "approve"}


async def rest(ctx: Any) -> Any:
    await asyncio.sleep(ctx.input_data.seconds)
    return {"rested": ctx.input_data.seconds}


async def begin(ctx: Any) -> Any:
    return ctx.input_data


async def end(ctx: Any) -> Any:
    return {"done": True}


order = (
    create_workflow(
        id="order",
        description="Checks an order and asks a person.",
        input_schema=Order,
        metadata={"tags": ["sales"]},
    )
    .then(create_step(id="check", execute=check))
    .parallel([create_step(id="stock", execute=stock), create_step(id="fraud", execute=fraud)])
    .then(create_step(id="review", execute=review, resume_schema=Decision))
    .then(create_step(id="ship", execute=ship))
    .commit()
)

patient = (
    create_workflow(id="patient", description="Takes as long as it is told.", input_schema=Pace)
    .then(create_step(id="begin", execute=begin))
    .then(create_step(id="rest", execute=rest, input_schema=Pace))
    .then(create_step(id="end", execute=end))
    .commit()
)


class Counted(BaseModel):
    counter: int = 0


async def count(ctx: Any) -> Any:
    ctx.set_state({"counter": ctx.state.counter + ctx.input_data})
    return ctx.input_data


async def fail(ctx: Any) -> Any:
    raise ValueError("The cupboard is bare")


stateful = (
    create_workflow(id="stateful", input_schema=int, state_schema=Counted)
    .then(create_step(id="count", execute=count))
    .commit()
)

failing = create_workflow(id="failing").then(create_step(id="fail", execute=fail)).commit()

echo = create_workflow(id="echo").then(create_step(id="echo", execute=begin)).commit()


async def lines(ctx: Any) -> Any:
    return [f"line {number}" for number in range(ctx.input_data)]


each = (
    create_workflow(id="each", input_schema=int)
    .then(create_step(id="lines", execute=lines))
    .foreach(create_step(id="line", execute=begin), concurrency=20)
    .commit()
)

unlike = (
    create_workflow(id="unlike", input_schema=Pace, output_schema=Order)
    .then(create_step(id="ask", execute=begin, input_schema=Order, output_schema=Decision))
    .parallel([create_step(id="part", execute=begin)])
    .commit()
)


async def talk(ctx: Any) -> Any:
    ctx.writer.write(f"it says {ctx.input_data}")
    ctx.writer.write({"words": 1})
    return ctx.input_data


talking = create_workflow(id="talking").then(create_step(id="talk", execute=talk)).commit()


class Entry(BaseModel):
    name: str
    key: SecretStr = SecretStr("")


guarded = create_workflow(id="guarded", input_schema=Entry).then(create_step(id="enter", execute=end)).commit()

invoice = create_workflow(id="invoice").wait_for_event("paid", timeout=86_400).commit()

workflows = [order, patient, stateful, failing, echo, each, unlike, talking, guarded, invoice]
