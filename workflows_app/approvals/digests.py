"""The daily mail: everything that waits for a person, once a morning, for those who want it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

from django.db import DEFAULT_DB_ALIAS
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import ngettext

from workflows_app.models import Approval, Profile
from workflows_app.models.profile import zone_of

from .letters import Letter, Line, mails_address
from .policy import Who
from .queues import Inbox

AT_ONCE: Final = 500
MOST: Final = 50
MORNING: Final = time(8)
PAUSE: Final = timedelta(minutes=10)
"""After this a daily mail that the server did not take is tried again."""


def take_digests(now: datetime, address: str, using: str = DEFAULT_DB_ALIAS) -> list[Letter]:
    """Write the daily mails that are due now, and note when the next ones are."""
    due = Profile.objects.using(using).filter(digest_at__lte=now, user__is_active=True).exclude(user__email="")
    letters: list[Letter] = []
    for profile in due.select_related("user")[:AT_ONCE]:
        own = due.filter(pk=profile.pk, digest_at=profile.digest_at)
        # Of two processes that come to it, one writes it.
        if own.update(digest_at=next_morning(profile.zone, now)):
            letters += digest_for(profile, now, address)
    return letters


def next_morning(zone: str, now: datetime) -> datetime:
    """Give the next time that it is eight in the morning where somebody is."""
    place = zone_of(zone)
    there = now.astimezone(place)
    today = datetime.combine(there.date(), MORNING, place)
    return today if today > now else datetime.combine(there.date() + timedelta(days=1), MORNING, place)


def digest_for(profile: Profile, now: datetime, address: str) -> Iterator[Letter]:
    """Write to one person what waits for them; when nothing does, nothing."""
    waiting = Inbox(Who.of(profile.user), now).queue("open").exclude(workflow_id__in=profile.silent_workflows)
    if not (total := waiting.count()):
        return
    context = {
        "person": profile.user,
        "lines": [line_of(approval, address) for approval in waiting.soonest()[:MOST]],
        "more": max(0, total - MOST),
        "late": waiting.filter(due_at__lte=now).count(),
        "inbox": address and address.rstrip("/") + reverse("approvals:inbox"),
        "choose": mails_address(address),
        "now": now,
    }
    subject = ngettext("%d question waits for you", "%d questions wait for you", total) % total
    yield Letter(profile.user.email, subject, render_to_string("approvals/digest.txt", context), digest_of=profile.pk)


def line_of(approval: Approval, address: str) -> Line:
    path = reverse("approvals:detail", args=[approval.pk])
    return Line(" ".join(approval.title.split()), approval, address.rstrip("/") + path if address else "", signed=False)


def digest_not_sent(letter: Letter, now: datetime, using: str = DEFAULT_DB_ALIAS) -> None:
    """Have a daily mail written anew after a while, unless the person has turned it off meanwhile."""
    wanted = Profile.objects.using(using).filter(pk=letter.digest_of, digest_at__isnull=False)
    wanted.update(digest_at=now + PAUSE)
