"""When somebody tried too many passwords: counted in the activity log, so that every process knows.

An account is shut for an address after a few tries, an address after many. A name that nobody has is counted
just the same, so that being shut out tells nothing about which names there are.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.http import HttpRequest
from django.utils import timezone

from workflows_app.models import Activity
from workflows_app.web.activity import account_of, address_of

WINDOW: Final = timedelta(minutes=15)
TRIES: Final = 5
FROM_ONE_ADDRESS: Final = 20


def is_locked(request: HttpRequest, name: str) -> bool:
    """Tell whether this address may not try this name for now."""
    ip, account = address_of(request), account_of(name)
    failures = Activity.objects.filter(verb="sign_in_failed", ip=ip, at__gte=timezone.now() - WINDOW)
    if failures.order_by()[:FROM_ONE_ADDRESS].count() >= FROM_ONE_ADDRESS:
        return True
    entered = Activity.objects.filter(verb="sign_in", ip=ip, actor=name).order_by("-id").values("id").first()
    since = failures.filter(object_id=account, id__gt=entered["id"] if entered else 0)
    return since.order_by()[:TRIES].count() >= TRIES
