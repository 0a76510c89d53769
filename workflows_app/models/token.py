"""Keys by which programs act for a person."""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from typing import Final

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .instants import InstantField

MARK: Final = "wfs_"
ALPHABET: Final = string.digits + string.ascii_letters
LENGTH: Final = 40
SHOWN: Final = 8


class TokenQuerySet(models.QuerySet["Token"]):
    def valid(self) -> TokenQuerySet:
        """Keep the tokens that work now."""
        unended = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(unended, revoked_at=None, user__is_active=True)

    def of_text(self, text: str) -> Token | None:
        """Find the valid token that was written so."""
        if not is_token(text):
            return None
        return self.valid().select_related("user").filter(digest=digest_of(text)).first()


class Token(models.Model):
    """A key of a person, with some of the rights they have. Only its hash is kept, and how it begins."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    begins = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = InstantField()
    expires_at = InstantField(null=True)
    used_at = InstantField(null=True)
    revoked_at = InstantField(null=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"

    @property
    def is_ended(self) -> bool:
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= timezone.now())


def new_text() -> str:
    """Make up a token: its mark, 40 random characters, and a sum by which a typing error is told."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{MARK}{body}{check_of(body)}"


def is_token(text: str) -> bool:
    body = text[len(MARK) : len(MARK) + LENGTH]
    return text.startswith(MARK) and text.isascii() and text == f"{MARK}{body}{check_of(body)}"


def check_of(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    while len(digits) < 6:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
