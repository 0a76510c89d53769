"""The model with one field of every kind, for tests of forms."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field


class Decision(Enum):
    APPROVE = "approve"
    HOLD = "hold"
    REJECT = "reject"


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    street: str = Field(min_length=1, max_length=80)
    city: str
    country: Literal["SE", "DE", "FR"] = "SE"


class Link(BaseModel):
    kind: Literal["link"] = "link"
    url: str


class Call(BaseModel):
    kind: Literal["call"]
    at: datetime.datetime
    minutes: int = Field(ge=1, le=90)


class Line(BaseModel):
    sku: str = Field(pattern=r"^[A-Z]{3}-\d+$")
    qty: int = Field(default=1, ge=1)


class Node(BaseModel):
    name: str
    children: list[Node] = []


class Email(BaseModel):
    address: str = Field(json_schema_extra={"format": "email"})


class Everything(BaseModel):
    decision: Decision
    amount: Decimal = Field(ge=0, le=2480)
    ship_on: datetime.date | None = None
    note: str = Field(default="", max_length=400)
    tags: list[str] = Field(default=[], max_length=5)
    notify: bool = True
    address: Address | None = None
    evidence: Annotated[Link | Call, Field(discriminator="kind")]
    lines: list[Line] = Field(min_length=1)
    labels: dict[str, str] = {}
    meta: dict[str, object] = {}
    wait: datetime.timedelta = datetime.timedelta(hours=1)
    reference: uuid.UUID | None = None
    anything: int | str | None = None
    pair: tuple[int, str] = (1, "a")
    tree: Node | None = None
    mail: Email
