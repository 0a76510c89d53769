"""A workflow that asks people, under the policy that its input names, and goes where they send it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from workflows_app import create_step, create_workflow


class Case(BaseModel):
    title: str = "May it go out?"
    total: int = 2480
    assign_to: str | None = None
    due_in: float | None = None
    approvals: int | list[str] = 1
    allow_requester: bool = True
    on_due: Any = None
    body: str | None = None
    priority: str = "normal"
    proposal: Any = None


class Verdict(BaseModel):
    decision: Literal["approve", "hold", "reject"]
    amount: int = Field(0, ge=0, le=10_000, description="What may be spent.")
    note: str = Field("", max_length=200)
    pin: str = Field("", json_schema_extra={"format": "password"})


async def prepare(ctx: Any) -> Any:
    return ctx.input_data


async def ask(ctx: Any) -> Any:
    if ctx.resume_data is not None:
        return ctx.resume_data
    case = Case.model_validate(ctx.get_init_data())
    return await ctx.suspend(
        {"total": case.total, "flags": "new address", "score": 61},
        title=case.title,
        due=case.due_in,
        assign_to=case.assign_to,
        approvals=case.approvals,
        allow_requester=case.allow_requester,
        on_due=case.on_due,
        body=case.body,
        priority=case.priority,
        proposal=case.proposal,
    )


async def approved(ctx: Any) -> bool:
    """decision is approve"""
    return bool(ctx.input_data["decision"] == "approve")


async def refused(ctx: Any) -> bool:
    """decision is hold or reject"""
    return bool(ctx.input_data["decision"] != "approve")


async def ship(ctx: Any) -> Any:
    return {"shipped": True}


async def refuse(ctx: Any) -> Any:
    return {"shipped": False}


async def inform(ctx: Any) -> Any:
    return ctx.input_data


asking = (
    create_workflow(id="asking", description="Asks people whether an order may go out.", input_schema=Case)
    .then(create_step(id="prepare", execute=prepare))
    .then(create_step(id="ask", execute=ask, resume_schema=Verdict, description="Look at the order before it ships."))
    .branch([(approved, create_step(id="ship", execute=ship)), (refused, create_step(id="refuse", execute=refuse))])
    .then(create_step(id="inform", execute=inform))
    .commit()
)


class Yes(BaseModel):
    sure: bool


async def ask_each(ctx: Any) -> Any:
    if ctx.resume_data is not None:
        return ctx.resume_data.sure
    return await ctx.suspend({"item": ctx.input_data}, title=f"Item {ctx.input_data}?")


asking_each = (
    create_workflow(id="asking-each", input_schema=list[str])
    .foreach(create_step(id="ask", execute=ask_each, resume_schema=Yes), concurrency=200)
    .commit()
)

workflows = [asking, asking_each]
