"""Sends spans by OpenTelemetry, to where the standard environment variables say.

Spans are made after the fact, with ids and times that the journal tells, so the tracer is handed each id as it
asks for one. Sampling, limits, batches and the resource are the SDK's, and its variables set them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from opentelemetry import context as ambient
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from workflows_app.engine.active import ActiveRun
from workflows_app.engine.events import Event, Instant
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import Call
from workflows_app.engine.ports import RunHead
from workflows_app.engine.traces import trace_id, tracing_of, try_id

from .spans import Span, Trace

logger = logging.getLogger("workflows")
NAME = "workflows_app"
PREFIX = "workflow."
SAMPLED, NOT_SAMPLED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(TraceFlags.DEFAULT)


class ToldIds(IdGenerator):
    """Gives the ids that the next span has to have; it is asked on one thread only, the engine's."""

    trace = 0
    span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span


class Telemetry:
    """Hears what the engine commits and sends the spans that it ended."""

    def __init__(self, provider: TracerProvider, *, values: bool = False) -> None:
        tracer = provider.get_tracer(NAME)
        if not isinstance(tracer, Tracer):
            raise TypeError("The tracer provider is switched off (OTEL_SDK_DISABLED).")
        self._tracer, self._ids, self._values = tracer, ToldIds(), values
        # The provider keeps one tracer per name, and this name is ours alone.
        tracer.id_generator = self._ids

    def hear(self, active: ActiveRun, happened: Sequence[Event], start: int) -> None:
        """Send what these events ended. A bell of the engine."""
        try:
            trace = Trace(active.head, active.workflow, active.known, self._values)
            flags = None
            for span in trace.spans(happened, start):
                flags = self._flags(trace.id, trace.top) if flags is None else flags
                self._send(trace, span, flags)
        except Exception:
            logger.exception("the spans of run %s could not be told", active.head.id)

    def around(self, head: RunHead, history: History, call: Call) -> AbstractContextManager[object]:
        """Let the spans that a step makes itself belong to the span of its try."""
        own = try_id(head.id, history, call.path, call.attempt)
        trace = trace_id(head.id, history)
        flags = self._flags(trace, tracing_of(history).parent_span_id or "")
        return attached(set_span_in_context(NonRecordingSpan(spot(trace, own, flags))))

    def _flags(self, trace: str, top: str) -> TraceFlags:
        """Ask the sampler what it makes of the trace: the answer is the same in every process."""
        context = parent_of(trace, top, SAMPLED, is_remote=True) if top else Context()
        result = self._tracer.sampler.should_sample(context, int(trace, 16), NAME)
        return SAMPLED if result.decision is Decision.RECORD_AND_SAMPLE else NOT_SAMPLED

    def _send(self, trace: Trace, span: Span, flags: TraceFlags) -> None:
        self._ids.trace, self._ids.span = int(trace.id, 16), int(span.id, 16)
        is_remote = span.parent == trace.top
        context = parent_of(trace.id, span.parent, flags, is_remote=is_remote) if span.parent else Context()
        links = [Link(spot(trace.id, span.follows, flags))] if span.follows else []
        attributes = attributes_of(span.facts)
        sent = self._tracer.start_span(
            span.name, context, attributes=attributes, links=links, start_time=nanoseconds(span.start)
        )
        if span.error:
            message = str(span.error.get("message", ""))
            sent.set_status(Status(StatusCode.ERROR, message))
            told = {"exception.type": str(span.error.get("name", "Error")), "exception.message": message}
            sent.add_event("exception", told, nanoseconds(span.end))
        sent.end(nanoseconds(max(span.start, span.end)))


def spot(trace: str, span: str, flags: TraceFlags, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote, flags)


def parent_of(trace: str, span: str, flags: TraceFlags, *, is_remote: bool) -> Context:
    return set_span_in_context(NonRecordingSpan(spot(trace, span, flags, is_remote=is_remote)), Context())


@contextmanager
def attached(context: Context) -> Iterator[None]:
    token = ambient.attach(context)
    try:
        yield
    finally:
        ambient.detach(token)


def nanoseconds(instant: Instant) -> int:
    return instant * 1_000


def attributes_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write facts as attributes: texts, numbers and lists of texts as they are, all else as JSON."""
    return {f"{PREFIX}{name}": plain(value) for name, value in facts.items()}


def plain(value: Any) -> Any:
    is_plain = isinstance(value, str | bool | int | float) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    )
    return value if is_plain else json.dumps(value)
