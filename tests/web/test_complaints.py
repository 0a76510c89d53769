"""What a validator says, in fewer words."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from workflows_app.engine.schema import Schema
from workflows_app.web.values.schemas import checked_by


def refuse(value: str) -> str:
    raise ValueError("Mars has no postcode")


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    a: int


@pytest.mark.parametrize(
    ("shape", "value", "words"),
    [
        (Closed, {}, "Fill this in."),
        (Closed, {"a": 1, "b": 2}, "There is no such field."),
        (Annotated[int, Field(ge=3)], 2, "At least 3."),
        (Annotated[Decimal, Field(le=Decimal("2.50"))], "3", "At most 2.50."),
        (Annotated[float, Field(gt=0)], 0, "More than 0."),
        (Annotated[float, Field(lt=1.5)], 2, "Less than 1.5."),
        (Annotated[int, Field(multiple_of=5)], 2, "In steps of 5."),
        (Annotated[str, Field(min_length=1)], "", "At least 1 character."),
        (Annotated[str, Field(max_length=3)], "long", "At most 3 characters."),
        (Annotated[list[int], Field(min_length=2)], [1], "At least 2 of these."),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "At most 1 of these."),
        (Annotated[str, Field(pattern="^a+$")], "b", "This has to look like ^a+$."),
        (Annotated[str, AfterValidator(refuse)], "x", "Mars has no postcode"),
        (Literal["a", "b"], "c", "Input should be 'a' or 'b'"),
    ],
)
def test_a_complaint_is_said_in_words(shape: Any, value: object, words: str) -> None:
    assert [error["message"] for error in checked_by(Schema(shape))(value)] == [words]
