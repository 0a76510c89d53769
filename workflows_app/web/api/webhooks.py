"""Webhooks for programs: made, looked at, turned off and deleted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from workflows_app.engine.snapshot import iso
from workflows_app.errors import RunNotFound, WorkflowNotFound
from workflows_app.models import Delivery, Webhook
from workflows_app.web.activity import note
from workflows_app.web.api.access import asked, seen_by
from workflows_app.web.api.bodies import NewWebhook, WebhookChange
from workflows_app.web.api.refusals import said
from workflows_app.web.webhooks import MOST, WebhookIn, make, thing

router = Router(tags=["webhooks"])
RIGHT = "manage_webhooks"
SHOWN = 100


class WebhookNotFound(RunNotFound):
    """No webhook has this number."""


@router.get("/webhooks", summary="List the webhooks")
def list_webhooks(request: HttpRequest) -> dict[str, Any]:
    asked(request, RIGHT)
    return {"webhooks": [document_of(hook) for hook in Webhook.objects.order_by("-created_at")]}


@router.post("/webhooks", summary="Make a webhook")
def make_webhook(request: HttpRequest, body: NewWebhook) -> Any:
    """Give the webhook with its secret, which signs what it is sent and is shown only here."""
    person = asked(request, RIGHT)
    if body.workflow_id and body.workflow_id not in {workflow.id for workflow in seen_by(person).values()}:
        raise WorkflowNotFound("Workflow not found")
    if Webhook.objects.count() >= MOST:
        return said(409, {"error": f"There are {MOST} webhooks. Delete one first."})
    given = WebhookIn(
        url=body.url,
        workflow=body.workflow_id or "",
        on_finished="run.finished" in body.events,
        on_suspended="run.suspended" in body.events,
    )
    hook, secret = make(person, given)
    return {**document_of(hook), "secret": secret}


@router.get("/webhooks/{int:webhook_id}", summary="Get a webhook with what was sent to it last")
def get_webhook(request: HttpRequest, webhook_id: int) -> dict[str, Any]:
    asked(request, RIGHT)
    hook = find(webhook_id)
    return {**document_of(hook), "deliveries": [told(one) for one in hook.deliveries.order_by("-id")[:SHOWN]]}


@router.patch("/webhooks/{int:webhook_id}", summary="Turn a webhook on or off")
def change_webhook(request: HttpRequest, webhook_id: int, body: WebhookChange) -> dict[str, Any]:
    asked(request, RIGHT)
    hook = find(webhook_id)
    hook.is_active = body.active
    hook.save(update_fields=["is_active"])
    note(request, "webhook_changed", thing(hook), after={"active": hook.is_active})
    return document_of(hook)


@router.delete("/webhooks/{int:webhook_id}", summary="Delete a webhook with what was sent to it")
def delete_webhook(request: HttpRequest, webhook_id: int) -> dict[str, str]:
    asked(request, RIGHT)
    hook = find(webhook_id)
    note(request, "webhook_deleted", thing(hook), before={"address": hook.url})
    hook.delete()
    return {"message": "Webhook deleted"}


def find(webhook_id: int) -> Webhook:
    """Find a webhook. Raises: WebhookNotFound"""
    found = Webhook.objects.filter(pk=webhook_id).first()
    if found is None:
        raise WebhookNotFound("Webhook not found")
    return found


def document_of(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.pk, "url": hook.url, "workflowId": hook.workflow_id or None, "events": hook.events,
        "active": hook.is_active, "madeBy": hook.made_by, "createdAt": iso(hook.created_at),
    }  # fmt: skip


def told(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.pk, "type": f"run.{delivery.kind}", "runId": delivery.run_id,
        "workflowName": delivery.workflow_id, "status": delivery.status, "createdAt": iso(delivery.at),
        "state": delivery.state, "tries": delivery.tries, "code": delivery.code, "answer": delivery.answer,
        "doneAt": iso(delivery.done_at) if delivery.done_at else None,
    }  # fmt: skip
