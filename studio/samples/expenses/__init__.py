"""An expense report on its way to the bank: checks side by side, a decision, and a slow payment.

Small and clean reports are approved at once, huge ones are refused, and a manager decides about the others.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

from workflows_app import StepContext, create_workflow, step

from .checks import check_duplicates, check_limits, check_receipts
from .claim import Report, add_up
from .decision import (
    Assessment,
    Verdict,
    approve_at_once,
    ask_manager,
    is_approved,
    is_small_and_clean,
    is_too_much,
    reject_at_once,
    take_verdict,
    weigh_up,
)
from .payment import Method, Payment, pay_out


class Record(BaseModel):
    employee: str
    decision: Literal["approve", "reject"]
    decided_by: Literal["policy", "manager"]
    claimed: Decimal
    approved: Decimal
    currency: str
    problems: list[str]
    note: str
    pay_to: Method
    payment: Payment | None


@step
async def write_record(ctx: StepContext) -> Record:
    """Write down what was decided and paid."""
    report: Report = ctx.get_init_data()
    assessment = Assessment.model_validate(ctx.get_step_result(weigh_up))
    verdict = Verdict.model_validate(ctx.get_step_result("verdict"))
    return Record(
        employee=report.employee,
        decision=verdict.decision,
        decided_by=verdict.decided_by,
        claimed=assessment.total,
        approved=verdict.amount,
        currency=report.currency,
        problems=assessment.problems,
        note=verdict.note,
        pay_to=report.pay_to,
        payment=ctx.get_step_result("pay-out"),
    )


expense_approval = (
    create_workflow(
        id="expense-approval",
        description="Checks an expense report, asks a manager where needed, and pays what was approved.",
        input_schema=Report,
        output_schema=Record,
    )
    .then(add_up)
    .parallel([check_duplicates, check_limits, check_receipts], id="checks")
    .then(weigh_up)
    .branch(
        [(is_small_and_clean, approve_at_once), (is_too_much, reject_at_once)],
        mode="first",
        otherwise=ask_manager,
        id="decide",
    )
    .map(take_verdict, id="verdict")
    .when(is_approved, pay_out)
    .then(write_record)
    .commit()
)
