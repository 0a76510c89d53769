"""What the API refuses: always a 4xx with a sentence, never a change."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from tests.api.conftest import Caller, answer_of
from workflows_app.models import Run

START = "/api/workflows/wire-slow/start-async"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"),
        ("[]", "body"),
        ("7", "body"),
        ('{"inputData": NaN}', "body"),
        ('{"inputData": 1e999}', "inputData"),
        ('{"perStep": "yes"}', "perStep"),
        ('{"requestContext": []}', "requestContext"),
        ('{"resourceId": 5}', "resourceId"),
        ('{"initialState": "\\ud800"}', "body"),
        ("{}}", "body"),
        (b"\xff", "body"),
        ("[" * 100_000, "body"),
    ],
)
def test_a_body_that_cannot_be_names_the_field(caller: Caller, body: str, field: str) -> None:
    status, refused = answer_of(caller.client.post(START, body, "application/json"))
    assert status == 400, refused
    shown = [issue["field"] for issue in refused.get("issues", [])] or refused["error"]
    assert field in shown or field == "inputData"
    assert not Run.objects.exclude(status="pending").exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [("resume-async", {"step": 5}), ("time-travel-async", {}), ("time-travel-async", {"step": {}})],
)
def test_a_step_is_a_text_or_a_list(caller: Caller, path: str, body: Any) -> None:
    status, refused = caller.post(f"/workflows/wire-slow/{path}", body, runId="r")
    assert (status, {issue["field"] for issue in refused["issues"]}) == (400, {"step"})


@pytest.mark.parametrize("verb", ["start", "stream", "resume", "restart", "time-travel", "observe", "resume-stream"])
def test_a_verb_needs_the_id_of_a_run(caller: Caller, verb: str) -> None:
    status, refused = caller.post(f"/workflows/wire-slow/{verb}", {"step": "x"})
    assert (status, refused["error"]) == (400, "Invalid query parameters")
    assert refused["issues"][0]["field"] == "runId"


@pytest.mark.parametrize(
    "verb", ["start", "resume", "resume-async", "restart", "time-travel", "observe", "resume-stream", "resume-no-wait"]
)
def test_a_verb_needs_a_stored_run(caller: Caller, verb: str) -> None:
    status, refused = caller.post(f"/workflows/wire-slow/{verb}", {"step": "x"}, runId="nobody")
    assert (status, refused["error"]) == (404, "Workflow run not found")


def test_an_unknown_address_is_said_to_be_one(caller: Caller) -> None:
    response = caller.client.get("/api/zzz")
    assert (response.status_code, response.content) == (404, b"404 Not Found")


@pytest.mark.parametrize(
    ("method", "address"), [("put", "/workflows/wire-slow"), ("get", "/workflows/wire-slow/start")]
)
def test_a_method_that_an_address_does_not_take_is_an_unknown_address(
    caller: Caller, method: str, address: str
) -> None:
    response = getattr(caller.client, method)(f"/api{address}")
    assert (response.status_code, response.content) == (404, b"404 Not Found")
    assert response.headers["Content-Type"] == "text/plain"


def test_a_body_of_a_form_is_refused(caller: Caller) -> None:
    assert caller.client.post(START, {"inputData": "x"}).status_code == 415


def test_another_site_may_not_call(caller: Caller) -> None:
    headers = {"origin": "https://elsewhere.example"}
    response = caller.client.post("/api/workflows/wire-slow/create-run", {}, "application/json", headers=headers)
    assert response.status_code == 403


def test_a_site_that_is_named_may_call(caller: Caller, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    headers = {"origin": "https://app.example", "sec-fetch-site": "cross-site"}
    response = caller.client.post("/api/workflows/wire-slow/create-run", {}, "application/json", headers=headers)
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, "https://app.example")
    page = caller.client.post("/runs/restart-active/", {}, headers=headers)
    assert page.status_code == 403


def test_who_is_not_signed_in_is_told_so(caller: Caller, settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    status, refused = answer_of(Client().get("/api/workflows"))
    assert (status, refused) == (401, {"error": "Sign in, or send a token."})


def test_who_may_only_look_may_not_start(caller: Caller, settings: Any, django_user_model: Any) -> None:
    from tests.web.studio import accounts

    accounts(settings, caller.client, django_user_model, "view_run", "view_payload")
    status, refused = caller.post("/workflows/wire-slow/create-run", {})
    assert (status, "start runs" in refused["error"]) == (403, True)


@pytest.mark.parametrize(
    "path", ["/auth/capabilities", "/system/packages", "/agents", "/schedules", "/stored/workflows"]
)
def test_what_companions_ask_first_is_answered(caller: Caller, path: str) -> None:
    assert caller.get(path)[0] == 200


def test_the_document_describes_every_verb(caller: Caller) -> None:
    _, document = caller.get("/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert "/api/workflows/{workflow_id}/time-travel-stream" in document["paths"]
    assert not any("companion" in str(way) for way in document["paths"].values())


def test_a_mistake_of_ours_is_said_as_json(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(workflow: object) -> None:
        raise RuntimeError("our fault")

    monkeypatch.setattr("workflows_app.web.api.documents.workflow_info", broken)
    status, answer = caller.get("/workflows/wire-slow")
    assert (status, "our fault" in str(answer)) == (500, False)


def test_a_database_that_is_away_is_said_with_when_to_come_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(workflow: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("workflows_app.web.api.documents.workflow_info", away)
    response = caller.client.get("/api/workflows/wire-slow")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert "cannot reach its database" in response.json()["error"]
