"""The times that a test was run, each with its run and how it went."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from pydantic_core import from_json

from .instants import InstantField, to_instant
from .saved_input import NOTHING, SavedInput


class TrialQuerySet(models.QuerySet["Trial"]):
    def open(self) -> TrialQuerySet:
        """Keep those that are not judged yet."""
        return self.filter(state=Trial.State.OPEN)


class Trial(models.Model):
    """One run of a test. `started_by` is empty where no account started it; then code gives the answers."""

    class State(models.TextChoices):
        OPEN = "open", "running"
        PASSED = "passed"
        FAILED = "failed"

    test = models.ForeignKey(SavedInput, on_delete=models.CASCADE, related_name="trials")
    run_id = models.CharField(max_length=200)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    started_by = models.CharField(max_length=200, default="")
    started_at = InstantField()
    finished_at = InstantField(null=True)
    findings = models.TextField(default=NOTHING)

    objects = TrialQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = (
            models.Index(fields=("test", "id"), name="trial_of_test"),
            models.Index(fields=("id",), name="trial_open", condition=Q(state="open")),
        )

    def __str__(self) -> str:
        return f"{self.test_id} {self.run_id}: {self.state}"

    @property
    def shown(self) -> str:
        """Name the status that stands for the verdict on pages."""
        return {self.State.PASSED: "success", self.State.FAILED: "failed"}.get(self.State(self.state), "running")

    @property
    def found(self) -> list[dict[str, Any]]:
        """List what was expected and found. Shape: {"expected", "found", "is_met"}"""
        return list(from_json(self.findings))

    @property
    def unmet(self) -> list[dict[str, Any]]:
        return [finding for finding in self.found if not finding["is_met"]]

    @property
    def took(self) -> int | None:
        """Measure in microseconds how long it took."""
        return None if self.finished_at is None else to_instant(self.finished_at) - to_instant(self.started_at)
