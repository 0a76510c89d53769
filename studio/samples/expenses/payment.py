"""The payment of an approved expense report: ordered once, then asked about until the bank has captured it.

The bank is simulated and always behaves the same: what is larger takes longer.
"""

from __future__ import annotations

import asyncio
import hashlib
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from workflows_app import StepContext, create_workflow, step


class BankTransfer(BaseModel):
    kind: Literal["bank_transfer"] = "bank_transfer"
    iban: str = Field(title="IBAN", pattern=r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$", examples=["FR7630006000011234567890189"])


class CompanyCard(BaseModel):
    kind: Literal["company_card"] = "company_card"
    last_digits: str = Field(pattern=r"^\d{4}$", description="The last four on the card.", examples=["4242"])


Method = Annotated[BankTransfer | CompanyCard, Field(discriminator="kind")]


class Approved(BaseModel):
    amount: Decimal


class Payment(BaseModel):
    reference: str
    amount: Decimal
    state: Literal["ordered", "pending", "captured"]
    polls: int


@step(effects=["orders a payment"])
async def order_payment(data: Approved, ctx: StepContext) -> Payment:
    """Order the payment; the key makes a second try the same order."""
    await asyncio.sleep(0.4)
    reference = hashlib.sha256(ctx.idempotency_key.encode()).hexdigest()[:8].upper()
    return Payment(reference=f"PAY-{reference}", amount=data.amount, state="ordered", polls=0)


@step
async def poll_payment(data: Payment) -> Payment:
    """Ask the bank how far the payment is."""
    await asyncio.sleep(0.5)
    polls = data.polls + 1
    needed = 2 if data.amount < 500 else 4
    return data.model_copy(update={"polls": polls, "state": "captured" if polls >= needed else "pending"})


def is_captured(ctx: StepContext) -> bool:
    """it is captured"""
    return bool(ctx.input_data["state"] == "captured")


pay_out = (
    create_workflow(
        id="pay-out",
        description="Orders a payment and polls until it is captured.",
        input_schema=Approved,
        output_schema=Payment,
    )
    .then(order_payment)
    .dountil(poll_payment, is_captured)
    .commit()
)
