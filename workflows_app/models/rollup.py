"""What charts and figures read: how each hour went, counted once when a run ends.

Durations are kept as histograms with fixed buckets, eight to a doubling, so that hours can be added up and
a percentile of the sum is right to a few percent, however many runs there were.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log2

from django.db import models

from .instants import InstantField

FIRST = 1_000
"""Where the first bucket ends, in microseconds: one millisecond."""
PER_DOUBLING = 8
LAST = 400


def bucket_of(microseconds: int) -> str:
    """Name the bucket of a duration."""
    if microseconds < FIRST:
        return "0"
    return str(min(LAST, 1 + int(PER_DOUBLING * log2(microseconds / FIRST))))


def middle_of(bucket: str) -> int:
    """Give the duration that stands for a bucket, in two digits: it is not known more closely."""
    if bucket == "0":
        return FIRST // 2
    return int(float(f"{FIRST * 2 ** ((int(bucket) - 0.5) / PER_DOUBLING):.2g}"))


def quantile(counts: Mapping[str, int], share: float) -> int | None:
    """Give the duration that this share of the counted runs did not exceed; None when none was counted."""
    wanted = share * sum(counts.values())
    seen = 0
    for bucket in sorted(counts, key=int):
        seen += counts[bucket]
        if seen >= wanted and seen > 0:
            return middle_of(bucket)
    return None


class Rollup(models.Model):
    """The runs of a workflow that ended in one hour with one status.

    `active` and `human` count runs by bucket: how long something ran, and how long people were waited for.
    `faults` counts runs by what they failed with, written `exception type, newline, step`.
    """

    workflow_id = models.CharField(max_length=200)
    status = models.CharField(max_length=16)
    hour = InstantField()
    runs = models.BigIntegerField(default=0)
    retries = models.BigIntegerField(default=0)
    active = models.JSONField(default=dict)
    human = models.JSONField(default=dict)
    faults = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("hour", "workflow_id", "status"), name="rollup_hour"),)
        indexes = (models.Index(fields=("workflow_id", "hour"), name="rollup_by_workflow"),)

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.status} {self.hour:%Y-%m-%d %H}: {self.runs}"


class RollupCursor(models.Model):
    """How far the ended runs were counted. The one row is what those who count take turns on."""

    at = InstantField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"counted up to {self.at}"
