"""The OpenAPI document: what ninja reads off the bodies and queries, with the answers and refusals of every call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ninja import NinjaAPI
from ninja.operation import Operation
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from . import answers

Document = dict[str, Any]
MODE: Final[JsonSchemaMode] = "validation"
REF: Final = "#/components/schemas/"
STREAM: Final = "Events as JSON documents, each ended by U+001E, until the run rests."
ANSWERS: Final[Mapping[str, type[BaseModel]]] = {
    "get_workflow": answers.Workflow, "list_runs": answers.Runs, "create_run": answers.RunId, "get_run": answers.Run,
    "delete_run": answers.Message, "start": answers.Message, "start_async": answers.Result,
    "resume": answers.Message, "resume_no_wait": answers.RunId, "resume_async": answers.Result,
    "restart": answers.Message, "restart_async": answers.Result, "restart_all": answers.Message,
    "restart_all_async": answers.Message, "time_travel": answers.Message, "time_travel_async": answers.Result,
    "cancel": answers.Message, "step": answers.Message, "resume_all_steps": answers.Message,
    "break_before": answers.Breakpoints, "clear_breakpoints": answers.Breakpoints,
    "preview": answers.Plan, "list_events": answers.Events, "send_event": answers.Woken,
    "list_approvals": answers.Approvals, "get_approval": answers.Approval, "decide_approval": answers.Approval,
    "list_comments": answers.Comments, "add_comment": answers.Comment,
    "get_result": answers.Result, "list_tests": answers.Tests, "run_tests": answers.Trials,
    "list_webhooks": answers.Webhooks, "make_webhook": answers.NewWebhook, "get_webhook": answers.WebhookDetail,
    "list_schedules": answers.Schedules, "make_schedule": answers.Schedule, "get_schedule": answers.Schedule,
    "change_schedule": answers.Schedule, "delete_schedule": answers.Message, "pause_schedule": answers.Schedule,
    "resume_schedule": answers.Schedule, "run_schedule": answers.Fired, "list_triggers": answers.Triggers,
    "change_webhook": answers.Webhook, "delete_webhook": answers.Message,
}  # fmt: skip
MAPS: Final[Mapping[str, type[BaseModel]]] = {"list_workflows": answers.Workflow, "count_runs": answers.Counts}
"""Answers that hold one of these by the key of each workflow."""
STREAMS: Final = frozenset({"stream", "observe", "resume_stream", "time_travel_stream"})
REFUSALS: Final = {
    400: "What was sent cannot be read, or does not fit: `issues` names the fields.",
    401: "Nobody is signed in, or the token does not work.",
    403: "The account or the token may not do this, or another site asks.",
    404: "There is no such workflow, run, question, schedule or webhook.",
    409: "The run is not in a state for this, or somebody was faster.",
    413: "The body is too long.",
    415: "The body is not sent as application/json.",
    429: "Too many calls; `Retry-After` says in how many seconds to come again.",
    503: "The database does not answer; `Retry-After` says in how many seconds to come again.",
}
CHANGING: Final = frozenset({"post", "patch", "delete"})


class Api(NinjaAPI):
    """An API whose document says what is answered, too."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)

    def get_openapi_schema(self, **options: Any) -> Any:
        document = super().get_openapi_schema(**options)
        for method, operation in operations(document):
            operation["responses"] = {**answer_of(operation), **refusals_of(method, operation)}
        kinds: set[type[BaseModel]] = {*ANSWERS.values(), *MAPS.values(), answers.Error}
        named: list[tuple[type[BaseModel], JsonSchemaMode]] = [(kind, MODE) for kind in sorted(kinds, key=str)]
        made = models_json_schema(named, ref_template=f"{REF}Answer{{model}}")[1]["$defs"]
        components = document["components"]
        components["schemas"].update({f"Answer{name}": schema for name, schema in made.items()})
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        # A browser is let in by its session, and on loopback without accounts everybody is.
        document["security"] = [{"token": []}, {}]
        return document


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    """Give every call with its method."""
    for ways in document["paths"].values():
        yield from ways.items()


def answer_of(operation: Document) -> Document:
    """Describe what a call answers when it is carried out."""
    name = operation["operationId"]
    if name in STREAMS:
        return {"200": {"description": STREAM, "content": {"text/plain": {"schema": {"type": "string"}}}}}
    if name in MAPS:
        schema: Document = {"type": "object", "additionalProperties": reference(MAPS[name])}
    else:
        schema = reference(ANSWERS[name]) if name in ANSWERS else {}
    content = {"application/json": {"schema": schema}}
    if name == "list_events":
        content["text/event-stream"] = {"schema": {"type": "string"}}
        return {
            "200": {"description": "A page of events, or events as they happen.", "content": content},
            "204": {"description": "The run has ended and all of it was told."},
        }
    return {"200": {"description": "OK", "content": content}}


def refusals_of(method: str, operation: Document) -> Document:
    """Describe how a call can be refused."""
    places = {one["in"] for one in operation["parameters"]}
    codes = {401, 403, 429, 503}
    if "query" in places or "requestBody" in operation:
        codes.add(400)
    if "path" in places or operation["operationId"] in ("make_webhook", "make_schedule"):
        codes.add(404)
    if method in CHANGING:
        codes |= {400, 409, 413, 415}
    said = {"application/json": {"schema": reference(answers.Error)}}
    # An address that is none is answered in plain text, as the protocol has it.
    content = {404: {**said, "text/plain": {"schema": {"type": "string"}}}}
    return {str(code): {"description": REFUSALS[code], "content": content.get(code, said)} for code in sorted(codes)}


def reference(kind: type[BaseModel]) -> Document:
    return {"$ref": f"{REF}Answer{kind.__name__}"}
