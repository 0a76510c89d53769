"""What people say to one another about a question, beside the answer."""

from __future__ import annotations

from django.db import models

from .approval import Approval
from .instants import InstantField


class Comment(models.Model):
    """One remark, said once and never changed. The name is a text, so that it outlives the account."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="comments", db_constraint=False)
    author = models.CharField(max_length=200)
    at = InstantField()
    text = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:40]}"
