"""Which messages are due, what they say, and what becomes of each once it was tried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, transaction
from django.urls import reverse
from pydantic_core import to_json

from workflows_app.engine.snapshot import iso
from workflows_app.models import Delivery, Run

from .calls import Answer, Message

EACH: Final = 20
"""Messages that one address gets in a round, so that none keeps the others waiting."""
ADDRESSES: Final = 20
CLAIM: Final = timedelta(minutes=1)
"""A message that was taken up and not heard of again is taken up anew after this."""
FIRST_WAIT: Final = timedelta(seconds=10)
LAST_WAIT: Final = timedelta(hours=6)
MOST_TRIES: Final = 10
KEPT: Final = timedelta(days=14)
FORGOTTEN_AT_ONCE: Final = 500


def take(now: datetime, address: str, using: str = DEFAULT_DB_ALIAS) -> list[Message]:
    """Take up some of the messages that are due: who takes one counts it as tried."""
    due = Delivery.objects.using(using).filter(done_at__isnull=True, again_at__lte=now, webhook__is_active=True)
    hooks = list(due.order_by().values_list("webhook", flat=True).distinct()[:ADDRESSES])
    if not hooks:
        return []
    with transaction.atomic(using=using):
        taken = [one for hook in hooks for one in list(locked(due.filter(webhook=hook), using))]
        for one in taken:
            one.tries += 1
            one.again_at = now + CLAIM
        Delivery.objects.using(using).bulk_update(taken, ["tries", "again_at"])
    return list(messages_of(taken, address, using))


def locked(due: Any, using: str) -> Any:
    """Read some of an address's messages so that no other process takes them too."""
    can_skip = transaction.get_connection(using).features.has_select_for_update_skip_locked
    rows = due.select_for_update(of=("self",), skip_locked=True) if can_skip else due
    return rows.select_related("webhook").order_by("again_at", "id")[:EACH]


def messages_of(taken: list[Delivery], address: str, using: str) -> Iterator[Message]:
    runs = Run.objects.using(using).in_bulk({one.run_id for one in taken})
    for one in taken:
        body = to_json(document_of(one, runs.get(one.run_id), address))
        yield Message(one.webhook.url, one.webhook.sealed_secret, body, one.kind, one.pk)


def document_of(delivery: Delivery, run: Run | None, address: str) -> dict[str, Any]:
    """Say what happened to a run, without its values: who needs them asks for the run."""
    document: dict[str, Any] = {
        "id": delivery.pk, "type": f"run.{delivery.kind}", "createdAt": iso(delivery.at),
        "runId": delivery.run_id, "workflowName": delivery.workflow_id, "status": delivery.status,
        "url": address.rstrip("/") + reverse("runs:inspector", args=[delivery.run_id]) if address else None,
    }  # fmt: skip
    if run is not None:
        document |= {"resourceId": run.resource_id, "tags": run.tag_list, "startedBy": run.started_by}
    return document


def settle(number: int, answer: Answer, now: datetime, using: str = DEFAULT_DB_ALIAS) -> None:
    """Note what came of a try: it is done, it is tried again later, or it is given up."""
    delivery = Delivery.objects.using(using).filter(pk=number).first()
    if delivery is None:
        return
    delivery.code, delivery.answer = answer.code, answer.text
    if answer.is_taken or delivery.tries >= MOST_TRIES:
        delivery.done_at = now
    else:
        delivery.again_at = now + min(FIRST_WAIT * 3 ** (delivery.tries - 1), LAST_WAIT)
    delivery.save(using=using, update_fields=["code", "answer", "done_at", "again_at"])


def forget(now: datetime, using: str = DEFAULT_DB_ALIAS) -> int:
    """Delete some of what was done with long ago."""
    old = Delivery.objects.using(using).filter(done_at__lt=now - KEPT).order_by("done_at")
    some = list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    return Delivery.objects.using(using).filter(pk__in=some).delete()[0]
