"""How a run ended, as it was counted."""

from __future__ import annotations

from django.db import models

from .instants import InstantField
from .run import Run


class Ending(models.Model):
    """One run that has ended, and what was measured of it when it was counted.

    `ended_at` is the end that was counted: a run that was set back and ends again is counted anew. Durations
    are microseconds. `fault` is the type of the exception and `step` where it was raised; both are empty
    unless the run failed.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, db_constraint=False)
    workflow_id = models.CharField(max_length=200)
    status = models.CharField(max_length=16)
    ended_at = InstantField()
    took = models.BigIntegerField()
    active = models.BigIntegerField()
    human = models.BigIntegerField()
    retries = models.BigIntegerField()
    fault = models.CharField(max_length=200, default="")
    step = models.TextField(default="")

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=("fault", "step"), name="ending_fault", condition=~models.Q(fault="")),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.status}"
