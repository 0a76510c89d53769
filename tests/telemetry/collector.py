"""A collector of spans that keeps them in memory, and how tests look at what it got."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from workflows_app import Engine, Workflow
from workflows_app.telemetry.sending import Telemetry


class Collector:
    """A tracer provider with an exporter in memory, for as many engines as there are."""

    def __init__(self, ratio: float = 1.0) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=ParentBasedTraceIdRatio(ratio), shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def engine(self, *workflows: Workflow, values: bool = True, **options: Any) -> Engine:
        engine = Engine(workflows, **options)
        telemetry = Telemetry(self.provider, values=values)
        engine.turns.bells.append(telemetry.hear)
        engine.turns.around = telemetry.around
        return engine

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> ReadableSpan:
        found = [span for span in self.spans if span.name == name]
        assert len(found) == 1, (name, [span.name for span in self.spans])
        return found[0]

    def tree(self) -> dict[str, Any]:
        """Draw the spans by their names, each below its parent; siblings of one name share a place."""
        return self.below(None)

    def below(self, parent: int | None) -> dict[str, Any]:
        drawn: dict[str, Any] = {}
        for span in sorted(self.spans, key=lambda span: span.start_time or 0):
            if (span.parent.span_id if span.parent else None) == parent and span.context is not None:
                drawn.setdefault(span.name, {}).update(self.below(span.context.span_id))
        return drawn


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return {name.removeprefix("workflow."): value for name, value in (span.attributes or {}).items()}
