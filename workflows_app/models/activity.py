"""What people did: one row per act, written once and never changed."""

from __future__ import annotations

from typing import Any, Never

from django.db import models
from django.db.models import Q

from .instants import InstantField

FIXED = "The activity log is only ever added to."


class AppendOnly(models.QuerySet["Activity"]):
    def update(self, **columns: Any) -> Never:
        raise TypeError(FIXED)

    def delete(self) -> Never:
        raise TypeError(FIXED)


class Activity(models.Model):
    """One act of a person.

    Names are texts, so that a row outlives the account and the run it speaks of. `before` and `after` are JSON
    objects of the few facts that the act changed; an empty text means that nothing is to be said.
    """

    at = InstantField()
    actor = models.CharField(max_length=200)
    verb = models.CharField(max_length=40)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=200, default="")
    workflow_id = models.CharField(max_length=200, default="")
    reason = models.TextField(default="")
    before = models.TextField(default="")
    after = models.TextField(default="")
    ip = models.CharField(max_length=45, default="")
    request_id = models.CharField(max_length=32, default="")
    via = models.CharField(max_length=20, default="page")

    objects = AppendOnly.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "activities"
        indexes = (
            models.Index(fields=("actor", "id"), name="activity_by_actor"),
            models.Index(fields=("verb", "id"), name="activity_by_verb"),
            models.Index(fields=("object_kind", "object_id", "id"), name="activity_by_object"),
            models.Index(fields=("workflow_id", "id"), name="activity_by_workflow"),
            models.Index(fields=("ip", "id"), name="activity_failures", condition=Q(verb="sign_in_failed")),
        )

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.object_kind} {self.object_id}".rstrip()

    def save(self, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError(FIXED)
        super().save(**options)

    def delete(self, using: Any = None, keep_parents: bool = False) -> Never:
        raise TypeError(FIXED)
