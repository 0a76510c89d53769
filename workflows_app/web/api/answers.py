"""What the API answers, described: the shapes of its documents, which more keys may be added to.

They describe and do not carry out: answers are written by the engine and `documents.py`, and a test compares.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Json = Any
Status = Literal[
    "pending", "running", "waiting", "suspended", "paused", "success", "failed", "canceled", "bailed", "tripwire",
    "skipped",
]  # fmt: skip
Path = list[str | int]


class Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True)


class Issue(Told):
    """A field and what is wrong with it; `root` is the whole."""

    field: str
    message: str


class Error(Told):
    """Why something was refused, in a sentence; for bodies and queries with the fault of each field."""

    error: str
    code: str = ""
    details: dict[str, Json] = Field(default_factory=dict)
    issues: list[Issue] = Field(default_factory=list)


class Message(Told):
    message: str
    run_id: str | None = None


class Breakpoints(Told):
    breakpoints: list[str]


class RunId(Told):
    run_id: str


class StepInfo(Told):
    """A step; its schemas are JSON documents in a text."""

    id: str
    description: str | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    resume_schema: str | None = None
    suspend_schema: str | None = None


class Workflow(Told):
    name: str
    description: str | None = None
    origin: str
    step_count: int
    step_graph: list[dict[str, Json]]
    steps: dict[str, StepInfo]
    all_steps: dict[str, StepInfo]
    options: dict[str, Json]
    input_schema: str | None = None
    output_schema: str | None = None
    state_schema: str | None = None


class Counts(Told):
    running: int
    suspended: int


class StepResult(Told):
    """What came of a step. Instants are milliseconds since the epoch."""

    status: Status
    payload: Json = None
    output: Json = None
    error: dict[str, Json] | None = None
    started_at: int | None = None
    ended_at: int | None = None
    suspended_at: int | None = None
    resumed_at: int | None = None
    suspend_payload: Json = None
    resume_payload: Json = None


class Result(Told):
    """How a run stands when it rests. `steps` also has the run's input, as `input`."""

    status: Status
    run_id: str
    input: Json = None
    steps: dict[str, Json]
    step_execution_path: list[str]
    result: Json = None
    error: dict[str, Json] | None = None
    suspended: list[Path] | None = None
    suspend_payload: dict[str, Json] | None = None


class Run(Told):
    run_id: str
    workflow_name: str
    resource_id: str | None
    created_at: str
    updated_at: str
    status: Status
    tags: list[str] = Field(default_factory=list)
    payload: Json = None
    result: Json = None
    error: dict[str, Json] | None = None
    initial_state: Json = None
    steps: dict[str, StepResult] = Field(default_factory=dict)
    active_steps_path: dict[str, Json] = Field(default_factory=dict)
    suspended_paths: dict[str, Json] = Field(default_factory=dict)
    waiting_paths: dict[str, Json] = Field(default_factory=dict)
    resume_labels: dict[str, str] = Field(default_factory=dict)
    serialized_step_graph: list[dict[str, Json]] = Field(default_factory=list)


class ListedRun(Told):
    run_id: str
    workflow_name: str
    resource_id: str | None
    created_at: str
    updated_at: str
    tags: list[str]
    snapshot: dict[str, Json]


class Runs(Told):
    """A page of runs, newest first; `total` ignores the paging."""

    runs: list[ListedRun]
    total: int


class Plan(Told):
    """What a verb would do, by the names of steps; `effects` are those that would repeat."""

    verb: Literal["restart", "resume", "time_travel", "cancel"]
    runs_again: list[str]
    """Steps that have run and would run again."""
    reused: list[str]
    """Steps whose results stay."""
    canceled: list[str]
    withdrawn: list[str]
    """Questions that would be withdrawn."""
    effects: dict[str, list[str]]
    """What of the outside world would happen again, by step."""


class Event(Told):
    """Something that happened in a run; `seq` is its number in the run's stream."""

    seq: int
    type: str
    run_id: str
    payload: dict[str, Json] | None = None


class Events(Told):
    """A page of events. `next` is what to ask `after` next."""

    events: list[Event]
    next: int
    """What to ask `after` next."""
    last: int
    """The number of the run's last event."""
    status: Status


class Woken(Told):
    woken: int
    """How many waits were woken."""


class Approval(Told):
    """A question to people. `approvals` says how many must answer it, `version` changes with every answer."""

    id: int
    run_id: str
    workflow_name: str
    path: str
    title: str
    priority: Literal["urgent", "high", "normal", "low"]
    summary: str
    """The first facts of the payload, in a line."""
    body: str | None
    """What more there is to say, in Markdown; nothing to whom may not read it."""
    payload: Json
    """What is told with the question; nothing to whom may not read it."""
    proposal: Json
    """An answer to begin with, which may be wrong or not whole; nothing to whom may not read it."""
    resume_schema: dict[str, Json]
    """What an answer looks like, as a JSON Schema."""
    assignee: str | None
    groups: list[str]
    """The groups of which one each must answer; none where it is so many people, whoever they are."""
    missing_groups: list[str]
    """Those that are asked now: all of them where they did not agree."""
    due: str | None
    approvals: int
    """How many people must answer, or groups."""
    voters: list[str]
    """Who has answered, where several must."""
    state: Literal["open", "decided", "withdrawn"]
    decision: Json
    """The answer that was taken."""
    decided_by: str | None
    decided_at: str | None
    created_at: str
    version: int
    """Grows with every answer and escalation."""


class Approvals(Told):
    approvals: list[Approval]
    total: int


class Comment(Told):
    id: int
    author: str
    text: str
    created_at: str


class Comments(Told):
    """What people said about a question, oldest first."""

    comments: list[Comment]


class Webhook(Told):
    id: int
    url: str
    workflow_id: str | None
    events: list[Literal["run.finished", "run.suspended"]]
    active: bool
    made_by: str
    created_at: str


class NewWebhook(Webhook):
    """A webhook with the secret that signs what it is sent."""

    secret: str
    """By which what it is sent is signed. It is shown only here."""


class Delivery(Told):
    id: int
    type: str
    run_id: str
    workflow_name: str
    status: Status
    created_at: str
    state: Literal["waiting", "delivered", "given up"]
    tries: int
    code: int | None
    answer: str
    done_at: str | None


class WebhookDetail(Webhook):
    deliveries: list[Delivery]


class Webhooks(Told):
    webhooks: list[Webhook]


class Schedule(Told):
    """Times are milliseconds since the epoch. One that is declared in code is changed there."""

    id: str
    workflow_id: str
    title: str
    cron: str
    timezone: str
    status: Literal["active", "paused"]
    next_fire_at: int | None
    last_fire_at: int | None
    last_run_id: str | None
    overlap: Literal["allow", "skip", "queue"]
    catch_up: Literal["once", "none", "all"]
    jitter: float
    declared: bool
    input_data: Json
    initial_state: dict[str, Json] | None
    request_context: dict[str, Json]
    created_at: int
    updated_at: int


class Schedules(Told):
    schedules: list[Schedule]


class Fired(Told):
    schedule_id: str
    claim_id: str
    run_id: str
    scheduled_fire_at: int


class Trigger(Told):
    """One time that a schedule fired, with the run that it started, or why there is none."""

    schedule_id: str
    run_id: str | None
    scheduled_fire_at: int
    actual_fire_at: int
    outcome: Literal["published", "failed", "skipped", "missed"]
    error: str | None
    trigger_kind: Literal["schedule", "manual"]
    by: str | None


class Triggers(Told):
    triggers: list[Trigger]


class Trial(Told):
    """One running of a test."""

    state: str
    run_id: str | None
    started_by: str | None
    started_at: str
    finished_at: str | None
    findings: list[dict[str, Json]]


class StartedTrial(Trial):
    test: int


class Test(Told):
    """What is expected of a run on a saved input, and how it went last."""

    id: int
    title: str
    owner: str
    shared: bool
    expectations: Json
    answers: Json
    last_trial: Trial | None
    last_good_run_id: str | None


class Tests(Told):
    tests: list[Test]


class Trials(Told):
    trials: list[StartedTrial]
