"""The queues of the inbox: what of all that is asked comes to whom, and what of it is in other hands for now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from workflows_app.models import Approval, Desk
from workflows_app.models.approval import NEVER, ApprovalQuerySet, of_each
from workflows_app.rights import reach_of

from .policy import RIGHTS, Who

QUEUES: Final = ("open", "mine", "groups", "anyone", "claimed", "snoozed")
MANY: Final = 99
"""A badge counts no further."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """What one person sees of what is asked at one moment."""

    who: Who
    now: datetime

    @classmethod
    def of(cls, who: Who) -> Inbox:
        return cls(who, timezone.now())

    @property
    def answerable(self) -> ApprovalQuerySet:
        """Everything the person may answer, also what is snoozed or claimed by others."""
        if not self.who.may_decide:
            return Approval.objects.none()
        allowed = reach_of(self.who.user).where(*RIGHTS)
        found = Approval.objects.answerable_by(self.who.user).filter(allowed)
        return found.exclude(needed__gt=1, voters__has_key=self.who.name)

    @property
    def decided(self) -> ApprovalQuerySet:
        """Everything decided that the person may look at: in runs they see, or asked of them or decided by them."""
        return self.among(Approval.objects.filter(state=Approval.State.DECIDED))

    def among(self, found: ApprovalQuerySet, *anybody: str) -> ApprovalQuerySet:
        """Keep what the person may look at. `anybody` is "" where what is asked of nobody by name is theirs too."""
        reach = reach_of(self.who.user)
        if not (seen := reach.where("view_run")):
            return found
        own = Q(assignee__in=[self.who.name, *self.who.groups, *anybody]) | Q(decided_by=self.who.name)
        own |= of_each(self.who.groups, "groups")
        return found.filter(seen | (own & reach.where(*RIGHTS)))

    @property
    def conditions(self) -> Mapping[str, Q]:
        """Say what is in each queue, of what the person may answer."""
        name = self.who.name
        others = Q(claimed_until__gt=self.now) & ~Q(claimed_by__in=["", name])
        asleep = Q(
            Exists(Desk.objects.filter(approval=OuterRef("pk"), person=self.who.user, snoozed_until__gt=self.now))
        )
        here = ~others & ~asleep
        return {
            "open": here,
            "mine": here & (Q(assignee=name) | Q(claimed_by=name, claimed_until__gt=self.now)),
            "groups": here & (Q(assignee__in=self.who.groups) | of_each(self.who.groups, "missing")),
            "anyone": here & Q(assignee=""),
            "claimed": others & ~asleep,
            "snoozed": asleep,
        }

    def queue(self, name: str) -> ApprovalQuerySet:
        return self.answerable.filter(self.conditions[name])

    def counts(self) -> dict[str, int]:
        """Count every queue in one read."""
        return self.answerable.aggregate(**{name: Count("pk", filter=these) for name, these in self.conditions.items()})

    def badge(self) -> int:
        """Count what is open for the person, up to one more than `MANY`."""
        return self.queue("open").order_by()[: MANY + 1].count()

    def next_due(self) -> Approval | None:
        """Find what is due next of what the person has put aside or others have in hand."""
        return self.answerable.filter(due_at__lt=NEVER).soonest().first()
