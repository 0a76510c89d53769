"""Runs that are to be deleted, until they are."""

from __future__ import annotations

from django.db import models

from .instants import InstantField


class Deletion(models.Model):
    """Somebody's wish to delete a run. Until `due_at` the run is all there and the wish can be taken back.

    Whoever removes the row decides: a person who wants the run back, or the supervisor, which deletes the run
    in the same transaction.
    """

    run_id = models.CharField(primary_key=True, max_length=200)
    due_at = InstantField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.run_id
