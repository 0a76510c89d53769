"""Workflows with rich forms: one field of most kinds, and a question that offers what an earlier step gave."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, computed_field, model_validator
from pydantic.alias_generators import to_camel

from workflows_app import create_step, create_workflow


class Address(BaseModel):
    street: str = Field(min_length=1)
    city: str


class Link(BaseModel):
    kind: Literal["link"]
    url: str


class Call(BaseModel):
    kind: Literal["call"]
    minutes: int = Field(ge=1, le=90)


class Line(BaseModel):
    sku: str = Field(pattern=r"^[A-Z]{3}-\d+$", examples=["ABC-1"])
    qty: int = Field(default=1, ge=1)


class Claim(BaseModel):
    """A claim with nested data."""

    customer: str = Field(min_length=2)
    decision: Literal["pay", "refuse"]
    reason: str = Field("", json_schema_extra={"x-show-if": {"decision": "refuse"}})
    amount: Decimal = Field(ge=0, le=2480, json_schema_extra={"x-unit": "EUR"})
    ship_on: datetime.date | None = None
    tags: list[str] = []
    address: Address | None = None
    evidence: Annotated[Link | Call, Field(discriminator="kind")]
    lines: list[Line] = Field(min_length=1)
    labels: dict[str, str] = {}
    token: SecretStr | None = None
    told: bool = True

    @model_validator(mode="after")
    def tell_of_much(self) -> Claim:
        if self.amount > 2000 and not self.told:
            raise ValueError("Somebody has to be told of more than 2000 EUR.")
        return self


class Pick(BaseModel):
    decision: Literal["run", "stop"]
    shards: list[str] = Field([], json_schema_extra={"x-choices": "output:list-shards#shards"})
    why: str = Field("", max_length=20, json_schema_extra={"x-show-if": {"decision": "stop"}})


class Crate(BaseModel):
    """A crate that is called by aliases, and says more than it takes."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    side_length: int
    packed_by: str = ""
    bolt: SecretStr | None = Field(None, alias="sealedWith")
    inside: list[Crate] = []

    @computed_field
    def volume(self) -> int:
        return int(self.side_length**3)


class Unlock(BaseModel):
    pin: SecretStr
    who: str = ""


async def unlock(ctx: Any) -> Any:
    return await ctx.suspend() if ctx.resume_data is None else {"by": ctx.resume_data.who}


async def pay(ctx: Any) -> Any:
    return {"paid": str(ctx.input_data.amount)}


async def list_shards(ctx: Any) -> Any:
    return {"shards": [{"value": "eu-1", "title": "Europe 1"}, {"value": "us-1", "title": "America 1"}]}


async def choose(ctx: Any) -> Any:
    if ctx.resume_data is None:
        return await ctx.suspend({"shards": ["eu-1", "us-1"]}, title="Which shards?")
    return {"shards": ctx.resume_data.shards}


claim = (
    create_workflow(id="claim", description="Pays a claim.", input_schema=Claim)
    .then(create_step(id="pay", execute=pay, input_schema=Claim))
    .commit()
)

pick = (
    create_workflow(id="pick", description="Asks which shards to take.")
    .then(create_step(id="list-shards", execute=list_shards))
    .then(create_step(id="choose", execute=choose, resume_schema=Pick))
    .commit()
)

crate = create_workflow(id="crate", input_schema=Crate).map(lambda ctx: ctx.get_init_data().volume).commit()

unlocking = create_workflow(id="unlocking").then(create_step(id="ask", execute=unlock, resume_schema=Unlock)).commit()

workflows = [claim, pick, crate, unlocking]
