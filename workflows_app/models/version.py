"""The graphs that a workflow has had."""

from __future__ import annotations

from django.db import models

from .instants import InstantField


class Version(models.Model):
    """A graph of a workflow, numbered from 1 in the order in which they were first read.

    `parts` is what `engine.codec.parts` gives of it, as JSON text. Only schemas and conditions may change while
    the fingerprint stays; then it is what was read last.
    """

    workflow_id = models.CharField(max_length=200)
    number = models.IntegerField()
    fingerprint = models.CharField(max_length=128)
    parts = models.TextField(default="[]")
    first_at = InstantField()
    last_at = InstantField()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("workflow_id", "number"), name="version_number"),
            models.UniqueConstraint(fields=("workflow_id", "fingerprint"), name="version_fingerprint"),
        )

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.number}"

    @classmethod
    def number_of(cls, workflow_id: str, fingerprint: str) -> int | None:
        """Number a graph; None when no studio has read it."""
        found = cls.objects.filter(workflow_id=workflow_id, fingerprint=fingerprint)
        return found.values_list("number", flat=True).first()
