"""The checks of the policy. Each one looks at the whole claim and says what it does not like."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal

from pydantic import BaseModel

from workflows_app import step

from .claim import RECEIPT_FROM, Category, Totals

LIMITS: dict[Category, Decimal] = {
    "travel": Decimal(2_000),
    "lodging": Decimal(1_200),
    "meals": Decimal(300),
    "equipment": Decimal(1_500),
    "other": Decimal(150),
}


class Finding(BaseModel):
    """What one check has to say."""

    problems: list[str]


@step
async def check_duplicates(data: Totals) -> Finding:
    """Look for the same amount on the same day in the same category."""
    await asyncio.sleep(0.5)
    counts = Counter((line.spent_on, line.category, line.amount) for line in data.lines)
    return Finding(
        problems=[
            f"{amount} for {category} on {day} stands there {times} times."
            for (day, category, amount), times in counts.items()
            if times > 1
        ]
    )


@step
async def check_limits(data: Totals) -> Finding:
    """Hold each category against its limit."""
    await asyncio.sleep(0.8)
    return Finding(
        problems=[
            f"{category.capitalize()} come to {data.by_category[category]}; the limit is {limit}."
            for category, limit in LIMITS.items()
            if data.by_category.get(category, 0) > limit
        ]
    )


@step
async def check_receipts(data: Totals) -> Finding:
    """Look for larger amounts without a receipt."""
    await asyncio.sleep(0.3)
    return Finding(
        problems=[
            f"“{line.description}” has no receipt."
            for line in data.lines
            if not line.has_receipt and line.amount >= RECEIPT_FROM
        ]
    )
