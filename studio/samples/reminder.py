"""A workflow that sleeps. Nothing waits in memory meanwhile: the time to wake up is a row in the database."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, Field

from workflows_app import StepContext, create_workflow, step


class Wish(BaseModel):
    message: str = Field(default="Take the bread out of the oven", min_length=1, max_length=200)
    seconds: int = Field(
        default=20,
        ge=0,
        le=86_400,
        title="Remind me in",
        description="You may close this page and even stop the studio while it sleeps.",
        json_schema_extra={"x-unit": "seconds"},
    )


class Note(BaseModel):
    message: str
    seconds: int
    noted_at: datetime


class Reminder(BaseModel):
    reminder: str
    noted_at: datetime
    reminded_at: datetime


@step
async def take_note(data: Wish) -> Note:
    """Note what to remind of, and when that was asked for."""
    return Note(message=data.message, seconds=data.seconds, noted_at=datetime.now(UTC))


def seconds_to_sleep(ctx: StepContext) -> int:
    """As long as was asked for"""
    return int(ctx.input_data["seconds"])


@step
async def remind(data: Note) -> Reminder:
    """Say it."""
    return Reminder(
        reminder=f"Remember: {data.message}",
        noted_at=data.noted_at,
        reminded_at=datetime.now(UTC),
    )


reminder = (
    create_workflow(
        id="reminder",
        description="Sleeps for a while, then reminds you.",
        input_schema=Wish,
        output_schema=Reminder,
    )
    .then(take_note)
    .sleep(seconds_to_sleep, id="sleep")
    .then(remind)
    .commit()
)
