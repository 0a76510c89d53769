"""What people keep to start runs with, and what they expect of such a run: then it is a test."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from pydantic_core import from_json

from .instants import InstantField

NOTHING = "[]"


class SavedInputQuerySet(models.QuerySet["SavedInput"]):
    def of(self, workflow_id: str) -> SavedInputQuerySet:
        """Keep those of a workflow, in the order of lists."""
        return self.filter(workflow_id=workflow_id).order_by("title", "id")

    def visible_to(self, username: str) -> SavedInputQuerySet:
        """Keep a person's own and those that are shared."""
        return self.filter(Q(owner=username) | Q(is_shared=True))

    def tests(self) -> SavedInputQuerySet:
        """Keep those of which something is expected."""
        return self.exclude(expectations=NOTHING)


class SavedInput(models.Model):
    """An input under a name. Shape: `given` is {"input", "state", "context"}, the two lists are those of `trials`."""

    workflow_id = models.CharField(max_length=200)
    title = models.CharField(max_length=80)
    owner = models.CharField(max_length=200)
    is_shared = models.BooleanField(default=False)
    given = models.TextField()
    expectations = models.TextField(default=NOTHING)
    answers = models.TextField(default=NOTHING)
    changed_at = InstantField()

    objects = SavedInputQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=("workflow_id", "title"), name="saved_input_of_workflow"),)

    def __str__(self) -> str:
        return self.title

    @property
    def is_test(self) -> bool:
        return self.expectations != NOTHING

    @property
    def values(self) -> dict[str, Any]:
        """Read what a run is started with."""
        return dict(from_json(self.given))
