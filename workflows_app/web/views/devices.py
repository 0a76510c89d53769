"""Turning web push on in the browser that asks, and off in any."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from pydantic import BaseModel

from workflows_app import webpush
from workflows_app.approvals.notices import devices
from workflows_app.conf import get_conf
from workflows_app.models import Device
from workflows_app.web.activity import Thing, note
from workflows_app.web.http import Asked, named, page
from workflows_app.web.people.devices import mark
from workflows_app.webhooks.addresses import Refused, checked_url

MOST: Final = 20
"""Devices of one person; who turns on one more loses the oldest."""


class Keys(BaseModel):
    p256dh: str
    auth: str


class Subscription(BaseModel):
    """What a browser says of where it takes messages. Source: `PushSubscription.toJSON()` of the Push API"""

    endpoint: str
    keys: Keys


@require_POST
@page(door=())
def turn_on(request: Asked) -> HttpResponse:
    """Take the address at which a browser's push service takes messages for it."""
    given, key = given_by(request), get_conf().push_point
    if not key or given is None:
        messages.error(request, _("What the browser gave cannot be used. Try again, or use another browser."))
        return redirect("settings:mails")
    facts = {"person": request.user, "point": given.keys.p256dh, "secret": given.keys.auth, "key": key}
    facts |= {"agent": request.headers.get("user-agent", "")[:300], "since": timezone.now()}
    # With whom the browser was before goes what was still to be told them.
    Device.objects.filter(endpoint=given.endpoint).exclude(person=request.user).delete()
    device, _made = Device.objects.update_or_create(endpoint=given.endpoint, defaults=facts)
    newest = devices().filter(person=request.user).order_by("-since", "-pk")
    # Those of a former key go as well: nothing can be sent to them.
    Device.objects.filter(person=request.user).exclude(pk__in=list(newest.values_list("pk", flat=True)[:MOST])).delete()
    note(request, "device", Thing("account", request.user.get_username()))
    messages.success(request, _("This browser tells you of questions from now on."))
    return mark(redirect("settings:mails"), device)


def given_by(request: Asked) -> Subscription | None:
    """Read what a browser gave; nothing where no message could be sent with it."""
    try:
        given = Subscription.model_validate_json(named(request.POST, "given"))
        checked_url(given.endpoint)
        webpush.sealed(b"", given.keys.p256dh, given.keys.auth)
    except (Refused, ValueError):
        return None
    return given if given.endpoint.isascii() else None


@require_POST
@page(door=())
def turn_off(request: Asked, device_id: int) -> HttpResponse:
    gone, _rows = Device.objects.filter(pk=device_id, person=request.user).delete()
    if gone:
        note(request, "device_off", Thing("account", request.user.get_username()))
        messages.success(request, _("That browser tells you nothing more."))
    return redirect("settings:mails")
