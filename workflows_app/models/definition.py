"""The workflows that the studio knows, as they were when the code was last read."""

from __future__ import annotations

from django.db import models

from .instants import InstantField


class Definition(models.Model):
    """A workflow as data: what lists and diagrams show without importing its code.

    `error` holds the traceback when its module cannot be imported; `graph`, `schemas` and `warnings` are
    JSON text, the last a list of `{"step", "field", "message"}`. `left_out` names the fields, with commas, that
    comparisons of its runs pass over; people set it, not the code.
    """

    id = models.CharField(primary_key=True, max_length=200)
    name = models.CharField(max_length=200, default="")
    description = models.TextField(default="")
    module = models.CharField(max_length=255, default="")
    graph = models.TextField(default="{}")
    schemas = models.TextField(default="{}")
    warnings = models.TextField(default="[]")
    fingerprint = models.CharField(max_length=128, default="")
    error = models.TextField(default="")
    left_out = models.TextField(default="")
    updated_at = InstantField()

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.id
