"""What an open page of a question has to know: whether it shows what is so, and who else looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Final

from django.contrib.auth.models import User
from django.db.models import Max
from django.utils.translation import ngettext

from workflows_app.approvals.policy import Who
from workflows_app.models import Approval, Desk
from workflows_app.rights import may_on_run

LOOKS: Final = timedelta(seconds=30)
"""So long a page counts as open after it was last heard of."""
NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """How a question stands. A page shows what is so while its `mark` and the last comment `said` are these."""

    mark: str
    said: int
    others: str


def standing_of(approval: Approval, person: User, now: datetime) -> Standing:
    said = approval.comments.aggregate(last=Max("pk"))["last"] or 0
    return Standing(mark_of(approval), said, looking_words(others_of(approval, person, now)))


def mark_of(approval: Approval) -> str:
    """Name the state of a question shortly, without telling anything of it."""
    state = (
        approval.state, approval.assignee, approval.handed_by, approval.holder, approval.escalated,
        len(approval.voters), approval.due_at,
    )  # fmt: skip
    return sha1(repr(state).encode(), usedforsecurity=False).hexdigest()[:12]


def others_of(approval: Approval, person: User, now: datetime) -> list[str]:
    """Name who else has the question open before them."""
    desks = Desk.objects.filter(approval=approval, looks_until__gt=now).exclude(person=person)
    return list(desks.order_by("person__username").values_list("person__username", flat=True))


def looking_words(names: Sequence[str]) -> str:
    listed, more = ", ".join(names[:NAMED]), max(0, len(names) - NAMED)
    if more:
        words = ngettext("%(names)s and one more look at this too.", "%(names)s and %(n)d more look at this too.", more)
        return words % {"names": listed, "n": more}
    return ngettext("%s looks at this too.", "%s look at this too.", len(names)) % listed if names else ""


def may_watch(person: User, approval: Approval) -> bool:
    """Tell whether a person may open the page of a question."""
    return Who.of(person).may_decide and may_on_run(person, "view_run", approval.run_id)


def look_at(approval: Approval, person: User, now: datetime) -> None:
    """Note that a person has a question open before them."""
    Desk.keep(approval, person, looks_until=now + LOOKS)


def look_away(approval_id: int, person: User) -> None:
    Desk.objects.filter(approval=approval_id, person=person).update(looks_until=None)
