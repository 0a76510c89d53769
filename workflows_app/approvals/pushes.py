"""Notices as messages to browsers: the title of a question, its workflow and where it is, and no more of it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef
from django.urls import reverse

from workflows_app import webpush
from workflows_app.conf import get_conf
from workflows_app.models import Approval, Desk, Device, Notice
from workflows_app.rights import may_on_run
from workflows_app.webhooks.addresses import checked_url
from workflows_app.webhooks.calls import Answer, post

from .bundles import not_sent, take
from .letters import subject_of

GONE: Final = (404, 410)
"""So a push service answers for a browser that takes no messages any more."""
KEPT: Final = 24 * 60 * 60
"""For so many seconds it keeps a message for a browser that is away."""
SIGNED_FOR: Final = 60 * 60
MOST_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Push:
    """A message to one device, of notices. Those with one tag take each other's place."""

    device: Device
    notices: tuple[int, ...]
    title: str
    body: str
    url: str
    tag: str
    is_urgent: bool

    async def send(self) -> Answer:
        """Encrypt it, sign it and hand it to the device's push service; whatever happens is an answer."""
        conf, device = get_conf(), self.device
        options = {"body": self.body, "tag": self.tag, "data": self.url, "renotify": True}
        service = checked_url(device.endpoint)
        until = int(time.time()) + SIGNED_FOR
        origin = f"{service.scheme}://{service.netloc.decode('ascii')}"
        headers = {
            "Authorization": webpush.authorization(webpush.key_of(conf.push_key), origin, sender(), until),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT),
            "Topic": self.tag,
            "Urgency": "high" if self.is_urgent else "normal",
        }
        body = webpush.sealed(
            json.dumps({"title": self.title, "options": options}).encode(), device.point, device.secret
        )
        return await post(device.endpoint, headers, body, conf.webhook_allow)


def sender() -> str:
    """Say where a push service may complain of us."""
    address = get_conf().address
    return address if address.startswith("https:") else f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"


def take_pushes(now: datetime, using: str = DEFAULT_DB_ALIAS) -> list[Push]:
    """Write the pushes that are to go out now, and note them as sent. What a person has put aside waits until then."""
    aside = Desk.objects.filter(approval=OuterRef("approval"), person=OuterRef("person"), snoozed_until__gt=now)
    ready = Notice.objects.using(using).filter(~Exists(aside), device__key=get_conf().push_point)
    return [push for push in take(ready, now, push_of) if push is not None]


def push_of(notices: Sequence[Notice]) -> Push | None:
    """Write to one device of what its person may still look at, if there is any."""
    person, device = notices[0].person, notices[0].device
    seen = [one for one in notices if may_on_run(person, "view_run", one.approval.run_id)]
    if not seen or device is None:
        return None
    asked = {one.approval_id: one.approval for one in seen}
    workflows = ", ".join(sorted({approval.workflow_id for approval in asked.values()}))
    if len(asked) == 1:
        [number] = asked
        url, tag = reverse("approvals:detail", args=[number]), f"question-{number}"
    else:
        url, tag = reverse("approvals:inbox"), "questions"
    is_urgent = any(approval.priority < Approval.Priority.NORMAL for approval in asked.values())
    numbers = tuple(one.pk for one in seen)
    return Push(device, numbers, subject_of(seen), workflows[:200], url, tag, is_urgent)


def not_taken(push: Push, answer: Answer, now: datetime, using: str = DEFAULT_DB_ALIAS) -> None:
    """Try again later, up to some number of tries; a browser that is gone is forgotten."""
    if answer.code in GONE:
        Device.objects.using(using).filter(pk=push.device.pk).delete()
        return
    left = Notice.objects.using(using).filter(pk__in=push.notices, tries__lt=MOST_TRIES - 1)
    not_sent(list(left.values_list("pk", flat=True)), now, using)
