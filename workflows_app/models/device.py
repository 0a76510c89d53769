"""Browsers that are told of questions by web push, also while no page is open."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models

from .instants import InstantField


class Device(models.Model):
    """One browser on which a person has turned it on.

    Its push service takes messages at `endpoint`; `point` and `secret` encrypt them for it. It takes them from the
    studio's key of that time alone, whose public half is `key`.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    endpoint = models.CharField(max_length=2000, unique=True)
    point = models.CharField(max_length=90)
    secret = models.CharField(max_length=24)
    key = models.CharField(max_length=90)
    agent = models.CharField(max_length=300, default="")
    since = InstantField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.person}: {self.pk}"
