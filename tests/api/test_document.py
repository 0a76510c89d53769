"""The OpenAPI document: it is one, it is complete, and no call answers what it does not say."""

from __future__ import annotations

from typing import Any

import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import Caller
from workflows_app.models import Run
from workflows_app.web.api import api
from workflows_app.web.api.described import ANSWERS, MAPS, STREAMS

EXAMPLES = 5
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEFT_OUT = STREAMS
"""What is no JSON; test_streams.py reads these."""


def test_the_document_says_what_every_call_answers_and_refuses(caller: Caller) -> None:
    _, document = caller.get("/openapi.json")
    assert document["openapi"] == "3.1.0"
    operations = [operation for ways in document["paths"].values() for operation in ways.values()]
    assert len({one["operationId"] for one in operations}) == len(operations) > 30
    assert {one["operationId"] for one in operations} == {*ANSWERS, *MAPS, *STREAMS}
    for operation in operations:
        assert operation["summary"], operation
        assert {"200", "401", "403", "429"} <= operation["responses"].keys(), operation
        for response in operation["responses"].values():
            assert response["description"]
    named = {text.rpartition("/")[2] for text in references(document)}
    assert named <= document["components"]["schemas"].keys()


def references(document: Any) -> set[str]:
    if isinstance(document, dict):
        own = {document["$ref"]} if isinstance(document.get("$ref"), str) else set()
        return own.union(*map(references, document.values()))
    return set().union(*map(references, document)) if isinstance(document, list) else set()


def test_no_call_answers_what_the_document_does_not_say(caller: Caller) -> None:
    """Try every call with what fits the document and with what does not, on what is there and on what is not."""
    runs = {
        "wire-approval": caller.run("wire-approval", {"requestId": "r", "amount": 1})["runId"],
        "wire-slow": caller.run("wire-slow", {"ms": 0})["runId"],
        "asking-each": caller.run("asking-each", ["a", "b"])["runId"],
    }
    caller.post("/webhooks", {"url": "http://10.0.0.1/", "events": ["run.finished"]})
    numbers = [one["id"] for one in caller.get("/approvals")[1]["approvals"]] + [1]
    schema = schemathesis.openapi.from_dict(api.get_openapi_schema())
    schema.app = get_wsgi_application()
    tried = 0
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if operation.definition.raw["operationId"] not in LEFT_OUT:
            explore(operation, runs, numbers)
            tried += 1
    assert tried > 25
    assert Run.objects.exists()


def explore(operation: Any, runs: dict[str, str], numbers: list[int]) -> None:
    @effort(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), workflow=st.sampled_from([*runs, ""]), number=st.sampled_from(numbers))
    def call(case: Any, workflow: str, number: int) -> None:
        if workflow:
            known = {"workflow_id": workflow, "run_id": runs[workflow], "approval_id": number, "webhook_id": number}
            case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
            if "runId" in (case.query or {}):
                case.query["runId"] = runs[workflow]
        case.call_and_validate(checks=CHECKS)

    call()
