"""The workflows that are measured. Their steps do nothing, so that what is measured is the engine."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

from workflows_app.engine import Step, StepContext, Workflow, create_step, create_workflow

CHAINS = (5, 10, 200)
RELAYS = (10, 20, 40)
PASSES = (100, 200, 400, 10_000)
ITEMS_AT_ONCE = 10
SLEEPERS = 50
NAP_SECONDS = 0.02
BEAT_SECONDS = 0.04
MONTH = 30 * 86_400


class Number(BaseModel):
    n: int


class Parcel(BaseModel):
    n: int
    text: str


async def add_one(ctx: StepContext) -> Number:
    return Number(n=ctx.input_data.n + 1)


async def pass_on(ctx: StepContext) -> Parcel:
    return Parcel(n=ctx.input_data.n + 1, text=ctx.input_data.text)


async def nap(ctx: StepContext) -> Number:
    await asyncio.sleep(NAP_SECONDS)
    return Number(n=ctx.input_data.n + 1)


async def beat(ctx: StepContext) -> Number:
    await asyncio.sleep(BEAT_SECONDS)
    return Number(n=ctx.input_data.n + 1)


async def ask(ctx: StepContext) -> Number | None:
    if ctx.resume_data is None:
        ctx.suspend({"question": "How many?"})
        return None
    return Number(n=ctx.resume_data.n)


def counting(name: str) -> Step:
    return create_step(id=name, input_schema=Number, output_schema=Number, execute=add_one)


def chain(length: int) -> Workflow:
    workflow = create_workflow(id=f"chain-{length}", input_schema=Number, output_schema=Number)
    for index in range(length):
        workflow = workflow.then(counting(f"add-{index}"))
    return workflow.commit()


def relay(length: int) -> Workflow:
    workflow = create_workflow(id=f"relay-{length}", input_schema=Parcel, output_schema=Parcel)
    for index in range(length):
        runner = create_step(id=f"run-{index}", input_schema=Parcel, output_schema=Parcel, execute=pass_on)
        workflow = workflow.then(runner)
    return workflow.commit()


def loop(passes: int) -> Workflow:
    workflow = create_workflow(id=f"loop-{passes}", input_schema=Number, output_schema=Number)
    return workflow.dountil(counting("add"), lambda ctx: ctx.input_data["n"] >= passes).commit()


def fan_out() -> Workflow:
    workflow = create_workflow(id="fan-out", input_schema=list[Number], output_schema=list[Number])
    return workflow.foreach(counting("add"), concurrency=ITEMS_AT_ONCE).commit()


def beats() -> Workflow:
    beating = create_step(id="beat", input_schema=Number, output_schema=Number, execute=beat)
    workflow = create_workflow(id="beats", input_schema=list[Number], output_schema=list[Number])
    return workflow.foreach(beating, concurrency=ITEMS_AT_ONCE).commit()


def sleepers() -> Workflow:
    members = [
        create_step(id=f"nap-{index}", input_schema=Number, output_schema=Number, execute=nap)
        for index in range(SLEEPERS)
    ]
    return create_workflow(id="sleepers", input_schema=Number).parallel(members).commit()


def question() -> Workflow:
    asking = create_step(id="ask", input_schema=Number, output_schema=Number, resume_schema=Number, execute=ask)
    return create_workflow(id="question", input_schema=Number, output_schema=Number).then(asking).commit()


def month() -> Workflow:
    return create_workflow(id="month", input_schema=Number).sleep(MONTH).then(counting("add")).commit()


workflows = [
    *map(chain, CHAINS), *map(relay, RELAYS), *map(loop, PASSES), fan_out(), beats(), sleepers(), question(), month(),
]  # fmt: skip
