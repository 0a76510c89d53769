"""Notices as mails, with links that lead to the questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from django.core.mail import EmailMessage
from django.db import DEFAULT_DB_ALIAS
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from workflows_app.conf import get_conf
from workflows_app.models import Approval, Notice

from .bundles import take
from .links import token_for
from .notices import ASKED, COMMENT, DECIDED, LAPSED

LONGEST_SUBJECT: Final = 120
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
    return take(Notice.objects.using(using).filter(device=None), now, partial(letter, now=now, address=address))


def letter(notices: Sequence[Notice], now: datetime, address: str) -> Letter:
    person = notices[0].person
    lines = [line_of(notice, now, address) for notice in notices]
    signed = any(line.signed for line in lines)
    context = {
        "person": person, "lines": lines, "address": address, "signed": signed, "choose": mails_address(address),
    }  # fmt: skip
    text = render_to_string("approvals/mail.txt", context)
    return Letter(person.email, subject_of(notices), text, tuple(notice.pk for notice in notices))


def subject_of(notices: Sequence[Notice]) -> str:
    """Name what there is to tell; what is more urgent than usual says so before it is opened."""
    many = ngettext("%d question for you", "%d questions for you", len(notices)) % len(notices)
    words = words_of(notices[0]) if len(notices) == 1 else many
    usual = Approval.Priority.NORMAL
    first = min((one.approval.priority for one in notices if one.approval.is_open), default=usual)
    return (f"[{Approval.Priority(first).label}] {words}" if first < usual else words)[:LONGEST_SUBJECT]


def words_of(notice: Notice) -> str:
    return WORDS[notice.occasion.partition(":")[0]] % " ".join(notice.approval.title.split())


def mails_address(address: str) -> str:
    """Say where a person chooses which mails they get."""
    return address and address.rstrip("/") + reverse("settings:mails")


def line_of(notice: Notice, now: datetime, address: str) -> Line:
    """Say one notice. Only an open question has a link that can answer it."""
    approval = notice.approval
    signed = approval.is_open and not get_conf().link_sign_in
    if signed:
        path = reverse("link", args=[token_for(approval, notice.person_id, now)])
    else:
        path = reverse("approvals:detail", args=[approval.pk])
    return Line(words_of(notice), approval, address.rstrip("/") + path if address else "", signed)
