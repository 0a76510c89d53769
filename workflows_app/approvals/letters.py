"""Notices as mails: one mail each while they are few, one mail for all of them when they are many.

A mail is noted as sent before it is handed to the server, so that no two processes send the same; one that the
server does not take is tried again, later and later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from workflows_app.conf import get_conf
from workflows_app.models import Approval, Notice
from workflows_app.models.instants import MICROSECOND

from .links import token_for
from .notices import ASKED, COMMENT, DECIDED, LAPSED

AT_ONCE: Final = 500
MOST: Final = 5
WINDOW: Final = timedelta(minutes=10)
"""More than `MOST` mails in this time become one."""
LONGEST_SUBJECT: Final = 120
FIRST_WAIT: Final = timedelta(minutes=1)
LAST_WAIT: Final = timedelta(hours=6)
WORDS: Final = {
    ASKED: gettext_lazy("You are asked: %s"),
    "half": gettext_lazy("Half of the time has passed: %s"),
    "due": gettext_lazy("Due now: %s"),
    "remind": gettext_lazy("Reminder: %s"),
    LAPSED: gettext_lazy("The claim has run out: %s"),
    DECIDED: gettext_lazy("Decided: %s"),
    COMMENT: gettext_lazy("New comment: %s"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One notice in a mail: its words, and the address that leads to the question."""

    words: str
    approval: Approval
    address: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail: of notices, or the daily one of a person."""

    to: str
    subject: str
    text: str
    notices: tuple[int, ...] = ()
    digest_of: int = 0

    def send(self) -> None:
        """Hand the mail to the server. Raises: whatever the mail backend raises"""
        EmailMessage(self.subject, self.text, to=[self.to]).send()


def take_letters(now: datetime, address: str, using: str = DEFAULT_DB_ALIAS) -> list[Letter]:
    """Write the mails that are to go out now, and note them as sent."""
    waiting = Notice.objects.using(using).filter(sent_at__isnull=True)
    if not waiting.exists():
        return []
    with transaction.atomic(using=using):
        lasting = Q(occasion=DECIDED) | Q(occasion__startswith=COMMENT) | Q(approval__state=Approval.State.OPEN)
        waiting.exclude(lasting).delete()
        ready = waiting.filter(again_at__lte=now).select_for_update(of=("self",)).select_related("approval", "person")
        notices = list(ready.order_by("person_id", "made_at", "id")[:AT_ONCE])
        letters = [
            letter
            for _key, theirs in groupby(notices, lambda notice: notice.person_id)
            for letter in letters_to(list(theirs), now, address)
        ]
        for place, letter in enumerate(letters):
            # Each a moment after the one before: what has the same moment counts as one mail.
            sent = now + place * MICROSECOND
            Notice.objects.using(using).filter(pk__in=letter.notices).update(sent_at=sent)
    return letters


def letters_to(notices: Sequence[Notice], now: datetime, address: str) -> Iterator[Letter]:
    """Write what goes to one person now; what is too much waits to become one mail."""
    person = notices[0].person
    sent = Notice.objects.using(notices[0]._state.db).filter(person=person, sent_at__gt=now - WINDOW)
    recent = sent.values("sent_at").distinct().count()
    if recent + len(notices) <= MOST:
        for notice in notices:
            yield letter(person, [notice], now, address)
    elif recent < MOST or now - notices[0].made_at >= WINDOW:
        yield letter(person, notices, now, address)


def letter(person: User, notices: Sequence[Notice], now: datetime, address: str) -> Letter:
    lines = [line_of(notice, now, address) for notice in notices]
    signed = any(line.signed for line in lines)
    context = {
        "person": person, "lines": lines, "address": address, "signed": signed, "choose": mails_address(address),
    }  # fmt: skip
    text = render_to_string("approvals/mail.txt", context)
    return Letter(person.email, subject_of(lines)[:LONGEST_SUBJECT], text, tuple(notice.pk for notice in notices))


def subject_of(lines: Sequence[Line]) -> str:
    """Name what a mail is about; what is more urgent than usual says so before it is opened."""
    many = ngettext("%d question for you", "%d questions for you", len(lines)) % len(lines)
    words = lines[0].words if len(lines) == 1 else many
    usual = Approval.Priority.NORMAL
    first = min((line.approval.priority for line in lines if line.approval.is_open), default=usual)
    return f"[{Approval.Priority(first).label}] {words}" if first < usual else words


def mails_address(address: str) -> str:
    """Say where a person chooses which mails they get."""
    return address and address.rstrip("/") + reverse("settings:mails")


def line_of(notice: Notice, now: datetime, address: str) -> Line:
    """Say one notice. Only an open question has a link that can answer it."""
    approval = notice.approval
    words = WORDS[notice.occasion.partition(":")[0]] % " ".join(approval.title.split())
    signed = approval.is_open and not get_conf().link_sign_in
    if signed:
        path = reverse("link", args=[token_for(approval, notice.person_id, now)])
    else:
        path = reverse("approvals:detail", args=[approval.pk])
    return Line(words, approval, address.rstrip("/") + path if address else "", signed)


def not_sent(letter: Letter, now: datetime, using: str = DEFAULT_DB_ALIAS) -> None:
    """Take back that a mail was sent, and try again after a while."""
    for notice in Notice.objects.using(using).filter(pk__in=letter.notices):
        wait = min(FIRST_WAIT * 2 ** min(notice.tries, 16), LAST_WAIT)
        Notice.objects.using(using).filter(pk=notice.pk).update(sent_at=None, tries=F("tries") + 1, again_at=now + wait)
