"""Addresses of other programs that are told when runs rest, and what was told them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from .instants import InstantField, to_datetime


class Webhook(models.Model):
    """An address, and what it is told of: runs of one workflow, or of all, that finished or wait for somebody.

    Its secret signs what is sent. It is shown once, when the webhook is made.
    """

    url = models.CharField(max_length=2000)
    sealed_secret = models.TextField()
    workflow_id = models.CharField(max_length=200, default="")
    on_finished = models.BooleanField(default=True)
    on_suspended = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    made_by = models.CharField(max_length=200)
    created_at = InstantField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.url

    @property
    def events(self) -> list[str]:
        return [name for name, on in (("run.finished", self.on_finished), ("run.suspended", self.on_suspended)) if on]


class Delivery(models.Model):
    """One telling: a run's rest that a webhook is to hear of.

    It is written in the transaction of the turn in which the run came to rest (`adapters/sqlite.py` and
    `postgresql.py`), so there is one for every rest, whatever dies. `seq` numbers the event; `code` and `answer` are
    those of the last try. It outlives its run.
    """

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    run_id = models.CharField(max_length=200)
    workflow_id = models.CharField(max_length=200)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=16)
    at = InstantField()
    tries = models.SmallIntegerField(default=0)
    again_at = InstantField(default=0)
    done_at = InstantField(null=True)
    code = models.SmallIntegerField(null=True)
    answer = models.TextField(default="")

    class Meta:
        default_permissions = ()
        verbose_name_plural = "deliveries"
        constraints = (models.UniqueConstraint(fields=("webhook", "run_id", "seq"), name="delivery_once"),)
        indexes = (
            models.Index(fields=("again_at",), name="delivery_due", condition=Q(done_at__isnull=True)),
            models.Index(fields=("done_at",), name="delivery_done", condition=Q(done_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.kind} to {self.webhook_id}"

    @property
    def was_taken(self) -> bool:
        return self.code is not None and 200 <= self.code < 300

    @property
    def state(self) -> str:
        if self.was_taken:
            return "delivered"
        return "waiting" if self.done_at is None else "given up"

    def retry(self) -> None:
        """Have it sent at once, with all its tries before it."""
        self.done_at, self.tries = None, 0
        self.again_at = to_datetime(0)
        self.save(update_fields=["done_at", "tries", "again_at"])
