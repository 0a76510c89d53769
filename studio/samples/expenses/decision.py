"""Who decides, and how: the policy where the case is clear, a manager everywhere else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from workflows_app import StepContext, step

from .checks import Finding
from .claim import Amount, Report, add_up

AT_ONCE = Decimal(100)
CEILING = Decimal(10_000)


class Assessment(BaseModel):
    total: Decimal
    currency: str
    problems: list[str]


class Question(BaseModel):
    employee: str
    purpose: str
    total: str
    found: str
    remark: str


class Decision(BaseModel):
    decision: Literal["approve", "hold", "reject"] = Field(
        default="approve", description="Hold keeps the report open: the question is put again, with your note."
    )
    amount: Amount | None = Field(default=None, description="Leave it out to approve the total; it cannot be more.")
    note: str = Field(
        default="",
        max_length=500,
        description="Kept in the record.",
        json_schema_extra={"x-widget": "textarea"},
    )


class Verdict(BaseModel):
    decision: Literal["approve", "reject"]
    amount: Decimal
    decided_by: Literal["policy", "manager"]
    note: str


@step
async def weigh_up(data: dict[str, Finding], ctx: StepContext) -> Assessment:
    """Put what the checks found beside the total."""
    totals = ctx.get_step_result(add_up)
    problems = [problem for finding in data.values() for problem in finding.problems]
    return Assessment(total=totals["total"], currency=totals["currency"], problems=problems)


def is_small_and_clean(ctx: StepContext) -> bool:
    """up to 100 and nothing found"""
    return Decimal(ctx.input_data["total"]) <= AT_ONCE and not ctx.input_data["problems"]


def is_too_much(ctx: StepContext) -> bool:
    """more than 10,000"""
    return Decimal(ctx.input_data["total"]) > CEILING


@step
async def approve_at_once(data: Assessment) -> Verdict:
    """Approve without asking anybody."""
    return Verdict(decision="approve", amount=data.total, decided_by="policy", note="Small, and nothing found.")


@step
async def reject_at_once(data: Assessment) -> Verdict:
    """Refuse what is too much for an expense report."""
    return Verdict(
        decision="reject",
        amount=Decimal(0),
        decided_by="policy",
        note=f"More than {CEILING} {data.currency} has to go through purchasing.",
    )


@step(suspend_schema=Question, resume_schema=Decision, output_schema=Verdict)
async def ask_manager(data: Assessment, ctx: StepContext) -> Any:
    """Wait for the decision of a manager."""
    answer: Decision | None = ctx.resume_data
    again = None if answer is None else reason_to_ask_again(answer, data.total)
    if answer is None or again is not None:
        question = question_about(ctx.get_init_data(), data, again or "Asked for the first time.")
        return await ctx.suspend(question, title=f"{question.employee} asks for {question.total}")
    if answer.decision == "reject":
        return Verdict(decision="reject", amount=Decimal(0), decided_by="manager", note=answer.note)
    amount = answer.amount or data.total
    return Verdict(decision="approve", amount=amount, decided_by="manager", note=answer.note)


def reason_to_ask_again(answer: Decision, total: Decimal) -> str | None:
    """Say why an answer does not settle the matter; None if it does."""
    if answer.decision == "hold":
        return f"On hold: {answer.note or 'no reason was given'}"
    if answer.decision == "approve" and answer.amount is not None and answer.amount > total:
        return f"{answer.amount} is more than was asked for."
    return None


def question_about(report: Report, assessment: Assessment, remark: str) -> Question:
    return Question(
        employee=report.employee,
        purpose=report.purpose,
        total=f"{assessment.total} {assessment.currency}",
        found=" ".join(assessment.problems) or "Nothing.",
        remark=remark,
    )


def take_verdict(ctx: StepContext) -> Any:
    """Take the verdict out of the arm that gave it."""
    return next(iter(ctx.input_data.values()))


def is_approved(ctx: StepContext) -> bool:
    """approved"""
    return bool(ctx.input_data["decision"] == "approve")
