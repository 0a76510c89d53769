# ruff: noqa: DJ001 - a text that is not there is NULL, which is not the empty text.
"""The journal: what happened in each run, numbered, never changed."""

from __future__ import annotations

from django.db import models

from .instants import InstantField
from .run import Run


class Event(models.Model):
    """One fact of a run.

    `stream` numbers the first public event that the fact amounts to. `data` is the JSON text that
    `engine.events` writes and reads; large values in it are references to payloads.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.BigIntegerField()
    stream = models.BigIntegerField()
    at = InstantField()
    kind = models.CharField(max_length=32)
    path = models.TextField()
    by = models.CharField(max_length=200, null=True)
    version = models.SmallIntegerField()
    data = models.TextField()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("run", "seq"), name="event_seq"),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.seq} {self.kind} {self.path}".rstrip()
