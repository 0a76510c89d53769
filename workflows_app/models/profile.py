"""What a person chose for themselves, and where they are signed in."""

from __future__ import annotations

import json
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone

from .instants import InstantField


def zone_named(name: str) -> tzinfo | None:
    """Find a time zone; a name may leave the list with an update of it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_of(name: str) -> tzinfo:
    """Find the zone that a person chose; the studio's where there is none, or none of that name any more."""
    return (zone_named(name) if name else None) or timezone.get_default_timezone()


class Profile(models.Model):
    """How a person wants the studio. An empty zone is the studio's own; `moved` says which key stands for which.

    `silent` lists the kinds of mails they do not want, `silent_workflows` those about which they want none;
    `silent_pushes` and `silent_push_workflows` say the same of their devices. `digest_at` is when the next daily mail
    is due, if they want one.
    """

    class Theme(models.TextChoices):
        AUTO = "auto"
        LIGHT = "light"
        DARK = "dark"

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="profile")
    zone = models.CharField(max_length=63, default="")
    theme = models.CharField(max_length=5, choices=Theme, default=Theme.AUTO)
    keys = models.BooleanField(default=True)
    moved = models.JSONField(default=dict)
    silent = models.JSONField(default=list)
    silent_workflows = models.JSONField(default=list)
    silent_pushes = models.JSONField(default=list)
    silent_push_workflows = models.JSONField(default=list)
    digest_at = InstantField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)

    @property
    def is_zone_gone(self) -> bool:
        return bool(self.zone) and zone_named(self.zone) is None

    @property
    def key_word(self) -> str:
        return "on" if self.keys else "off"

    @property
    def moved_text(self) -> str:
        """Write the keys that stand for others as scripts read them; nothing where there are none."""
        return json.dumps(self.moved) if self.moved else ""


class SignIn(models.Model):
    """One browser in which somebody is signed in. It goes with its session."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, primary_key=True, related_name="signed_in")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="signed_in")
    at = InstantField()
    ip = models.CharField(max_length=45, default="")
    agent = models.CharField(max_length=300, default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user} from {self.ip}"
