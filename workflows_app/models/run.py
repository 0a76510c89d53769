# ruff: noqa: DJ001 - a text that is not there is NULL, which is not the empty text.
"""A run as lists show it: a projection of its journal, written only together with it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import StrIndex
from pydantic_core import from_json, to_json

from workflows_app.engine.ports import ACTIVE, OPEN

from .instants import InstantField

LAST_CHARACTER = "\U0010ffff"
"""What no text comes after that begins as one does."""


class RunQuerySet(models.QuerySet["Run"]):
    def active(self) -> RunQuerySet:
        """Keep the runs that are doing something by themselves."""
        return self.filter(status__in=ACTIVE)

    def open(self) -> RunQuerySet:
        """Keep the runs that have not ended."""
        return self.filter(status__in=OPEN)

    def tagged(self, tag: str) -> RunQuerySet:
        """Keep the runs that have a tag; it is looked for as it is written in the list of them."""
        return self.alias(_tagged=StrIndex("tags", Value(to_json(tag).decode()))).filter(_tagged__gt=0)

    def beginning(self, text: str) -> RunQuerySet:
        """Keep the runs whose id begins so, as the index of the ids finds them."""
        return self.filter(id__gte=text, id__lt=text + LAST_CHARACTER)

    def newest(self) -> RunQuerySet:
        return self.order_by("-created_at", "-id")


class Run(models.Model):
    """One execution of a workflow.

    `workflow_id` is plain text, so that a run outlives its workflow's definition. `seq` counts its events
    and is what a turn is checked against; `stream` counts the public events that they amount to.
    """

    id = models.CharField(primary_key=True, max_length=200)
    workflow_id = models.CharField(max_length=200)
    status = models.CharField(max_length=16, default="pending")
    seq = models.BigIntegerField(default=0)
    stream = models.BigIntegerField(default=0)
    resource_id = models.CharField(max_length=200, null=True)
    idempotency_key = models.CharField(max_length=200, null=True)
    tags = models.TextField(default="[]")
    fingerprint = models.CharField(max_length=128, default="")
    forked_from = models.CharField(max_length=200, null=True)
    started_by = models.CharField(max_length=200, null=True)
    blocked_reason = models.TextField(null=True)
    error = models.TextField(null=True)
    created_at = InstantField()
    updated_at = InstantField()
    started_at = InstantField(null=True)
    finished_at = InstantField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        default_permissions = ("view", "delete")
        permissions = (
            ("start_run", "Can start runs"),
            ("resume_run", "Can answer suspended runs"),
            ("cancel_run", "Can cancel runs"),
            ("restart_run", "Can restart runs"),
            ("timetravel_run", "Can travel back in runs"),
            ("decide", "Can decide approvals"),
            ("decide_bulk", "Can decide many approvals at once"),
            ("manage_schedule", "Can manage schedules"),
            ("view_audit", "Can read the activity log"),
            ("manage_members", "Can manage members and roles"),
            ("manage_tokens", "Can manage API tokens"),
            ("manage_webhooks", "Can manage webhooks"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("workflow_id", "idempotency_key"),
                condition=Q(idempotency_key__isnull=False),
                name="run_idempotency_key",
            ),
        )
        indexes = (
            models.Index(fields=("created_at", "id"), name="run_newest"),
            models.Index(fields=("status", "created_at"), name="run_by_status"),
            models.Index(fields=("workflow_id", "created_at"), name="run_by_workflow"),
            models.Index(fields=("workflow_id", "status", "created_at"), name="run_by_workflow_status"),
            models.Index(fields=("forked_from",), name="run_copies", condition=Q(forked_from__isnull=False)),
            models.Index(fields=("finished_at", "id"), name="run_ended", condition=Q(finished_at__isnull=False)),
            models.Index(fields=("finished_at", "id"), name="run_failed", condition=Q(status="failed")),
            models.Index(fields=("created_at",), name="run_blocked", condition=Q(blocked_reason__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.id}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def tag_list(self) -> list[str]:
        """Read the tags, which are stored as a JSON list."""
        return list(from_json(self.tags))
