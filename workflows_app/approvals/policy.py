"""Who may answer which question: one function, which page, link, bulk and inspector all ask.

That nobody answers twice and that a requester stays out is also refused by the engine itself, whichever way
the answer comes; here it is known before somebody has filled in a form.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from workflows_app.models import Approval
from workflows_app.rights import reach_of

RIGHTS = ("decide", "resume_run")


@dataclass(frozen=True)
class Who:
    """A person as questions see one."""

    user: User
    name: str
    may_decide: bool

    @classmethod
    def of(cls, user: User) -> Who:
        return cls(
            user=user,
            name=user.get_username(),
            may_decide=any(reach_of(user).somewhere(right) for right in RIGHTS),
        )

    @cached_property
    def groups(self) -> frozenset[str]:
        return frozenset(self.user.groups.values_list("name", flat=True))

    def speaks_for(self, groups: Iterable[str]) -> list[str]:
        """Keep the groups that are theirs; an administrator may always step in."""
        return [group for group in groups if group in self.groups or self.user.is_superuser]

    def is_asked(self, approval: Approval) -> bool:
        """Tell whether a question is one to them now."""
        return approval.assignee in ("", self.name) or bool(self.speaks_for(approval.asked_of))

    def is_meant(self, approval: Approval) -> bool:
        """Tell whether a question is one to them, or would be if their group had not answered."""
        return self.is_asked(approval) or bool(self.speaks_for(approval.concerned))


def may_answer(who: Who, approval: Approval) -> bool:
    """Tell whether a person has the right to answer questions of this workflow."""
    return any(reach_of(who.user).allows(right, approval.workflow_id) for right in RIGHTS)


def bar(who: Who, approval: Approval) -> str:
    """Say why a person may not answer a question, whoever it is asked of, in a sentence; nothing when they may."""
    if not may_answer(who, approval):
        return _("Your account may not decide approvals. Somebody who manages the members can allow it.")
    if not approval.allow_requester and approval.requester == who.name:
        return _("You started this run, so somebody else must decide.")
    if who.name in approval.voters:
        if approval.is_disputed:
            words = _("You have decided, but the groups disagree. Somebody else of %s must, or an administrator.")
            return words % ", ".join(approval.asked_of)
        if approval.groups:
            return _("You have decided. Somebody of %s must too.") % ", ".join(approval.asked_of)
        counted = {"given": approval.given, "needed": approval.needed}
        return _("You have decided. %(given)d of %(needed)d people have; somebody else must too.") % counted
    return ""


def unasked(who: Who, approval: Approval) -> str:
    """Say why a question is none to a person now, whoever has claimed it; nothing when it is one."""
    if (reason := bar(who, approval)) or who.is_asked(approval):
        return reason
    return _("This is asked of %s.") % ", ".join(approval.asked_of)


def refusal(who: Who, approval: Approval) -> str:
    """Say why a person may not answer a question now, in a sentence; nothing when they may."""
    if reason := unasked(who, approval):
        return reason
    if approval.holder not in ("", who.name):
        return _("%s has claimed this. Take it over to decide it yourself.") % approval.holder
    return ""


def may_handle(who: Who, approval: Approval) -> bool:
    """Tell whether a person may claim, take over or hand over: whoever may answer but for somebody's claim."""
    return approval.is_open and not unasked(who, approval)


def takes_on(who: Who, approval: Approval) -> bool:
    """Tell whether this person's answer takes the run on, if it is that of the others."""
    if approval.groups:
        return len(who.speaks_for(approval.missing)) == len(approval.missing)
    return approval.needed - approval.given <= 1
