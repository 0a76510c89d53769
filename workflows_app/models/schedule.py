"""Schedules, by which runs start by themselves, and the times that each of them fired."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from pydantic_core import from_json

from workflows_app.engine.schedule import CATCH_UPS, OVERLAPS
from workflows_app.engine.schedule import Schedule as Spec

from .instants import InstantField
from .seal import unseal


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def due(self, now: int) -> ScheduleQuerySet:
        """Keep those whose time has come, the oldest first."""
        return self.filter(state=Schedule.State.ACTIVE, next_at__lte=now).order_by("next_at", "id")


class Schedule(models.Model):
    """When runs of a workflow start. One that the code declares follows the code; people make the others.

    `sealed_given` holds what the runs of such a one are started with, and `made_by` who said it last; of a declared
    one the code knows it.
    `next_at` is empty where no time is left.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"

    id = models.CharField(primary_key=True, max_length=200)
    workflow_id = models.CharField(max_length=200)
    title = models.CharField(max_length=80, default="")
    cron = models.CharField(max_length=200)
    timezone = models.CharField(max_length=64, default="UTC")
    overlap = models.CharField(max_length=5, choices=[(name, name) for name in OVERLAPS], default="allow")
    catch_up = models.CharField(max_length=4, choices=[(name, name) for name in CATCH_UPS], default="once")
    jitter = models.FloatField(default=0)
    is_declared = models.BooleanField(default=False)
    sealed_given = models.TextField(default="")
    state = models.CharField(max_length=6, choices=State, default=State.ACTIVE)
    made_by = models.CharField(max_length=200, default="")
    next_at = InstantField(null=True)
    created_at = InstantField()
    changed_at = InstantField()

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = (
            models.Index(fields=("next_at", "id"), name="schedule_due", condition=Q(state="active")),
            models.Index(fields=("workflow_id", "id"), name="schedule_of_workflow"),
        )

    def __str__(self) -> str:
        return self.title or self.id

    @property
    def is_paused(self) -> bool:
        return self.state == self.State.PAUSED

    @property
    def spec(self) -> Spec:
        """Give it as the engine understands it, without what runs are started with. Raises: DefinitionError"""
        policies: dict[str, Any] = {"overlap": self.overlap, "catch_up": self.catch_up}
        return Spec(self.cron, timezone=self.timezone, jitter=self.jitter, **policies)

    @property
    def given(self) -> dict[str, Any]:
        """Read what runs are started with. Shape: {"input", "context", "state"}. Raises: SealedElsewhere"""
        return dict(from_json(unseal(self.sealed_given))) if self.sealed_given else {}


class Firing(models.Model):
    """One time that a schedule fired, or should have: with the run that it started, or why there is none.

    `fired_by` names who asked for it; nobody did where its time had come.
    """

    class Outcome(models.TextChoices):
        STARTED = "started"
        FAILED = "failed"
        SKIPPED = "skipped"
        MISSED = "missed"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="firings")
    run_id = models.CharField(max_length=200, default="")
    due_at = InstantField()
    fired_at = InstantField()
    outcome = models.CharField(max_length=7, choices=Outcome)
    error = models.TextField(default="")
    fired_by = models.CharField(max_length=200, default="")

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=("schedule", "id"), name="firing_of_schedule"),)

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.due_at}: {self.outcome}"
