"""What people are asked, as inboxes list it, and what each of them keeps about it until it is answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from .device import Device
from .instants import EPOCH, InstantField
from .run import Run

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""When a question without a due date is due; so that one index sorts them all."""

UNWANTED: Final = EPOCH
EACH: Final = "\neach"
"""Whom a question is asked of that one of each of its groups must answer; no person and no group is called so."""


def numbered(names: Iterable[str]) -> dict[str, int]:
    """Number names by their order: a list could not be searched in both databases."""
    return {name: place for place, name in enumerate(names)}


def of_each(groups: Collection[str], column: str) -> Q:
    """Find the questions that have one of some groups among those of which one each must answer, or `missing`."""
    return Q(assignee=EACH, **{f"{column}__has_any_keys": groups}) if groups else Q(pk__in=())


def in_order(names: Mapping[str, int]) -> list[str]:
    return sorted(names, key=names.__getitem__)


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def open(self) -> ApprovalQuerySet:
        return self.filter(state=Approval.State.OPEN)

    def answerable_by(self, person: User) -> ApprovalQuerySet:
        """Keep the open questions that a person may answer, whatever others do about them now."""
        found = self.open().exclude(allow_requester=False, requester=person.username)
        if person.is_superuser:
            return found
        groups = list(person.groups.values_list("name", flat=True))
        return found.filter(Q(assignee__in=["", person.username, *groups]) | of_each(groups, "missing"))

    def soonest(self) -> ApprovalQuerySet:
        """Put first what is due first, and of what is due together the most urgent."""
        return self.order_by("due_at", "priority", "id")


class Approval(models.Model):
    """A question that a step put to people: one suspension.

    Derived from the journal by `approvals.gather`; of what stands here only the claim and the handing over
    are known nowhere else. `seq` and `answer_seq` number the events with the question and the answer.
    `assignee` is a person or a group; without one everybody may answer who may answer at all. Where one of each of
    some `groups` must, `missing` are those that are asked now; these and the `voters` are numbered by their order.
    `tell_at` is when somebody is to be told something about it next.
    """

    class State(models.TextChoices):
        OPEN = "open"
        DECIDED = "decided"
        WITHDRAWN = "withdrawn"

    class Priority(models.IntegerChoices):
        """How urgent its author says a question is; the most urgent sorts first."""

        URGENT = 1, gettext_lazy("Urgent")
        HIGH = 2, gettext_lazy("High")
        NORMAL = 3, gettext_lazy("Normal")
        LOW = 4, gettext_lazy("Low")

        @property
        def word(self) -> str:
            """Name it as authors and programs do."""
            return self.name.lower()

        @property
        def notable(self) -> str:
            """Name it to people, unless it is the usual one."""
            return "" if self is self.__class__.NORMAL else str(self.label)

        @classmethod
        def of(cls, word: str) -> Approval.Priority:
            """Read what an author said; a word of another time says nothing."""
            return cls.__members__.get(word.upper(), cls.NORMAL)

    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="approvals", db_constraint=False, db_index=False
    )
    path = models.TextField()
    attempt = models.IntegerField()
    seq = models.BigIntegerField()
    workflow_id = models.CharField(max_length=200)
    place = models.TextField()
    title = models.TextField()
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    requester = models.CharField(max_length=200, default="")
    assignee = models.CharField(max_length=200, default="")
    asked_at = InstantField()
    due_at = InstantField(default=NEVER)
    needed = models.SmallIntegerField(default=1)
    groups = models.JSONField(default=dict)
    missing = models.JSONField(default=dict)
    voters = models.JSONField(default=dict)
    allow_requester = models.BooleanField(default=True)
    rungs = models.SmallIntegerField(default=0)
    escalated = models.SmallIntegerField(default=0)
    reminded = models.SmallIntegerField(default=0)
    tell_at = InstantField(default=NEVER)

    handed_by = models.CharField(max_length=200, default="")
    claimed_by = models.CharField(max_length=200, default="")
    claimed_until = InstantField(null=True)

    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    answer_seq = models.BigIntegerField(null=True)
    decided_by = models.CharField(max_length=200, default="")
    decided_at = InstantField(null=True)
    via = models.CharField(max_length=20, default="")

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("run", "path", "attempt"), name="approval_question"),)
        indexes = (
            models.Index(fields=("due_at", "priority", "id"), name="approval_open", condition=Q(state="open")),
            models.Index(fields=("priority", "due_at", "id"), name="approval_urgent", condition=Q(state="open")),
            models.Index(
                fields=("assignee", "due_at", "priority", "id"), name="approval_assignee", condition=Q(state="open")
            ),
            models.Index(fields=("decided_at", "id"), name="approval_decided", condition=Q(state="decided")),
            models.Index(fields=("tell_at",), name="approval_tell", condition=Q(tell_at__lt=NEVER)),
            models.Index(
                fields=("workflow_id", "place", "decided_at"), name="approval_similar", condition=Q(state="decided")
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.path}: {self.title}"

    @property
    def due(self) -> datetime | None:
        return None if self.due_at == NEVER else self.due_at

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def asked_of(self) -> list[str]:
        """Name whom it is asked of now: several where one of each must answer, nobody where all may."""
        return in_order(self.missing) or ([self.assignee] if self.assignee else [])

    @property
    def concerned(self) -> list[str]:
        """Name whom it is asked of, also those who have answered."""
        return in_order(self.groups) or self.asked_of

    @property
    def decided(self) -> list[str]:
        """Name who has decided, where several must."""
        return in_order(self.voters)

    @property
    def given(self) -> int:
        """Count the people, or the groups, that have decided."""
        return len(self.groups) - len(self.missing) if self.groups else len(self.voters)

    @property
    def is_disputed(self) -> bool:
        """Tell whether all of its groups have decided, and not alike."""
        return bool(self.groups and self.voters) and self.missing == self.groups

    @property
    def urgency(self) -> str:
        """Name its priority to people, where it has another one than most."""
        return self.Priority(self.priority).notable

    @property
    def holder(self) -> str:
        """Name who has claimed it; a claim that has lapsed is none."""
        lapsed = self.claimed_until is None or self.claimed_until <= timezone.now()
        return "" if lapsed else self.claimed_by


class Desk(models.Model):
    """What one person keeps about a question: an answer half written, and until when it is put aside.

    Until `looks_until` they have it open before them, as far as anybody knows.
    """

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="desks", db_constraint=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="desks")
    draft = models.TextField(default="")
    drafted_at = InstantField(null=True)
    snoozed_until = InstantField(null=True)
    looks_until = InstantField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("approval", "person"), name="desk_of_person"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.approval_id}"

    @classmethod
    def keep(cls, approval: Approval, person: User, **columns: Any) -> None:
        """Change what a person keeps about a question."""
        cls.objects.update_or_create(approval=approval, person=person, defaults=columns)


class Notice(models.Model):
    """Something one person is told about a question, once. `occasion` says what: asked, half, due, decided, …

    It comes by mail, or on one of their devices.
    What they do not want to be told counts as sent at `UNWANTED`, so that it does not come when they change their mind.
    """

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="notices", db_constraint=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="notices", null=True)
    occasion = models.CharField(max_length=200)
    made_at = InstantField()
    sent_at = InstantField(null=True)
    tries = models.SmallIntegerField(default=0)
    again_at = InstantField(default=0)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("approval", "person", "occasion"), name="notice_once", condition=Q(device__isnull=True)
            ),
            models.UniqueConstraint(
                fields=("approval", "device", "occasion"), name="notice_once_each", condition=Q(device__isnull=False)
            ),
        )
        indexes = (
            models.Index(fields=("person", "made_at"), name="notice_waiting", condition=Q(sent_at__isnull=True)),
            models.Index(fields=("person", "sent_at"), name="notice_sent", condition=Q(sent_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.person}: {self.approval_id} {self.occasion}"
