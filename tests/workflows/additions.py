"""A workflow that waits for an event, for what the API has beside the protocol."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from workflows_app import create_step, create_workflow


class Order(BaseModel):
    order: str


class Paid(BaseModel):
    order: str
    cents: int = 0


async def note(ctx: Any) -> Any:
    return ctx.input_data


paid = (
    create_workflow(id="paid", input_schema=Order)
    .then(create_step(id="note", execute=note))
    .wait_for_event("paid", match={"order": "o-1"}, schema=Paid)
    .then(create_step(id="thank", execute=note, effects=["sends a mail"]))
    .commit()
)

workflows = [paid]
