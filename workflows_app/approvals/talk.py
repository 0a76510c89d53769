"""What people say about a question, and who hears of it: everybody who has to do with it by name."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from workflows_app.engine.arguments import is_storable
from workflows_app.models import Approval, Comment, Notice

from .notices import COMMENT, notices_for, reachable

LONGEST: Final = 4_000


def plain(text: str) -> str:
    """Write a text as it is kept, however its lines were ended."""
    return text.replace("\r\n", "\n").strip()


def is_sayable(text: str) -> bool:
    return bool(text) and len(text) <= LONGEST and is_storable(text)


def say(approval: Approval, author: str, text: str) -> Comment:
    """Keep a remark, and note for the others that there is one."""
    now = timezone.now()
    with transaction.atomic():
        comment = Comment.objects.create(approval=approval, author=author, at=now, text=text)
        occasion = f"{COMMENT}:{comment.pk}"
        told = (notices_for(person, approval, occasion, now) for person in listeners(approval, author))
        Notice.objects.bulk_create(chain.from_iterable(told), ignore_conflicts=True)
    return comment


def listeners(approval: Approval, author: str) -> Iterable[User]:
    """List who hears of a remark: who started the run, who is asked or has it in hand, and who spoke before."""
    spoke = approval.comments.values_list("author", flat=True)
    involved = (approval.requester, approval.holder, approval.decided_by)
    names = {*involved, *approval.concerned, *approval.voters, *spoke}
    return reachable().filter(username__in=names - {"", author})
