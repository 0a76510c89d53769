"""Which trace a run belongs to, and what its spans are called: told from the journal alone.

Every process that reads a run tells the same ids of it, whoever performed it, before and after a crash. So a
span needs no memory: its id is known while its step works, and it is written once the step has ended. The ids
have the shape that OpenTelemetry wants; nothing here knows who collects spans, or whether anybody does.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictBool, StringConstraints
from pydantic.alias_generators import to_camel

from .errors import InvalidInput
from .history import History
from .schema import Json, Schema

NOT_ZERO = "^0*[1-9a-fA-F][0-9a-fA-F]*$"
TraceId: TypeAlias = Annotated[
    str, StringConstraints(pattern=NOT_ZERO, max_length=32), AfterValidator(lambda text: text.lower().zfill(32))
]
SpanId: TypeAlias = Annotated[
    str, StringConstraints(pattern=NOT_ZERO, max_length=16), AfterValidator(lambda text: text.lower().zfill(16))
]


class Tracing(BaseModel):
    """What the starter of a run asks of its trace; in camel case on the wire.

    `trace_id` and `parent_span_id` let the run belong to a trace that began elsewhere. `metadata`, `tags` and
    the values of `request_context_keys` are attributes of the run's spans.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    trace_id: TraceId | None = None
    parent_span_id: SpanId | None = None
    metadata: dict[str, Any] = {}
    request_context_keys: list[str] = []
    tags: list[str] = []
    hide_input: StrictBool = False
    hide_output: StrictBool = False


TRACING = Schema(Tracing)


def checked_tracing(given: Any) -> Json:
    """Read tracing options, as a run keeps them: only what was said. Raises: InvalidInput"""
    if given is None:
        return None
    read: dict[str, Json] = TRACING.normalise(given, InvalidInput, "Invalid tracing options: ").data
    return {name: value for name, value in read.items() if value} or None


def tracing_of(history: History) -> Tracing:
    return Tracing.model_validate(history.tracing or {})


def trace_id(run_id: str, history: History) -> str:
    """Name the trace of a run: as its starter wished, else of its own; empty as long as it has not started."""
    if history.started_at is None:
        return ""
    given: str | None = (history.tracing or {}).get("trace_id")
    return given or digest(16, run_id, history)


def leg_id(run_id: str, history: History, number: int = -1) -> str:
    """Name the span of a leg of the run, the present one if none is named. Empty before the start."""
    return "" if history.started_at is None else span_id(run_id, history, "leg", history.legs[number][0])


def try_id(run_id: str, history: History, path: str, attempt: int) -> str:
    """Name the span of a try of a step."""
    return span_id(run_id, history, "try", path, attempt)


def span_id(run_id: str, history: History, *what: object) -> str:
    """Name any other span, by what tells it from all the others of the run."""
    return digest(8, run_id, history, *what)


def digest(size: int, run_id: str, history: History, *what: object) -> str:
    """Hash what a span is. The start is part of it, since the id of a deleted run may be used again."""
    text = "\0".join(map(str, (run_id, history.started_at, *what)))
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
