"""Deleting the runs whose time to be brought back is over."""

from __future__ import annotations

from django.db import connections, transaction

from workflows_app.engine.events import Instant
from workflows_app.models import Deletion
from workflows_app.models.instants import to_datetime

from .journal import delete

AT_ONCE = 200


def due(alias: str, now: Instant) -> list[str]:
    """List runs that are to be deleted by now."""
    wishes = Deletion.objects.using(alias).filter(due_at__lte=to_datetime(now)).order_by("due_at")
    return list(wishes.values_list("run_id", flat=True)[:AT_ONCE])


def delete_wished(alias: str, run_id: str) -> bool:
    """Delete a run, unless somebody has taken the wish back; then nothing happens."""
    with transaction.atomic(using=alias):
        wished, _ = Deletion.objects.using(alias).filter(pk=run_id).delete()
        if wished:
            delete(connections[alias], run_id, None)
    return bool(wished)
