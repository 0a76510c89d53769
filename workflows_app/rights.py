"""Who may do what on which workflow: the one place that pages, sockets, the API and queues ask.

A right is a permission of this app by its codename. People have rights by their groups, everywhere; on a
workflow with grants only the grants count (`models.grant`). Who manages the members may do everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db.models import Q, QuerySet

from .models import Approval, Run, WorkflowGrant
from .models.approval import of_each
from .roles import APP, LOOK

KEPT: Final = "studio_reach"
MANAGER: Final = "manage_members"
Person = User | AnonymousUser
Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass(frozen=True, slots=True)
class Reach:
    """What one person may do: everywhere, and on the workflows that are tied to grants."""

    everywhere: frozenset[str]
    tied: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_all: bool = False

    def allows(self, right: str, workflow_id: str) -> bool:
        return self.is_all or right in self.tied.get(workflow_id, self.everywhere)

    def somewhere(self, right: str) -> bool:
        """Tell whether there is any workflow on which the person has a right."""
        return self.is_all or right in self.everywhere or any(right in rights for rights in self.tied.values())

    def only(self, rights: frozenset[str]) -> Reach:
        """Narrow it to some rights, as a token does."""
        everywhere = rights if self.is_all else self.everywhere & rights
        return Reach(everywhere, {workflow_id: found & rights for workflow_id, found in self.tied.items()})

    def where(self, *rights: str) -> Q:
        """Keep the rows whose workflow a person has one of some rights on."""
        if self.is_all:
            return Q()
        wanted = frozenset(rights)
        open_ones = [workflow_id for workflow_id, found in self.tied.items() if found & wanted]
        if not self.everywhere & wanted:
            return Q(workflow_id__in=open_ones)
        shut = self.tied.keys() - set(open_ones)
        return ~Q(workflow_id__in=sorted(shut)) if shut else Q()


asking: ContextVar[Reach | None] = ContextVar("asking", default=None)
"""Whose request is being answered; nobody's means the studio's own work, which sees everything."""


@contextmanager
def answering_to(reach: Reach) -> Iterator[None]:
    """Answer a request: what `seen` and `sees` give is what this person may look at."""
    token = asking.set(reach)
    try:
        yield
    finally:
        asking.reset(token)


def seen(rows: Rows) -> Rows:
    """Keep the rows, of whatever table has a `workflow_id`, that the person who asks may look at."""
    reach = asking.get()
    return rows if reach is None else rows.filter(reach.where("view_run"))


def sees(workflow_id: str, right: str = "view_run") -> bool:
    """Tell whether the person who asks may look at a workflow, or has another right on it."""
    reach = asking.get()
    return reach is None or reach.allows(right, workflow_id)


def told_error(workflow_id: str, error: str | None) -> str:
    """Give an error to whom may see the values of its workflow, since it may quote them."""
    return error or "" if sees(workflow_id, "view_payload") else ""


def reach_of(person: Person) -> Reach:
    """Read what a person may do, once for each request."""
    kept = vars(person)
    if KEPT not in kept:
        kept[KEPT] = _read(person)
    reach: Reach = kept[KEPT]
    return reach


def narrow(person: Person, rights: frozenset[str]) -> None:
    """Leave a person only some of their rights, for as long as this object of them lives."""
    vars(person)[KEPT] = reach_of(person).only(rights)


def _read(person: Person) -> Reach:
    if not isinstance(person, User) or not person.is_active:
        return Reach(frozenset())
    if person.is_superuser:
        return Reach(frozenset(), is_all=True)
    prefix = f"{APP}."
    everywhere = frozenset(
        name.removeprefix(prefix) for name in person.get_all_permissions() if name.startswith(prefix)
    )
    return Reach(everywhere, is_all=True) if MANAGER in everywhere else Reach(everywhere, tied_to(person))


def tied_to(person: User) -> dict[str, frozenset[str]]:
    """Read the workflows that have grants, with what they give to a person: maybe nothing."""
    grants = list(WorkflowGrant.objects.values_list("workflow_id", "group", "role"))
    if not grants:
        return {}
    groups = set(person.groups.values_list("pk", flat=True))
    mine = [(workflow_id, role) for workflow_id, group, role in grants if group in groups]
    rights: dict[int, set[str]] = {}
    given = Permission.objects.filter(group__in={role for _, role in mine}, content_type__app_label=APP)
    for role, codename in given.values_list("group", "codename"):
        rights.setdefault(role, set()).add(codename)
    tied: dict[str, set[str]] = {workflow_id: set() for workflow_id, _, _ in grants}
    for workflow_id, role in mine:
        tied[workflow_id] |= rights.get(role, set())
    return {workflow_id: frozenset(found) for workflow_id, found in tied.items()}


def may_on_run(person: Person, right: str, run_id: str) -> bool:
    """Tell whether a person has a right on a run; who is asked something in it may look at it."""
    reach = reach_of(person)
    if reach.is_all or (right in reach.everywhere and not reach.tied):
        return True
    workflow_id = Run.objects.filter(pk=run_id).values_list("workflow_id", flat=True).first()
    if workflow_id is None:
        return reach.somewhere(right)
    if reach.allows(right, workflow_id):
        return True
    return right in LOOK and reach.allows("decide", workflow_id) and is_asked_in(person, run_id)


def is_asked_in(person: Person, run_id: str) -> bool:
    """Tell whether a question of a run is or was one for a person."""
    if not isinstance(person, User):
        return False
    name = person.get_username()
    groups = list(person.groups.values_list("name", flat=True))
    meant = Q(assignee__in=["", name, *groups]) | of_each(groups, "groups") | Q(decided_by=name)
    return Approval.objects.filter(meant, run=run_id).exists()


class StudioBackend(ModelBackend):
    """Django's accounts, where `person.has_perm(right, run)` asks for a right on that run's workflow."""

    def get_user(self, user_id: int) -> User | None:
        """Read an account together with what the person chose."""
        user = User.objects.select_related("profile").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: Person, perm: str, obj: Any = None) -> bool:
        app, _, right = perm.partition(".")
        if app != APP or not hasattr(obj, "workflow_id"):
            return super().has_perm(user_obj, perm, obj)
        return reach_of(user_obj).allows(right, obj.workflow_id)
