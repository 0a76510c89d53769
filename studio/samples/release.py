"""Several people: two sign-offs wait side by side, then each item of a list waits for its reviewer."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import BaseModel, Field

from workflows_app import StepContext, create_workflow, step


class Item(BaseModel):
    title: str = Field(min_length=1, max_length=120, examples=["Upgrade guide is written"])
    checked_by: Literal["person", "machine"] = "person"


class Release(BaseModel):
    version: str = Field(default="2.4.0", pattern=r"^\d+\.\d+\.\d+$", description="Three numbers with dots.")
    items: list[Item] = Field(
        default=[
            Item(title="Every test passes", checked_by="machine"),
            Item(title="Release notes are written"),
            Item(title="Upgrade was tried on a copy of real data"),
        ],
        min_length=1,
        max_length=20,
        title="Item",
    )


class Question(BaseModel):
    version: str
    question: str


class SignOff(BaseModel):
    decision: Literal["go", "no_go"] = Field(default="go", title="Decision")
    name: str = Field(min_length=1, max_length=80, title="Your name", examples=["Ada Lovelace"])
    note: str = Field(default="", max_length=500, json_schema_extra={"x-widget": "textarea"})


class ItemQuestion(BaseModel):
    item: str


class Review(BaseModel):
    decision: Literal["done", "not_done", "not_needed"] = "done"
    note: str = Field(default="", max_length=500)


class Reviewed(BaseModel):
    title: str
    decision: Literal["done", "not_done", "not_needed"]
    note: str


class Outcome(BaseModel):
    version: str
    released: bool
    objections: list[str]
    reviewed: list[Reviewed]


BEFORE_SIGNING = """
Before you sign:

- no finding of **high** or **critical** severity is open;
- every key that was used in tests is *revoked*.
"""


@step(suspend_schema=Question, resume_schema=SignOff, output_schema=SignOff)
async def security_sign_off(data: Release, ctx: StepContext) -> Any:
    """Wait for the security team."""
    if ctx.resume_data is None:
        question = Question(version=data.version, question="Is every known vulnerability dealt with?")
        title = f"Security: may {data.version} go out?"
        return await ctx.suspend(question, title=title, body=BEFORE_SIGNING, priority="high")
    return ctx.resume_data


@step(suspend_schema=Question, resume_schema=SignOff, output_schema=SignOff)
async def product_sign_off(data: Release, ctx: StepContext) -> Any:
    """Wait for the product team."""
    if ctx.resume_data is None:
        question = Question(version=data.version, question="Is everything in it that was promised?")
        return await ctx.suspend(question, title=f"Product: may {data.version} go out?")
    return ctx.resume_data


def list_items(ctx: StepContext) -> list[Any]:
    """Take the items of the checklist."""
    release: Release = ctx.get_init_data()
    return list(release.items)


@step
async def check_by_machine(data: Item) -> Reviewed:
    """Tick off what a machine can check."""
    await asyncio.sleep(0.5)
    return Reviewed(title=data.title, decision="done", note="checked by machine")


@step(suspend_schema=ItemQuestion, resume_schema=Review, output_schema=Reviewed)
async def ask_reviewer(data: Item, ctx: StepContext) -> Any:
    """Wait for the person who knows."""
    if ctx.resume_data is None:
        return await ctx.suspend(ItemQuestion(item=data.title), title=f"Is it done? {data.title}")
    return Reviewed(title=data.title, decision=ctx.resume_data.decision, note=ctx.resume_data.note)


def a_machine_can_tell(ctx: StepContext) -> bool:
    """a machine can tell"""
    return bool(ctx.input_data["checked_by"] == "machine")


def take_review(ctx: StepContext) -> Any:
    """Take the review out of the arm that gave it."""
    return next(iter(ctx.input_data.values()))


@step
async def decide_release(data: list[Reviewed], ctx: StepContext) -> Outcome:
    """Release when nobody objects and nothing is left to do."""
    objections = [f"{item.title}: not done" for item in data if item.decision == "not_done"]
    for sign_off in (product_sign_off, security_sign_off):
        answer = SignOff.model_validate(ctx.get_step_result(sign_off))
        if answer.decision == "no_go":
            objections.insert(0, f"{answer.name} objects: {answer.note or 'no reason was given'}")
    version = ctx.get_init_data().version
    return Outcome(version=version, released=not objections, objections=objections, reviewed=data)


review_item = (
    create_workflow(
        id="review-item",
        description="Checks one item of the list.",
        input_schema=Item,
        output_schema=Reviewed,
    )
    .branch([(a_machine_can_tell, check_by_machine)], otherwise=ask_reviewer, id="who-checks")
    .map(take_review, id="review")
    .commit()
)

release_checklist = (
    create_workflow(
        id="release-checklist",
        description="Collects two sign-offs and a review of every item before a version goes out.",
        input_schema=Release,
        output_schema=Outcome,
    )
    .parallel([security_sign_off, product_sign_off], id="sign-offs")
    .map(list_items, id="items")
    .foreach(review_item, concurrency=1)
    .then(decide_release)
    .commit()
)
