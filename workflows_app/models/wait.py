# ruff: noqa: DJ001 - a text that is not there is NULL, which is not the empty text.
"""What open runs wait for: the outbox of calls, the due timers, and the people who are asked."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from .instants import InstantField
from .run import Run


class Wait(models.Model):
    """Something that a run needs next. An event wait with a timeout is a suspension and a timer."""

    class Kind(models.TextChoices):
        CALL = "call"
        TIMER = "timer"
        SUSPENSION = "suspension"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="waits", db_index=False)
    path = models.TextField()
    kind = models.CharField(max_length=10, choices=Kind)
    attempt = models.IntegerField(default=0)
    due_at = InstantField(null=True)
    event = models.CharField(max_length=200, null=True)
    claimed_by = models.CharField(max_length=200, null=True)
    claimed_at = InstantField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("run", "path", "kind"), name="wait_place"),)
        indexes = (
            models.Index(fields=("due_at",), name="wait_due", condition=Q(kind="timer")),
            models.Index(fields=("claimed_by",), name="wait_claimed", condition=Q(kind="call")),
            models.Index(fields=("event",), name="wait_event", condition=Q(kind="suspension")),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.kind} {self.path}"
