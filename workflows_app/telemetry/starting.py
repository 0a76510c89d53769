"""Decides from the environment whether spans are sent, and how; where they are not, nothing is even imported.

`OTEL_TRACES_EXPORTER` and `OTEL_EXPORTER_OTLP_ENDPOINT` switch it on, `OTEL_SDK_DISABLED` off. A tracer provider
that a project has set up itself is used as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from .sending import Telemetry

GROUP = "opentelemetry_traces_exporter"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
SERVICE = "workflow-studio"


def begin(*, values: bool = False) -> Telemetry | None:
    """Start to send spans if the environment, or the project, wants it.

    Raises: ImproperlyConfigured when it wants what is not installed
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    provider = known_provider()
    names = exporters()
    if provider is None and not names:
        return None
    from .sending import Telemetry

    return Telemetry(made_provider(names) if provider is None else provider, values=values)


def known_provider() -> TracerProvider | None:
    """Give the provider that somebody has set up in this process."""
    if "opentelemetry.sdk.trace" not in sys.modules:
        return None
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    provider = trace.get_tracer_provider()
    return provider if isinstance(provider, TracerProvider) else None


def exporters() -> list[str]:
    """Name the exporters that the environment asks for."""
    asked = os.environ.get("OTEL_TRACES_EXPORTER", "")
    if not asked and any(map(os.environ.get, ENDPOINTS)):
        asked = "otlp"
    names = [name.strip() for name in asked.split(",")]
    return [name for name in names if name and name != "none"]


def made_provider(names: Sequence[str]) -> TracerProvider:
    """Make a provider that sends by these exporters, and make it the one that all code of this process finds."""
    if find_spec("opentelemetry.sdk") is None:
        raise ImproperlyConfigured(
            "OTEL_* variables ask for traces, but OpenTelemetry is not installed; "
            "run pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http, or set OTEL_SDK_DISABLED=true."
        )
    from opentelemetry import trace
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create()
    if resource.attributes.get(SERVICE_NAME, "unknown_service") == "unknown_service":
        resource = resource.merge(Resource({SERVICE_NAME: SERVICE}))
    provider = TracerProvider(resource=resource)
    for name in names:
        provider.add_span_processor(BatchSpanProcessor(exporter_of(name)()))
    trace.set_tracer_provider(provider)
    return provider


def exporter_of(name: str) -> Any:
    """Find the exporter of a name among what is installed. Raises: ImproperlyConfigured"""
    protocol = next(filter(None, map(os.environ.get, PROTOCOLS)), "http/protobuf")
    wanted = OTLP.get(protocol, protocol) if name == "otlp" else name
    found = [point for point in entry_points(group=GROUP) if point.name == wanted]
    if not found:
        known = ", ".join(sorted({"otlp", *(point.name for point in entry_points(group=GROUP))}))
        raise ImproperlyConfigured(
            f"OTEL_TRACES_EXPORTER asks for {wanted!r}, which is not installed; install it, or choose one of: {known}."
        )
    return found[0].load()
