"""What the code offers, written down: the definitions that pages show, and the versions that they have had."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Max

from .catalogue import Offer
from .engine import Workflow, codec
from .models import Definition, Version
from .models.instants import to_datetime


def write_definitions(offers: Iterable[Offer]) -> None:
    """Write every offer down; a workflow that could not be read keeps what is known of it."""
    for offer in offers:
        key = offer.workflow.id if offer.workflow else offer.key
        Definition.objects.update_or_create(id=key, defaults=row_of(offer))
        if offer.workflow is not None:
            keep_version(offer.workflow)


def keep_version(workflow: Workflow) -> None:
    """Note the graph that a workflow has now; one that it never had is its next version."""
    now, parts = time.time_ns() // 1000, json.dumps(codec.parts(workflow))
    versions = Version.objects.filter(workflow_id=workflow.id)
    with transaction.atomic():
        if versions.filter(fingerprint=workflow.fingerprint).update(parts=parts, last_at=now):
            return
        last = versions.aggregate(last=Max("number"))["last"] or 0
        # Another process that starts with the same code may have been first.
        Version.objects.bulk_create(
            [
                Version(
                    workflow_id=workflow.id, number=last + 1, fingerprint=workflow.fingerprint, parts=parts,
                    first_at=to_datetime(now), last_at=to_datetime(now),
                )
            ],
            ignore_conflicts=True,
        )  # fmt: skip


def row_of(offer: Offer) -> dict[str, Any]:
    """Write an offer as the columns of its definition; one with an error keeps the graph it had."""
    row = {"module": offer.module, "error": offer.error or "", "updated_at": time.time_ns() // 1000}
    workflow = offer.workflow
    if workflow is None:
        return row
    return row | {
        "name": offer.key, "description": workflow.description or "", "fingerprint": workflow.fingerprint,
        "graph": json.dumps(codec.graph(workflow)), "schemas": json.dumps(codec.schemas(workflow)),
        "warnings": json.dumps([asdict(warning) for warning in workflow.warnings]),
    }  # fmt: skip
