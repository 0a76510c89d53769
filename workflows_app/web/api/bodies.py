"""What callers send: queries and bodies, in the camel case of the wire. Unknown keys are ignored."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from workflows_app.approvals.talk import LONGEST, plain
from workflows_app.engine.arguments import MOST_ROWS, STATUSES, is_storable
from workflows_app.engine.schedule import CatchUp, Overlap
from workflows_app.web.webhooks import HookUrl
from workflows_app.web.workflows.scheduling import TITLE, CronText, Jitter, ZoneName

LONGEST_WAIT = 60.0
"""Seconds that one question for a result may be kept open; who wants to wait longer asks again."""
RESERVED = "mastra__"
"""Keys of a request context that begin so belong to the protocol, not to callers."""
Field_ = Literal["result", "error", "payload", "steps", "activeStepsPath", "serializedStepGraph"]


def listed(texts: list[str]) -> list[str]:
    """Split what stands in one parameter with commas, or in several."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def context_of(text: str | None) -> Mapping[str, Any]:
    """Read a request context from a query: base64 of a JSON object, or the object itself; else nothing."""
    for decode in (str.encode, lambda given: base64.b64decode(given, validate=True)):
        try:
            found = from_json(decode(text or ""))
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def storable(text: str) -> str:
    """Refuse a text that not every database can hold. Raises: ValueError"""
    if not is_storable(text):
        raise ValueError("A text must hold no NUL and no half characters.")
    return text


Reason = Annotated[str, Field(max_length=500), AfterValidator(storable)] | None


class Sent(Schema):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, strict=True, use_attribute_docstrings=True
    )


class Asking(Schema):
    """A query; its values are text, so they are read leniently."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True)

    request_context: str | None = None
    """A request context, as base64 of a JSON object."""


class OfRun(Asking):
    run_id: str = Field(min_length=1, max_length=200)
    """The run that is meant."""


class OfNewRun(Asking):
    run_id: str | None = Field(None, max_length=200)
    """The run that is meant, or the id of a new one; without one an id is made."""


class Observing(OfRun):
    offset: int = Field(0, ge=0)
    """How many events to leave out."""
    close_on_suspend: bool = True
    live: bool = False
    """Stay until the caller hangs up, also when the run has ended: it may be rewound."""


class Waiting(Asking):
    wait: float = Field(0, ge=0, le=LONGEST_WAIT)
    """For how many seconds to wait for a rest."""
    include_state: bool = False


def zoned(moment: datetime) -> datetime:
    """Read a date without a time zone as one of UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Listing(Asking):
    from_date: Annotated[datetime, AfterValidator(zoned)] | None = None
    """Runs created since."""
    to_date: Annotated[datetime, AfterValidator(zoned)] | None = None
    """Runs created until."""
    page: int | None = Field(None, ge=0, le=MOST_ROWS)
    """Which page, from 0."""
    per_page: int | None = None
    """How many runs a page has."""
    limit: int | None = Field(None, ge=1, le=MOST_ROWS)
    offset: int | None = Field(None, ge=0, le=MOST_ROWS)
    resource_id: str | None = None
    status: Annotated[list[str], BeforeValidator(listed)] = Field(default_factory=list)
    """Runs of this status only, or of one of several, with commas."""
    tags: Annotated[list[str], BeforeValidator(listed)] = Field(default_factory=list)
    """Runs that have this tag, or all of several, with commas."""

    @field_validator("status")
    @classmethod
    def known(cls, value: list[str]) -> list[str]:
        if unknown := [status for status in value if status not in STATUSES]:
            raise ValueError(f"{unknown[0]!r} is no status; known are {', '.join(STATUSES)}")
        return value

    @property
    def window(self) -> tuple[int, int | None]:
        """Give the page and its size; without a size, everything."""
        size = self.per_page or self.limit
        page = self.page if self.page is not None else (self.offset or 0) // size if size else 0
        return page, size


class Detail(Asking):
    fields: Annotated[list[Field_] | None, BeforeValidator(listed)] = None
    """Only these parts, with commas."""
    with_nested_workflows: bool = True


class Workflows(Asking):
    partial: bool = False
    """Leave out the schemas of the steps."""


Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=50)]


class NewRun(Sent):
    resource_id: str | None = None
    idempotency_key: str | None = None
    """A second run with this key is the first one."""
    tags: Tags = Field(default_factory=list)
    """Words by which runs are found again."""


class Going(Sent):
    """What every verb takes. Tracing options are those of a start; what goes on, goes on in the same trace."""

    request_context: dict[str, Any] | None = None
    """What every step may read, beside its input."""
    tracing_options: dict[str, Any] | None = None

    def context(self, asking: Asking) -> dict[str, Any]:
        """Merge the two places of a request context; the query wins."""
        merged = {**(self.request_context or {}), **context_of(asking.request_context)}
        return {key: value for key, value in merged.items() if not key.startswith(RESERVED)}


class Restarting(Going):
    force: bool = False


class Starting(Going):
    input_data: Any = None
    """What the workflow takes."""
    initial_state: Any = None
    """The state that the run begins with."""
    per_step: bool = False
    """Run one step, then pause."""
    breakpoints: list[str | list[str | int]] = Field(default_factory=list, max_length=1000)
    """The steps to pause before."""
    resource_id: str | None = None
    tags: Tags = Field(default_factory=list)
    close_on_suspend: bool = True


class Breaking(Sent):
    steps: list[str | list[str | int]] = Field(max_length=1000)
    """The steps to pause before, too."""


class Clearing(Sent):
    steps: list[str | list[str | int]] | None = Field(None, max_length=1000)
    """The steps not to pause before any more; every one where none is named."""


class Resuming(Going):
    step: str | list[str | int] | None = None
    """The step to answer; needed where several wait."""
    resume_data: Any = None
    """The answer."""
    label: str | None = None
    """The label of the question, in place of its step."""
    for_each_index: int | None = None
    """Which item of a list step is answered."""
    all_: bool = Field(False, alias="all")
    """Give this answer to every open question."""
    per_step: bool = False
    force: bool = False
    """Also when the workflow's graph has changed."""


class Cancelling(Sent):
    reason: Reason = None
    """Why; it is noted with the run."""


class Travelling(Going):
    step: str | list[str | int]
    """The step to go back to."""
    input_data: Any = None
    """Give the step another input."""
    resume_data: Any = None
    initial_state: Any = None
    context_: dict[str, Any] | None = Field(None, alias="context")
    nested_steps_context: dict[str, Any] | None = None
    per_step: bool = False
    fork: bool = False
    """Leave this run as it is, and go on in a copy of it."""


# Our own additions to the protocol


class PreviewRestart(Going):
    verb: Literal["restart"]


class PreviewResume(Resuming):
    verb: Literal["resume"]


class PreviewTravel(Travelling):
    verb: Literal["time_travel"]


class PreviewCancel(Cancelling):
    verb: Literal["cancel"]


Previewing = Annotated[PreviewRestart | PreviewResume | PreviewTravel | PreviewCancel, Field(discriminator="verb")]


class Questions(Asking):
    state: Literal["open", "decided", "all"] = "open"
    """Which questions."""
    workflow_id: str | None = None
    run_id: str | None = None
    priority: Literal["urgent", "high", "normal", "low"] | None = None
    assigned_to_me: bool = False
    """Questions to the caller, to one of their groups, or claimed by them."""
    page: int = Field(0, ge=0, le=1_000_000)
    per_page: int = Field(50, ge=1, le=200)


class Deciding(Sent):
    resume_data: Any = None
    """The answer; the question's `resumeSchema` says what it looks like."""
    reason: Reason = None
    """Why; it is noted in the activity log."""
    version: int | None = None
    """The version that was read: if the question has changed since, the answer is not taken."""


class Saying(Sent):
    text: Annotated[str, AfterValidator(plain), Field(min_length=1, max_length=LONGEST), AfterValidator(storable)]
    """What is said, as plain text."""


class Following(Asking):
    after: int = Field(0, ge=0, le=2**63 - 1)
    """The number of the last event that is known."""
    limit: int = Field(1000, ge=1, le=10_000)
    """How many events to give at most."""


class Happening(Sent):
    payload: Any = None
    """What the waits get."""
    match: dict[str, Any] | None = None
    """What a wait's own `match` is compared with, beside the payload."""


class NewWebhook(Sent):
    url: HookUrl
    """Where to send to; of the public network, unless the settings allow more."""
    workflow_id: str | None = None
    """Tell of this workflow only."""
    events: list[Literal["run.finished", "run.suspended"]] = Field(min_length=1, max_length=2)


class WebhookChange(Sent):
    active: bool


class Testing(Sent):
    """Which tests to run, by id; all of them when none are named."""

    tests: list[Annotated[int, Field(ge=0, le=2**63 - 1)]] | None = Field(None, max_length=1000)


class Schedules(Asking):
    workflow_id: str | None = Field(None, max_length=200)
    """Schedules of this workflow only."""
    status: Literal["active", "paused"] | None = None


class Triggers(Asking):
    limit: int = Field(25, ge=1, le=1000)
    """How many, from the newest."""


class Scheduling(Sent):
    timezone: ZoneName | None = None
    """On whose clocks, as Europe/Berlin; UTC if nobody says."""
    title: str | None = Field(None, max_length=TITLE)
    overlap: Overlap | None = None
    """While the run before is open: start another, leave it out, or wait until it has ended."""
    catch_up: CatchUp | None = None
    """For times at which no studio ran: one run for all of them, none, or one for each."""
    jitter: Jitter | None = None
    """Put off by up to so many seconds."""
    input_data: Any = None
    initial_state: dict[str, Any] | None = None
    request_context: dict[str, Any] | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Give what runs are started with, as far as it was sent."""
        names = {"input_data": "input", "initial_state": "state", "request_context": "context"}
        return {names[name]: getattr(self, name) for name in names if name in self.model_fields_set}

    @property
    def said(self) -> dict[str, Any]:
        """Give what was said of the schedule itself."""
        sent = self.model_dump(
            include={"cron", "timezone", "title", "overlap", "catch_up", "jitter"}, exclude_none=True
        )
        return {"zone" if name == "timezone" else name: one for name, one in sent.items()}


class NewSchedule(Scheduling):
    workflow_id: str = Field(max_length=200)
    cron: CronText
    """Minute, hour, day of the month, month and day of the week; with seconds before them where there are six."""


class ScheduleChange(Scheduling):
    """What is left out stays as it is."""

    cron: CronText | None = None
