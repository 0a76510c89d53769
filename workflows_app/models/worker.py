"""The processes that perform steps, and when each was last heard of."""

from __future__ import annotations

from django.db import models

from .instants import InstantField


class Worker(models.Model):
    """One process. `boot` tells whether the machine was started anew, so that `pid` means another one.

    `lost_calls` were given to others, the last of them at `lost_at`, when it was gone.
    """

    id = models.CharField(primary_key=True, max_length=200)
    host = models.CharField(max_length=255)
    boot = models.CharField(max_length=64)
    pid = models.BigIntegerField()
    version = models.CharField(max_length=64)
    started_at = InstantField()
    heartbeat_at = InstantField()
    left_at = InstantField(null=True)
    lost_calls = models.IntegerField(default=0)
    lost_at = InstantField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.id} ({self.host}, process {self.pid})"
