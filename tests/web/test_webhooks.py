"""Webhooks: what is sent when runs rest, to whom it may go, and what becomes of what is not taken."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.web.receiver import Receiver
from tests.web.studio import answered, orders, started, wait_for
from workflows_app import runtime
from workflows_app.models import Activity, Delivery, Run, Webhook
from workflows_app.models.seal import seal, unseal
from workflows_app.webhooks.calls import Answer
from workflows_app.webhooks.deliveries import EACH, MOST_TRIES, forget, settle, take
from workflows_app.webhooks.messenger import Messenger

pytestmark = pytest.mark.usefixtures("studio")
HERE = ("127.0.0.0/8",)
ADDRESS = "https://studio.example.org"


def hook(url: str = "http://10.0.0.1/x", **more: Any) -> Webhook:
    return Webhook.objects.create(
        url=url, sealed_secret=seal("s3cret"), made_by="ann", created_at=timezone.now(), **more
    )


def post(settings: Any) -> None:
    """Do what the messenger does in a round; its own rounds come too seldom in a test."""
    settings.WORKFLOWS = {**settings.WORKFLOWS, "WEBHOOK_ALLOW": HERE}
    runtime.call(Messenger(runtime.get_engine().journal, ADDRESS).round())


def kinds(run_id: str) -> list[tuple[str, str]]:
    return list(Delivery.objects.filter(run_id=run_id).order_by("seq").values_list("kind", "status"))


# What is written with the run


def test_every_rest_of_a_run_is_told_once() -> None:
    hook()
    run_id = orders()
    assert kinds(run_id) == [("suspended", "suspended")]
    answered(run_id)
    assert kinds(run_id) == [("suspended", "suspended"), ("finished", "success")]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"on_suspended": False}, ["finished"]),
        ({"on_finished": False}, ["suspended"]),
        ({"workflow_id": "order"}, ["suspended", "finished"]),
        ({"workflow_id": "other"}, []),
        ({"is_active": False}, []),
    ],
)
def test_a_webhook_hears_what_it_asked_for(wanted: dict[str, Any], expected: list[str]) -> None:
    hook(**wanted)
    assert [kind for kind, _ in kinds(answered(orders()))] == expected


def test_a_fork_does_not_repeat_the_rests_of_the_run_that_it_copies() -> None:
    run_id = answered(orders())
    hook()
    run = runtime.call(runtime.get_engine().get_run(run_id))
    fork = wait_for(runtime.call(run.time_travel_async(step="review", fork=True)), "suspended")
    assert kinds(fork) == [("suspended", "suspended")]
    assert kinds(run_id) == []


# What is sent


def test_what_is_sent_is_signed_and_says_what_happened(receiver: Receiver, settings: Any) -> None:
    hook(receiver.url)
    run_id = answered(orders())
    post(settings)
    came = {json.loads(body)["type"]: (headers, body) for headers, body in receiver.came}
    assert came.keys() == {"run.suspended", "run.finished"}
    headers, body = came["run.finished"]
    said = json.loads(body)
    assert (said["runId"], said["workflowName"], said["status"]) == (run_id, "order", "success")
    assert said["url"] == f"{ADDRESS}/runs/{run_id}/"
    assert "Ada" not in body.decode()
    at, _, digest = headers["x-studio-signature"].removeprefix("t=").partition(",v1=")
    signed = hmac.new(b"s3cret", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert (digest, headers["x-studio-event"], headers["content-type"]) == (signed, "run.finished", "application/json")
    delivery = Delivery.objects.get(pk=said["id"])
    assert (delivery.state, delivery.code, delivery.answer, delivery.tries) == ("delivered", 200, "thanks", 1)
    post(settings)
    assert len(receiver.came) == 2


def test_a_webhook_whose_secret_cannot_be_read_says_so(receiver: Receiver, settings: Any) -> None:
    made = hook(receiver.url)
    orders()
    settings.SECRET_KEY = "another"
    post(settings)
    assert not receiver.came
    assert "SECRET_KEY_FALLBACKS" in Delivery.objects.get(webhook=made).answer


def test_what_is_not_taken_is_tried_again_later_and_in_the_end_given_up(receiver: Receiver, settings: Any) -> None:
    receiver.code, receiver.answer = 503, b"later"
    hook(receiver.url)
    orders()
    post(settings)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.code, delivery.answer) == ("waiting", 503, "later")
    assert delivery.again_at > timezone.now()
    post(settings)
    assert len(receiver.came) == 1
    Delivery.objects.update(again_at=0, tries=MOST_TRIES - 1)
    post(settings)
    assert Delivery.objects.get().state == "given up"


def test_waits_grow_and_end() -> None:
    hook()
    orders()
    now, waits = timezone.now(), []
    for tries in range(1, MOST_TRIES):
        Delivery.objects.update(tries=tries)
        settle(Delivery.objects.get().pk, Answer(None, "no"), now)
        waits.append((Delivery.objects.get().again_at - now).total_seconds())
    assert waits[:3] == [10, 30, 90]
    assert (waits == sorted(waits), waits[-1]) == (True, 6 * 3600)


def test_a_delivery_that_was_taken_up_by_a_process_that_died_is_taken_up_again() -> None:
    hook()
    orders()
    now = timezone.now()
    assert len(take(now, ADDRESS)) == 1
    assert take(now, ADDRESS) == []
    assert len(take(now + timedelta(minutes=2), ADDRESS)) == 1


def test_one_address_does_not_keep_the_others_waiting() -> None:
    slow, quick = hook("http://10.0.0.1/slow"), hook("http://10.0.0.1/quick", on_finished=False)
    run_id = orders()
    row = Delivery.objects.get(webhook=slow)
    Delivery.objects.bulk_create(
        Delivery(
            webhook=slow, run_id=run_id, workflow_id="order", seq=seq, kind="finished", status="success", at=row.at
        )
        for seq in range(100, 120)
    )
    urls = [message.url for message in take(timezone.now(), ADDRESS)]
    assert (urls.count(slow.url), urls.count(quick.url)) == (EACH, 1)


def test_what_is_turned_off_waits(receiver: Receiver, settings: Any) -> None:
    made = hook(receiver.url)
    orders()
    Webhook.objects.update(is_active=False)
    post(settings)
    assert receiver.came == []
    Webhook.objects.update(is_active=True)
    post(settings)
    assert (len(receiver.came), made.deliveries.get().state) == (1, "delivered")


def test_a_deleted_run_is_told_all_the_same(receiver: Receiver, settings: Any) -> None:
    hook(receiver.url)
    run_id = answered(orders())
    runtime.call(runtime.get_engine().delete_run(run_id))
    assert not Run.objects.exists()
    post(settings)
    assert {json.loads(body)["runId"] for _, body in receiver.came} == {run_id}


def test_what_was_done_with_long_ago_is_forgotten() -> None:
    hook()
    orders()
    now = timezone.now()
    settle(Delivery.objects.get().pk, Answer(204, ""), now)
    assert (forget(now), forget(now + timedelta(days=15))) == (0, 1)


# The pages


def test_a_webhook_is_made_looked_at_turned_off_and_deleted(client: Client) -> None:
    fields = {
        "webhook.url": "http://10.0.0.1/x",
        "webhook.workflow": '"order"',
        "webhook.on_finished": "true",
        "webhook.on_suspended.__set": "1",
    }
    page = client.post("/settings/webhooks/", fields).content.decode()
    made = Webhook.objects.get()
    assert (made.workflow_id, made.events) == ("order", ["run.finished"])
    secret = unseal(made.sealed_secret)
    assert secret in page
    assert secret not in client.get("/settings/webhooks/").content.decode()
    answered(orders())
    address = f"/settings/webhooks/{made.pk}/"
    assert "run.finished" in client.get(address).content.decode()
    assert client.post(f"{address}switch/").status_code == 302
    assert not Webhook.objects.get().is_active
    assert client.post(f"{address}delete/").status_code == 302
    assert not Delivery.objects.exists()
    verbs = list(Activity.objects.filter(object_kind="webhook").order_by("id").values_list("verb", flat=True))
    assert verbs == ["webhook", "webhook_changed", "webhook_deleted"]


def test_what_was_given_up_can_be_sent_again(client: Client) -> None:
    made = hook()
    orders()
    Delivery.objects.update(tries=MOST_TRIES, done_at=timezone.now(), code=500, answer="<b>oh</b>")
    page = client.get(f"/settings/webhooks/{made.pk}/").content.decode()
    assert "given up" in page
    assert "<b>oh</b>" not in page
    client.post(f"/settings/webhooks/{made.pk}/{Delivery.objects.get().pk}/again/")
    assert Delivery.objects.get().state == "waiting"


def test_an_address_that_cannot_be_called_makes_nothing(client: Client) -> None:
    response = client.post("/settings/webhooks/", {"webhook.url": "ftp://x/", "webhook.workflow": '""'})
    assert response.status_code == 422
    assert "Give an address like" in response.content.decode()
    assert not Webhook.objects.exists()


# For programs


def call(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    response = client.generic(method, f"/api{path}", json.dumps(body) if body is not None else "", "application/json")
    return response.status_code, response.json()


def test_a_program_manages_webhooks(client: Client) -> None:
    wanted = {"url": "http://10.0.0.1/x", "events": ["run.suspended"], "workflowId": "order"}
    status, made = call(client, "POST", "/webhooks", wanted)
    assert (status, made["events"], made["secret"][:6]) == (200, ["run.suspended"], "whsec_")
    run_id = started("order", {"customer": "Ada", "total": 12})
    wait_for(run_id, "suspended")
    _, shown = call(client, "GET", f"/webhooks/{made['id']}")
    assert "secret" not in shown
    assert [(one["runId"], one["state"]) for one in shown["deliveries"]] == [(run_id, "waiting")]
    assert call(client, "PATCH", f"/webhooks/{made['id']}", {"active": False})[1]["active"] is False
    assert len(call(client, "GET", "/webhooks")[1]["webhooks"]) == 1
    assert call(client, "DELETE", f"/webhooks/{made['id']}")[0] == 200
    assert call(client, "GET", f"/webhooks/{made['id']}")[0] == 404


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"url": "ftp://x/", "events": ["run.finished"]}, 400),
        ({"url": "http://10.0.0.1/", "events": []}, 400),
        ({"url": "http://10.0.0.1/", "events": ["run.started"]}, 400),
        ({"url": "http://10.0.0.1/", "events": ["run.finished"], "workflowId": "nobody"}, 404),
    ],
)
def test_a_program_makes_no_webhook_that_cannot_be(client: Client, wanted: Any, status: int) -> None:
    assert call(client, "POST", "/webhooks", wanted)[0] == status
    assert not Webhook.objects.exists()
