"""Signed links: who got one may answer one question in one person's name, without signing in.

A link is bound to the event that asked, so it dies with the question; that it decides once follows from there
being one answer, or one vote of each person. The key is Django's secret key and its fallbacks, under a salt.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core import signing

from workflows_app.models import Approval
from workflows_app.models.approval import NEVER
from workflows_app.models.instants import to_instant

SALT: Final = "workflows.approval"
LONGEST: Final = timedelta(days=7)


class BadLink(Exception):
    """The link was not made here, or not for this question."""


class ExpiredLink(BadLink):
    """The link was good once; `approval_id` is what it was for."""

    def __init__(self, approval_id: int) -> None:
        super().__init__("The link has expired.")
        self.approval_id = approval_id


def token_for(approval: Approval, person_id: int, now: datetime) -> str:
    """Sign a link. It is good until the question is due, or a week where that is later or already over."""
    last = now + LONGEST
    until = approval.due_at if now < approval.due_at < min(last, NEVER) else last
    return signing.dumps(
        {"a": approval.pk, "r": approval.run_id, "q": approval.seq, "p": person_id, "e": to_instant(until)},
        salt=SALT,
    )


def read_token(token: str, now: datetime) -> tuple[Approval, int]:
    """Find the question and the person of a link. Raises: BadLink, ExpiredLink"""
    try:
        said = signing.loads(token, salt=SALT)
        approval = Approval.objects.select_related("run").get(pk=said["a"], run=said["r"], seq=said["q"])
    except (signing.BadSignature, Approval.DoesNotExist, KeyError, TypeError, ValueError) as error:
        raise BadLink from error
    if said["e"] <= to_instant(now):
        raise ExpiredLink(approval.pk)
    return approval, said["p"]
