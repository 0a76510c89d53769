"""A workflow that fails at first: a failed step is tried again, each time after a longer pause."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from workflows_app import NonRetryableError, RetryPolicy, StepContext, create_workflow, step

# What the simulated server would send: units of each currency for one euro.
SHELF = {
    "european-rates": "CHF 0.94\nGBP 0.85\nNOK 11.62\nPLN 4.27",
    "overseas-rates": "AUD 1.65\nJPY 163.50\nUSD 1.09",
}


class Request(BaseModel):
    document: Literal["european-rates", "overseas-rates", "lost-page"] = Field(
        default="european-rates",
        description="The lost page is not on the server, so it is asked for only once.",
    )
    failures: int = Field(
        default=2, ge=0, le=6, title="Failures first", description="With five or more the step gives up."
    )
    amount: Decimal = Field(default=Decimal(100), gt=0, le=1_000_000, json_schema_extra={"x-unit": "EUR"})


class Document(BaseModel):
    text: str
    amount: Decimal
    tries: int


class Conversion(BaseModel):
    converted: dict[str, Decimal]
    tries: int


@step(retry=RetryPolicy(attempts=4, delay=1, backoff=2, max_delay=8), timeout=10)
async def fetch_document(data: Request, ctx: StepContext) -> Document:
    """Ask a (simulated) server that hangs up a few times before it answers."""
    await asyncio.sleep(0.3)
    if data.document not in SHELF:
        raise NonRetryableError(f"The server has no {data.document}; to ask again would not help.")
    if ctx.retry_count < data.failures:
        raise ConnectionError(f"The server hung up, {ctx.retry_count + 1} of {data.failures} times.")
    return Document(text=SHELF[data.document], amount=data.amount, tries=ctx.retry_count + 1)


@step
async def convert_amount(data: Document) -> Conversion:
    """Read the rates, and convert the amount with each of them."""
    rates = (line.split() for line in data.text.splitlines())
    converted = {currency: round(data.amount * Decimal(rate), 2) for currency, rate in rates}
    return Conversion(converted=converted, tries=data.tries)


flaky_fetch = (
    create_workflow(
        id="flaky-fetch",
        description="Fetches exchange rates from an unreliable server, with retries, and converts an amount.",
        input_schema=Request,
        output_schema=Conversion,
    )
    .then(fetch_document)
    .then(convert_amount)
    .commit()
)
