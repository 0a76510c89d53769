"""Which device a browser is to web push, and when it stops being one: with its person's signing out, at the latest.

A cookie says it, not the session: that ends by itself after some hours, when messages are wanted most.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from workflows_app.models import Device

COOKIE: Final = "device"
YEAR: Final = 365 * 24 * 60 * 60


def own_device(request: HttpRequest) -> int:
    """Number the device that this browser is; 0 where it is none."""
    return int(request.get_signed_cookie(COOKIE, default="0") or 0)


def mark(response: HttpResponse, device: Device) -> HttpResponse:
    secure = bool(settings.SESSION_COOKIE_SECURE)
    response.set_signed_cookie(COOKIE, str(device.pk), max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    return response


def forget_others(request: HttpRequest, person: User) -> None:
    """Tell a person's other devices nothing more: whoever has them is not to be trusted with it."""
    Device.objects.filter(person=person).exclude(pk=own_device(request)).delete()


@receiver(user_logged_out)
def leave(request: HttpRequest, **_: Any) -> None:
    Device.objects.filter(pk=own_device(request)).delete()


@receiver(user_logged_in)
def change_hands(request: HttpRequest, user: User, **_: Any) -> None:
    """Forget what the one before wanted here."""
    Device.objects.filter(pk=own_device(request)).exclude(person=user).delete()
