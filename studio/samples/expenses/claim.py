"""What an employee hands in, and what it adds up to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from workflows_app import step

from .payment import BankTransfer, Method

RECEIPT_FROM = Decimal(25)

Category = Literal["travel", "lodging", "meals", "equipment", "other"]
Amount = Annotated[Decimal, Field(gt=0, le=20_000, decimal_places=2)]


class Line(BaseModel):
    spent_on: date
    category: Category = "travel"
    description: str = Field(min_length=1, max_length=120, examples=["Train to Lyon"])
    amount: Amount
    has_receipt: bool = Field(default=True, description=f"Needed from {RECEIPT_FROM} up.")


class Report(BaseModel):
    employee: str = Field(default="Ada Lovelace", min_length=1, max_length=80)
    purpose: str = Field(
        default="Visit to the Lyon office", max_length=120, description="What the money was spent for."
    )
    currency: Literal["EUR", "GBP", "USD"] = "EUR"
    lines: list[Line] = Field(
        default=[
            Line(spent_on=date(2025, 3, 10), description="Train to Lyon and back", amount=Decimal("184.50")),
            Line(spent_on=date(2025, 3, 10), category="lodging", description="Hotel", amount=Decimal("240.00")),
            Line(
                spent_on=date(2025, 3, 11),
                category="meals",
                description="Dinner with the team",
                amount=Decimal("96.20"),
                has_receipt=False,
            ),
        ],
        min_length=1,
        max_length=50,
        title="Expense",
    )
    pay_to: Method = Field(
        default=BankTransfer(iban="FR7630006000011234567890189"),
        title="Pay to",
        description="Where the money goes.",
    )


class Totals(BaseModel):
    total: Decimal
    currency: str
    by_category: dict[str, Decimal]
    lines: list[Line]


@step
async def add_up(data: Report) -> Totals:
    """Add up the lines, in all and by category."""
    by_category: dict[str, Decimal] = {}
    for line in data.lines:
        by_category[line.category] = by_category.get(line.category, Decimal(0)) + line.amount
    total = sum(by_category.values(), Decimal(0))
    return Totals(total=total, currency=data.currency, by_category=by_category, lines=data.lines)
