"""What the API has beside the protocol: tags, keys, previews, events by number, and events that are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from pydantic_core import from_json

from tests.api.conftest import Caller, Json, acting
from workflows_app.models import Activity, Event, Run
from workflows_app.web.api import events, streaming

ASKED = {"requestId": "r-1", "amount": 120}


def suspended(caller: Caller) -> str:
    return str(caller.run("wire-approval", ASKED)["runId"])


# Tags and keys


def test_runs_are_found_by_their_tags(caller: Caller) -> None:
    _, made = caller.post("/workflows/wire-slow/create-run", {"tags": ["eu", "vip"]})
    caller.run("wire-slow", {"ms": 0}, tags=["eu"])
    caller.run("wire-slow", {"ms": 0})
    for tags, found in (("eu", 2), ("eu,vip", 1), ("us", 0), ("eu,us", 0)):
        assert caller.get("/workflows/wire-slow/runs", tags=tags)[1]["total"] == found, tags
    _, page = caller.get("/workflows/wire-slow/runs", tags="vip")
    assert (page["runs"][0]["runId"], page["runs"][0]["tags"]) == (made["runId"], ["eu", "vip"])
    assert caller.get(f"/workflows/wire-slow/runs/{made['runId']}")[1]["tags"] == ["eu", "vip"]


def test_a_streamed_run_keeps_its_tags(caller: Caller) -> None:
    events = caller.stream("/workflows/wire-slow/stream", {"inputData": {"ms": 0}, "tags": ["eu"]}, runId="r")
    assert events[-1]["type"] == "workflow-finish"
    assert Run.objects.get().tag_list == ["eu"]


@pytest.mark.parametrize("tags", [["x" * 201], [""], "eu", [5], ["x"] * 51, ["a\u0000b"]])
def test_tags_that_cannot_be_are_refused(caller: Caller, tags: Any) -> None:
    assert caller.post("/workflows/wire-slow/create-run", {"tags": tags})[0] == 400
    assert not Run.objects.exists()


def test_the_same_key_makes_one_run(caller: Caller) -> None:
    first, second = (caller.post("/workflows/wire-slow/create-run", {"idempotencyKey": "k"}) for _ in range(2))
    assert first == second
    assert Run.objects.count() == 1


# Verbs


def test_all_questions_are_answered_at_once(caller: Caller) -> None:
    run_id = caller.run("asking-each", ["a", "b"])["runId"]
    given = {"all": True, "resumeData": {"sure": True}}
    status, result = caller.post("/workflows/asking-each/resume-async", given, runId=run_id)
    assert (status, result["status"], result["result"]) == (200, "success", [True, True])


def test_the_reason_of_a_cancel_is_kept(caller: Caller) -> None:
    run_id = suspended(caller)
    address = f"/workflows/wire-approval/runs/{run_id}/cancel"
    assert caller.post(address, {"reason": "No longer needed."})[0] == 200
    assert Activity.objects.get(verb="cancel").reason == "No longer needed."
    assert "No longer needed." in Event.objects.get(run=run_id, kind="RunCancelled").data


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"verb": "cancel"}, {"withdrawn": ["await-approval"], "runsAgain": []}),
        ({"verb": "time_travel", "step": "prepare"}, {"runsAgain": ["prepare"], "withdrawn": ["await-approval"]}),
        ({"verb": "resume", "resumeData": {"approved": True, "by": "Ann"}}, {"reused": ["prepare"]}),
    ],
)
def test_a_preview_says_what_would_happen_and_changes_nothing(caller: Caller, body: Any, expected: Any) -> None:
    run_id = suspended(caller)
    before = list(Event.objects.filter(run=run_id).values_list("seq", "kind"))
    status, plan = caller.post("/workflows/wire-approval/preview", body, runId=run_id)
    assert (status, plan["verb"]) == (200, body["verb"])
    assert {name: plan[name] for name in expected} == expected
    assert list(Event.objects.filter(run=run_id).values_list("seq", "kind")) == before


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"verb": "explode"}, 400, "verb"),
        ({}, 400, "verb"),
        ({"verb": "time_travel"}, 400, "step"),
        ({"verb": "time_travel", "step": "nobody"}, 400, None),
        ({"verb": "restart"}, 409, None),
        ({"verb": "resume", "resumeData": {"approved": "?"}}, 400, "approved"),
    ],
)
def test_what_cannot_be_done_has_no_preview(caller: Caller, body: Any, status: int, field: str | None) -> None:
    answer = caller.post("/workflows/wire-approval/preview", body, runId=suspended(caller))
    assert answer[0] == status, answer
    assert field is None or field in {issue["field"] for issue in answer[1]["issues"]}


def test_a_preview_needs_the_right_of_its_verb(caller: Caller, settings: Any, django_user_model: Any) -> None:
    run_id = suspended(caller)
    other = acting(settings, django_user_model, "ann", "view_run", "view_payload", "cancel_run")
    assert other.post("/workflows/wire-approval/preview", {"verb": "cancel"}, runId=run_id)[0] == 200
    assert other.post("/workflows/wire-approval/preview", {"verb": "restart"}, runId=run_id)[0] == 403


# What happened


def test_events_are_read_from_any_number_on(caller: Caller) -> None:
    run_id = suspended(caller)
    address = f"/workflows/wire-approval/runs/{run_id}/events"
    _, page = caller.get(address)
    assert [event["seq"] for event in page["events"]] == list(range(1, page["next"] + 1))
    assert (page["events"][-1]["type"], page["status"]) == ("workflow-finish", "suspended")
    _, some = caller.get(address, after=2, limit=2)
    assert (some["events"], some["next"]) == (page["events"][2:4], 4)
    _, none = caller.get(address, after=page["next"])
    assert none == {"events": [], "next": page["next"], "last": page["next"], "status": "suspended"}


def told(caller: Caller, address: str, **headers: str) -> list[tuple[str, Any]]:
    """Read server-sent events to their end, as a number and an event each."""
    response = caller.client.get(f"/api{address}", headers={"accept": "text/event-stream", **headers})
    assert response.headers["Content-Type"] == "text/event-stream"

    async def read() -> str:
        return b"".join([chunk async for chunk in response]).decode()  # type: ignore[attr-defined]

    *blocks, rest = asyncio.run(read()).split("\n\n")
    assert rest == ""
    fields = [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks if block[0] != ":"]
    return [(each["id"], from_json(each["data"])) for each in fields]


def test_events_are_sent_to_a_browser_until_the_run_ends(caller: Caller) -> None:
    run_id = caller.run("wire-slow", {"ms": 0})["runId"]
    address = f"/workflows/wire-slow/runs/{run_id}/events"
    _, page = caller.get(address)
    sent = told(caller, address)
    assert [event for _, event in sent] == page["events"]
    assert [number for number, _ in sent] == [str(event["seq"]) for event in page["events"]]
    assert told(caller, address, **{"last-event-id": "3"}) == sent[3:]
    assert told(caller, f"{address}?after=4") == sent[4:]


def test_a_browser_that_has_everything_is_told_to_stop_asking(caller: Caller) -> None:
    run_id = caller.run("wire-slow", {"ms": 0})["runId"]
    address = f"/api/workflows/wire-slow/runs/{run_id}/events"
    headers = {"accept": "text/event-stream", "last-event-id": "99"}
    assert caller.client.get(address, headers=headers).status_code == 204


def test_while_nothing_happens_a_comment_keeps_the_line_open(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.web.api.streaming.HEARTBEAT_SECONDS", 0.05)
    run_id = suspended(caller)
    address = f"/api/workflows/wire-approval/runs/{run_id}/events"
    response: Any = caller.client.get(address, headers={"accept": "text/event-stream"})

    async def read() -> None:
        chunks = aiter(response)
        while await anext(chunks) != b": beat\n\n":
            pass
        await chunks.aclose()

    asyncio.run(read())


class Chatty:
    """A stream that is never silent."""

    run_id = "r"

    async def once(self) -> AsyncIterator[Json]:
        for seq in count(1):
            yield {"seq": seq}

    def close(self) -> None:
        """Nothing is followed."""


@pytest.mark.parametrize("written", [events.told, streaming.records])
def test_a_run_that_tells_much_is_told_to_nobody_who_may_not_look_any_more(
    written: Callable[[Any, HttpRequest], AsyncIterator[bytes]], rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter((True, False))
    monkeypatch.setattr(streaming, "CHECK_SECONDS", 0.02)
    monkeypatch.setattr(streaming, "may_still_look", lambda request, run_id: next(answers))

    async def read() -> int:
        async with asyncio.timeout(20):
            return len([line async for line in written(Chatty(), rf.get("/")) if line])

    assert asyncio.run(read()) > 0
    assert next(answers, None) is None


# Events that are sent


def test_an_event_wakes_the_runs_that_wait_for_it(caller: Caller) -> None:
    run_id = caller.run("paid", {"order": "o-1"})["runId"]
    assert caller.post("/events/paid", {"payload": {"order": "o-2"}}) == (200, {"woken": 0})
    assert caller.post("/events/paid", {"payload": {"order": "o-1", "cents": 5}}) == (200, {"woken": 1})
    _, page = caller.get(f"/workflows/paid/runs/{run_id}/events")
    assert "workflow-finish" in {event["type"] for event in page["events"]}
    assert caller.post("/events/paid", {"payload": {"order": "o-1"}}) == (200, {"woken": 0})


def test_an_event_that_does_not_fit_wakes_nothing(caller: Caller) -> None:
    caller.run("paid", {"order": "o-1"})
    status, refused = caller.post("/events/paid", {"payload": {"order": "o-1", "cents": "many"}})
    assert (status, refused["issues"][0]["field"]) == (400, "cents")
    assert Run.objects.get().status == "suspended"


def test_an_event_wakes_only_what_the_caller_may_answer(caller: Caller, settings: Any, django_user_model: Any) -> None:
    from django.contrib.auth.models import Group

    from workflows_app.models import WorkflowGrant

    caller.run("paid", {"order": "o-1"})
    operators = Group.objects.get(name="Operator")
    WorkflowGrant.objects.create(workflow_id="paid", group=Group.objects.create(name="few"), role=operators)
    other = acting(settings, django_user_model, "ann", "view_run", "view_payload", "resume_run")
    assert other.post("/events/paid", {"payload": {"order": "o-1"}}) == (200, {"woken": 0})
    assert Run.objects.get().status == "suspended"
