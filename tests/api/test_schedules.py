"""Schedules over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from tests.api.conftest import Caller, acting, answer_of
from tests.web.studio import wait_for
from workflows_app.models import Activity, Schedule, WorkflowGrant

NEW = {"workflowId": "wire-nested", "cron": "*/5 * * * *", "inputData": {"text": "a"}}


def patched(caller: Caller, path: str, body: Any) -> tuple[int, Any]:
    return answer_of(caller.client.patch(f"/api{path}", body, "application/json"))


def made(caller: Caller, **more: Any) -> Any:
    status, document = caller.post("/schedules", {**NEW, **more})
    assert status == 200, document
    return document


def test_one_is_made_read_changed_paused_and_deleted(caller: Caller) -> None:
    document = made(caller, title="Often", requestContext={"tier": "gold"}, overlap="queue")
    assert document["id"].startswith("schedule_")
    assert {name: document[name] for name in ("workflowId", "cron", "status", "timezone", "overlap", "catchUp")} == {
        "workflowId": "wire-nested", "cron": "*/5 * * * *", "status": "active", "timezone": "UTC",
        "overlap": "queue", "catchUp": "once",
    }  # fmt: skip
    assert (document["inputData"], document["requestContext"]) == ({"text": "a"}, {"tier": "gold"})
    assert document["createdAt"] < document["nextFireAt"] <= document["createdAt"] + 300_000
    path = f"/schedules/{document['id']}"
    assert caller.get(path) == (200, document)
    assert caller.get("/schedules", workflowId="wire-nested") == (200, {"schedules": [document]})
    assert caller.get("/schedules", workflowId="wire-slow") == (200, {"schedules": []})
    _, changed = patched(caller, path, {"cron": "@daily", "timezone": "Asia/Tokyo", "inputData": {"text": "b"}})
    assert (changed["cron"], changed["timezone"], changed["title"]) == ("@daily", "Asia/Tokyo", "Often")
    assert (changed["inputData"], changed["requestContext"]) == ({"text": "b"}, {"tier": "gold"})
    assert caller.post(f"{path}/pause")[1]["status"] == "paused"
    assert caller.get("/schedules", status="active")[1] == {"schedules": []}
    assert caller.post(f"{path}/resume")[1]["status"] == "active"
    assert caller.delete(path) == (200, {"message": "Schedule deleted"})
    status, refusal = caller.get(path)
    assert (status, refusal["error"], refusal["code"]) == (404, "Schedule not found", "schedule_not_found")
    assert list(Activity.objects.order_by("id").values_list("verb", "via")) == [
        (verb, "api")
        for verb in ("schedule", "schedule_changed", "schedule_paused", "schedule_resumed", "schedule_deleted")
    ]


def test_it_is_fired_at_once_and_its_triggers_are_listed(caller: Caller) -> None:
    path = f"/schedules/{made(caller)['id']}"
    assert caller.get(f"{path}/triggers") == (200, {"triggers": []})
    status, fired = caller.post(f"{path}/run")
    assert (status, fired["scheduleId"]) == (200, path.rpartition("/")[2])
    wait_for(fired["runId"], "success")
    (trigger,) = caller.get(f"{path}/triggers", limit=25)[1]["triggers"]
    assert (trigger["runId"], trigger["outcome"]) == (fired["runId"], "published")
    assert (trigger["triggerKind"], trigger["by"], trigger["error"]) == ("manual", "local", None)
    assert caller.get(path)[1]["lastRunId"] == fired["runId"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"cron": "* * *"}, 400), ({"cron": "0 0 30 2 *"}, 400), ({"cron": 5}, 400), ({"timezone": "Nowhere"}, 400),
        ({"overlap": "x"}, 400), ({"jitter": 1e9}, 400), ({"inputData": {"text": 1}}, 400),
        ({"workflowId": "nothing"}, 404), ({"title": "x" * 81}, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_made(caller: Caller, change: Any, status: int) -> None:
    found, document = caller.post("/schedules", {**NEW, **change})
    assert (found, bool(document["error"])) == (status, True)
    assert not Schedule.objects.exists()


def test_a_change_that_does_not_fit_changes_nothing(caller: Caller) -> None:
    document = made(caller)
    for change in ({"cron": "x"}, {"inputData": {"text": 1}}, {"timezone": "Nowhere"}):
        assert patched(caller, f"/schedules/{document['id']}", change)[0] == 400
    assert caller.get(f"/schedules/{document['id']}")[1] == document


def test_what_was_sealed_under_another_key_is_a_conflict(caller: Caller) -> None:
    path = f"/schedules/{made(caller)['id']}"
    Schedule.objects.update(sealed_given="nonsense")
    for status, answer in (caller.post(f"{path}/run"), patched(caller, path, {"cron": "@daily"})):
        assert status == 409
        assert "sealed under another key" in answer["error"]
    assert caller.get(path)[1]["cron"] == NEW["cron"]


def test_one_that_stands_in_the_code_is_not_changed_here(caller: Caller) -> None:
    document = made(caller)
    Schedule.objects.update(is_declared=True)
    path = f"/schedules/{document['id']}"
    for status, answer in (patched(caller, path, {"cron": "@daily"}), caller.delete(path)):
        assert status == 400
        assert "Change it there" in answer["error"]
    assert caller.post(f"{path}/pause")[0] == 200


def test_rights_decide(caller: Caller, settings: Any, django_user_model: type[User]) -> None:
    path = f"/schedules/{made(caller)['id']}"
    reader = acting(settings, django_user_model, "ann", "view_run", "view_payload")
    assert reader.get(path)[0] == 200
    for status, _ in (
        reader.post("/schedules", NEW), reader.post(f"{path}/pause"), reader.post(f"{path}/resume"),
        reader.post(f"{path}/run"), reader.delete(path), patched(reader, path, {"cron": "@daily"}),
    ):  # fmt: skip
        assert status == 403


def test_what_runs_are_given_is_told_to_whoever_may_read_it_there(
    caller: Caller, settings: Any, django_user_model: type[User]
) -> None:
    path = f"/schedules/{made(caller, inputData={'text': 'canary'})['id']}"
    staff, lookers = (Group.objects.create(name=name) for name in ("Staff", "Lookers"))
    lookers.permissions.set(Permission.objects.filter(codename__in=("view_run", "manage_schedule")))
    WorkflowGrant.objects.create(workflow_id="wire-nested", group=staff, role=lookers)
    reader = acting(settings, django_user_model, "ann", "view_run", "view_payload")
    User.objects.get(username="ann").groups.add(staff)
    at = {"due_at": timezone.now(), "fired_at": timezone.now()}
    Schedule.objects.get().firings.create(outcome="failed", error="text: 'canary'", **at)
    asked = (reader.get(path), reader.get("/schedules"), reader.get(f"{path}/triggers"), reader.post(f"{path}/pause"))
    for status, document in asked:
        assert status == 200
        assert "canary" not in str(document)


def test_one_whose_zone_is_there_no_more_says_so_until_it_has_another(caller: Caller) -> None:
    path = f"/schedules/{made(caller)['id']}"
    Schedule.objects.update(timezone="Europe/Atlantis", state="paused")
    for status, refusal in (caller.post(f"{path}/resume"), patched(caller, path, {"title": "Other"})):
        assert status == 400
        assert "There is no time zone 'Europe/Atlantis'" in refusal["error"]
    assert (caller.get(path)[1]["status"], caller.get(path)[1]["title"]) == ("paused", "")
    assert patched(caller, path, {"timezone": "Europe/Berlin"})[0] == 200
    assert caller.post(f"{path}/resume")[0] == 200
