"""Large values, stored once per run and referred to by their hash."""

from __future__ import annotations

from django.db import models

from .run import Run


class Payload(models.Model):
    """The JSON text of a value. `size` counts its characters before compression."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="payloads", db_index=False)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    encoding = models.CharField(max_length=16)
    bytes = models.BinaryField()

    class Meta:
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=("run", "sha256"), name="payload_hash"),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.sha256[:12]} ({self.size})"
