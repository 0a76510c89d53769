"""Whether and where spans are sent, as the environment says; and once to a real receiver."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.exceptions import ImproperlyConfigured
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter

from tests.process import ROOT, StudioProcess
from workflows_app.telemetry import starting
from workflows_app.telemetry.sending import Telemetry

NAMES = ("OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", *starting.ENDPOINTS, *starting.PROTOCOLS)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "exporters"),
    [
        ({}, []),
        ({"OTEL_TRACES_EXPORTER": "none"}, []),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, []),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, ["otlp"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, ["otlp"]),
        ({"OTEL_TRACES_EXPORTER": "otlp, console"}, ["otlp", "console"]),
    ],
)
def test_the_standard_variables_switch_it_on(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], exporters: list[str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert starting.exporters() == exporters


def test_nothing_is_done_unless_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert starting.begin() is None
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert starting.begin() is None


def test_nothing_of_opentelemetry_is_imported_where_nobody_wants_spans() -> None:
    code = (
        "import os, sys, django\nos.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\ndjango.setup()\n"
        "from workflows_app.runtime import get_engine\nassert get_engine().turns.around is None\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


@pytest.mark.parametrize(("name", "exporter"), [("otlp", OTLPSpanExporter), ("console", ConsoleSpanExporter)])
def test_an_exporter_is_found_by_its_name(name: str, exporter: type[Any]) -> None:
    assert starting.exporter_of(name) is exporter


def test_an_exporter_that_is_not_installed_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"asks for 'zipkin', which is not installed; .*console.*otlp"):
        starting.exporter_of("zipkin")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(ImproperlyConfigured, match="asks for 'otlp_proto_grpc'"):
        starting.exporter_of("otlp")


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match="pip install opentelemetry-sdk"):
        starting.made_provider(["otlp"])


def test_the_provider_of_a_project_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    monkeypatch.setattr(starting, "made_provider", None)
    assert isinstance(starting.begin(), Telemetry)


def test_a_provider_that_is_switched_off_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with pytest.raises(TypeError, match="switched off"):
        Telemetry(TracerProvider(shutdown_on_exit=False))


class Receiver(BaseHTTPRequestHandler):
    """A collector that keeps what it is sent."""

    got: ClassVar[list[ExportTraceServiceRequest]] = []

    def do_POST(self) -> None:
        assert self.path == "/v1/traces"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.got.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_studio_sends_the_spans_of_a_run_to_a_collector(tmp_path: Path, receiver: str) -> None:
    studio = StudioProcess(
        tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=receiver, OTEL_SERVICE_NAME="till", OTEL_EXPORTER_OTLP_COMPRESSION="gzip"
    )
    try:
        address = f"{studio.address}/api/workflows/test-workflow/start-async"
        body = json.dumps({"inputData": {"message": "hello"}}).encode()
        asked = urllib.request.Request(address, body, {"content-type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(asked) as answer:  # noqa: S310
            result = json.load(answer)
    finally:
        assert studio.stop() == 0
    found = [
        (resource, span)
        for request in Receiver.got
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert result["status"] == "success"
    assert {span.trace_id.hex() for _, span in found} == {result["traceId"]}
    runs = [span for _, span in found if span.name == "workflow run: 'test-workflow'"]
    assert [span.span_id.hex() for span in runs] == [result["spanId"]]
    assert {span.parent_span_id.hex() for _, span in found} == {"", result["spanId"]}
    names = {fact.value.string_value for one, _ in found for fact in one.resource.attributes if "name" in fact.key}
    assert "till" in names
