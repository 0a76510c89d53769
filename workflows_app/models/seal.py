"""Texts that only this studio can read: they are encrypted under a key made from Django's SECRET_KEY.

Whoever gets hold of the database alone, or of a backup, reads no secret. A new SECRET_KEY opens what the former
one has sealed as long as that stands in SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import base64
import functools

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

SALT = "workflows_app.secrets"


class SealedElsewhere(ValueError):
    """A secret was sealed under a key that the settings do not name."""


def seal(text: str) -> str:
    return fernet_of(keys()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Read what was sealed. Raises: SealedElsewhere"""
    try:
        return fernet_of(keys()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealedElsewhere(
            "This secret was sealed under another key. Put the former SECRET_KEY into SECRET_KEY_FALLBACKS."
        ) from None


def keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", ()))


@functools.lru_cache(maxsize=4)
def fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    """Give what seals with the first key and opens with all of them."""
    digests = (salted_hmac(SALT, "", secret=key, algorithm="sha256").digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
