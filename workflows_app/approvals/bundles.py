"""Which notices go out now, and which of them together: one each while they are few, all in one when they are many.

A notice is noted as sent before it is, so that no two processes send the same; one that is not taken is tried again,
later and later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, TypeVar

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F, Q, QuerySet

from workflows_app.models import Approval, Notice
from workflows_app.models.instants import MICROSECOND

from .notices import COMMENT, DECIDED

Written = TypeVar("Written")
AT_ONCE: Final = 500
MOST: Final = 5
WINDOW: Final = timedelta(minutes=10)
"""More than `MOST` mails in this time become one, and so on each device."""
FIRST_WAIT: Final = timedelta(minutes=1)
LAST_WAIT: Final = timedelta(hours=6)


def take(notices: QuerySet[Notice], now: datetime, write: Callable[[Sequence[Notice]], Written]) -> list[Written]:
    """Write what is to go out now of some notices, and note them as sent."""
    waiting = notices.filter(sent_at__isnull=True)
    if not waiting.exists():
        return []
    with transaction.atomic(using=notices.db):
        lasting = Q(occasion=DECIDED) | Q(occasion__startswith=COMMENT) | Q(approval__state=Approval.State.OPEN)
        waiting.exclude(lasting).delete()
        ready = waiting.filter(again_at__lte=now).select_for_update(of=("self",))
        ready = ready.select_related("approval", "person", "device").order_by(
            "person_id", "device_id", "made_at", "id"
        )  # fmt: skip
        written: list[Written] = []
        for bundle in bundles(ready[:AT_ONCE], now):
            # Each a moment after the one before: what has the same moment counts as one.
            sent = now + len(written) * MICROSECOND
            written.append(write(bundle))
            Notice.objects.using(notices.db).filter(pk__in=[one.pk for one in bundle]).update(sent_at=sent)
    return written


def bundles(notices: Iterable[Notice], now: datetime) -> Iterator[list[Notice]]:
    """Put together what goes one way to one person now; what is too much waits to become one."""
    # All of it is decided before any is noted as sent, which would count as recent.
    ways = [list(theirs) for _way, theirs in groupby(notices, lambda one: (one.person_id, one.device_id))]
    yield from [bundle for theirs in ways for bundle in of_one_way(theirs, now)]


def of_one_way(notices: list[Notice], now: datetime) -> Iterator[list[Notice]]:
    first = notices[0]
    sent = Notice.objects.using(first._state.db).filter(
        person=first.person_id, device=first.device_id, sent_at__gt=now - WINDOW
    )  # fmt: skip
    recent = sent.values("sent_at").distinct().count()
    if recent + len(notices) <= MOST:
        yield from ([notice] for notice in notices)
    elif recent < MOST or now - first.made_at >= WINDOW:
        yield notices


def not_sent(notices: Iterable[int], now: datetime, using: str = DEFAULT_DB_ALIAS) -> None:
    """Take back that some notices were sent, and try again after a while."""
    for notice in Notice.objects.using(using).filter(pk__in=notices):
        wait = min(FIRST_WAIT * 2 ** min(notice.tries, 16), LAST_WAIT)
        Notice.objects.using(using).filter(pk=notice.pk).update(sent_at=None, tries=F("tries") + 1, again_at=now + wait)
