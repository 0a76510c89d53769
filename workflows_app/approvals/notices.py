"""Who is told what about a question, and when: when it is asked, at half of its time, when it is due, and so on.

A notice is made once per person, way and occasion, however often it is looked at; mails and pushes are made of them
later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy

from workflows_app.conf import get_conf
from workflows_app.models import Approval, Device, Notice
from workflows_app.models.approval import NEVER, UNWANTED
from workflows_app.models.instants import to_instant

from .policy import Who, refusal

AT_ONCE: Final = 200
ASKED: Final = "asked"
LAPSED: Final = "lapsed"
DECIDED: Final = "decided"
COMMENT: Final = "comment"
SHORT: Final = timedelta(hours=1)
KINDS: Final[Mapping[str, object]] = {
    ASKED: gettext_lazy("I am asked"),
    "half": gettext_lazy("half of the time has passed"),
    "due": gettext_lazy("a question is due, or I am reminded"),
    LAPSED: gettext_lazy("a claim has run out"),
    DECIDED: gettext_lazy("a question of a run of mine is decided"),
    COMMENT: gettext_lazy("somebody comments on it"),
}
"""The kinds of notices that a person may want or not."""


def make_notices(now: datetime, using: str = DEFAULT_DB_ALIAS) -> int:
    """Make the notices that are due by now. Returns how many approvals were looked at."""
    looked_at = 0
    while some := list(Approval.objects.using(using).filter(tell_at__lte=now).order_by("tell_at")[:AT_ONCE]):
        Notice.objects.using(using).bulk_create(
            [notice for approval in some for notice in notices_of(approval, now)], ignore_conflicts=True
        )
        for approval in some:
            # What has changed meanwhile asks for another look by itself.
            seen = Approval.objects.using(using).filter(pk=approval.pk, tell_at=approval.tell_at)
            seen.update(tell_at=next_look(approval, now))
        looked_at += len(some)
    return looked_at


def notices_of(approval: Approval, now: datetime) -> Iterator[Notice]:
    for occasion in occasions(approval, now):
        for person in recipients(approval, kind_of(occasion)):
            yield from notices_for(person, approval, occasion, now)


def notices_for(person: User, approval: Approval, occasion: str, now: datetime) -> Iterator[Notice]:
    """Make the notices of one person: a mail if they have an address, and one on each of their devices.

    What they do not want is noted all the same, so that it does not come later.
    """
    for device in (*([None] if person.email else []), *person.devices.all()):
        wanted = wants(person, approval.workflow_id, kind_of(occasion), device)
        sent = None if wanted else UNWANTED
        yield Notice(
            approval=approval, person=person, device=device, occasion=occasion, made_at=now, sent_at=sent
        )  # fmt: skip


def kind_of(occasion: str) -> str:
    """Tell which kind of mail an occasion makes; a reminder is one of what is due."""
    name = occasion.partition(":")[0]
    return "due" if name == "remind" else name


def wants(person: User, workflow_id: str, kind: str, device: Device | None) -> bool:
    """Tell whether a person wants a kind of notice about a workflow; who never said wants them all."""
    chosen = getattr(person, "profile", None)
    if chosen is None:
        return True
    if device is not None:
        return not (kind in chosen.silent_pushes or workflow_id in chosen.silent_push_workflows)
    return not (kind in chosen.silent or workflow_id in chosen.silent_workflows)


def occasions(approval: Approval, now: datetime) -> Iterator[str]:
    """Name what there is to tell by now; most of it will have been told before."""
    if not approval.is_open:
        yield DECIDED
        return
    # Groups that disagree are asked again after each decision.
    yield f"{ASKED}:{approval.assignee}{len(approval.voters) if approval.is_disputed else ''}"
    if approval.claimed_until is not None and approval.claimed_until <= now:
        yield f"{LAPSED}:{to_instant(approval.claimed_until)}"
    if approval.due_at <= now:
        yield "due"
    elif half(approval) <= now:
        yield "half"
    if approval.reminded:
        yield f"remind:{approval.reminded}"


def half(approval: Approval) -> datetime:
    """Give the middle of the time that people have; where that is short there is none to speak of."""
    time = approval.due_at - approval.asked_at
    return NEVER if approval.due_at == NEVER or time < SHORT else approval.asked_at + time / 2


def next_look(approval: Approval, now: datetime) -> datetime:
    ahead = (half(approval), approval.due_at, approval.claimed_until or NEVER) if approval.is_open else ()
    return min((moment for moment in ahead if moment > now), default=NEVER)


def forget_asking(approval: Approval, assignee: str) -> None:
    """Let those be asked once more who had a question before and get it back."""
    Notice.objects.filter(approval=approval, occasion=f"{ASKED}:{assignee}", sent_at__isnull=False).delete()


def recipients(approval: Approval, kind: str) -> Iterable[User]:
    """List who is told: who is asked or has it in hand, and may answer; of a decision, who started the run."""
    if kind == DECIDED:
        return reachable().filter(username=approval.requester)
    hands = {ASKED: "", LAPSED: approval.claimed_by}.get(kind, approval.holder)
    names = approval.asked_of
    meant = Q(username__in=[*names, hands]) | Q(groups__name__in=names)
    return (person for person in reachable().filter(meant).distinct() if not refusal(Who.of(person), approval))


def reachable() -> QuerySet[User]:
    """Find the people to whom something can be sent, with their devices."""
    theirs = devices()
    someway = ~Q(email="") | Exists(theirs.filter(person=OuterRef("pk")))
    people = User.objects.filter(someway, is_active=True).select_related("profile")
    return people.prefetch_related(Prefetch("devices", theirs))


def devices() -> QuerySet[Device]:
    """Find the devices that know the studio by its key; without one there are none."""
    return Device.objects.filter(key=get_conf().push_point)
