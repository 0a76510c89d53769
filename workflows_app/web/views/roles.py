"""Roles and the grants on single workflows."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from workflows_app.models import WorkflowGrant
from workflows_app.rights import MANAGER
from workflows_app.roles import APP, RIGHTS
from workflows_app.web.activity import Thing, note
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import DIALOG, Asked, ask_first, leave, page, show
from workflows_app.web.http import RIGHTS as WORDS
from workflows_app.web.people.forms import GrantIn, RoleIn, grant_form, role_form, said
from workflows_app.web.views.profile import FORM

NAMED = 12
NOT_YOURS = gettext_lazy("You would lose the right to manage members. Let somebody else do it.")


@require_http_methods(FORM)
@page("manage_members", door=())
def roles(request: Asked) -> HttpResponse:
    """List the roles, and make a new one."""
    form = role_form()
    if request.method != "POST":
        return roles_page(request, form)
    bound = form.bind(request.POST)
    if not bound.is_valid():
        return roles_page(request, bound, status=200 if bound.is_edit else 422)
    value = said(bound, RoleIn)
    group, is_new = Group.objects.get_or_create(name=value.name)
    if not is_new:
        return roles_page(request, bound, fault=_("There is a role of this name."), status=409)
    allow(group, value.rights)
    note(request, "role_added", Thing("role", group.name), after={"rights": sorted(value.rights)})
    messages.success(request, _("The role %s is made.") % group.name)
    return redirect("settings:roles")


@require_http_methods(FORM)
@page("manage_members", door=())
def role(request: Asked, name: str) -> HttpResponse:
    """Change what a role allows."""
    group = get_object_or_404(Group, name=name)
    before = rights_of(group)
    if request.method != "POST":
        return role_page(request, group, role_form().initial({"name": name, "rights": before}))
    bound = role_form().bind(request.POST)
    if not bound.is_valid():
        return role_page(request, group, bound, status=200 if bound.is_edit else 422)
    value = said(bound, RoleIn)
    if value.name != name and Group.objects.filter(name=value.name).exists():
        return role_page(request, group, bound, fault=_("There is a role of this name."), status=409)
    if MANAGER not in value.rights and depends_on(request, group):
        return role_page(request, group, bound, fault=str(NOT_YOURS), status=409)
    Group.objects.filter(pk=group.pk).update(name=value.name)
    allow(group, value.rights)
    changed = {"name": value.name, "rights": rights_of(group)}
    note(request, "role_changed", Thing("role", name), before={"name": name, "rights": before}, after=changed)
    messages.success(request, _("The role %s is changed.") % value.name)
    return redirect("settings:roles")


@require_http_methods(DIALOG)
@page("manage_members", door=())
def delete_role(request: Asked, name: str) -> HttpResponse:
    group = get_object_or_404(Group, name=name)
    if request.method != "POST":
        title, back = _("Delete the role %s?") % name, reverse("settings:role", args=[name])
        return ask_first(request, title, lost_with(group), _("Delete this role"), back)
    if depends_on(request, group):
        return role_page(
            request, group, role_form().initial({"name": name, "rights": rights_of(group)}), str(NOT_YOURS), 409
        )
    before = {"members": group.user_set.count(), "rights": rights_of(group)}
    group.delete()
    note(request, "role_deleted", Thing("role", name), before=before)
    messages.success(request, _("The role %s is deleted.") % name)
    return leave(request, reverse("settings:roles"))


def lost_with(group: Group) -> str:
    """Say who loses by it, and what was tied to it."""
    names = list(group.user_set.order_by("username").values_list("username", flat=True))
    shown = ", ".join(names[:NAMED]) + (_(" and %d more") % (len(names) - NAMED) if len(names) > NAMED else "")
    who = _("Who has it loses the rights that come with it: %s.") % shown if names else _("Nobody has it.")
    return f"{who} {_('Workflow rights and questions that name it reach nobody by it any more.')}"


def depends_on(request: Asked, group: Group) -> bool:
    """Tell whether somebody manages the members by this role alone."""
    others = Group.objects.filter(user=request.user, permissions__codename=MANAGER).exclude(pk=group.pk)
    return not request.user.is_superuser and group in request.user.groups.all() and not others.exists()


def allow(group: Group, rights: list[str]) -> None:
    kept = group.permissions.exclude(content_type__app_label=APP)
    given = Permission.objects.filter(content_type__app_label=APP, codename__in=rights)
    group.permissions.set([*kept, *given])


def rights_of(group: Group) -> list[str]:
    names = set(group.permissions.filter(content_type__app_label=APP).values_list("codename", flat=True))
    return [right for right in RIGHTS if right in names]


def roles_page(request: Asked, form: SchemaForm, *, fault: str = "", status: int = 200) -> HttpResponse:
    groups = Group.objects.annotate(members=Count("user")).order_by("name")
    context = {
        "rows": [(group, [WORDS[right] for right in rights_of(group)]) for group in groups],
        "form": form,
        "fault": fault,
    }
    return show(request, "settings/roles.html", context, status=status)


def role_page(request: Asked, group: Group, form: SchemaForm, fault: str = "", status: int = 200) -> HttpResponse:
    context = {"group": group, "form": form, "fault": fault, "members": group.user_set.order_by("username")[:100]}
    return show(request, "settings/role.html", context, status=status)


@require_http_methods(FORM)
@page("manage_members", door=())
def grants(request: Asked) -> HttpResponse:
    """List who has which role on which workflow, and grant one more."""
    form = grant_form()
    if request.method != "POST":
        return grants_page(request, form)
    bound = form.bind(request.POST)
    if not bound.is_valid():
        return grants_page(request, bound, status=200 if bound.is_edit else 422)
    value = said(bound, GrantIn)
    group, given = (Group.objects.get(name=name) for name in (value.group, value.role))
    try:
        WorkflowGrant.objects.create(workflow_id=value.workflow, group=group, role=given)
    except IntegrityError:
        return grants_page(request, bound, fault=_("They have this role there already."), status=409)
    after = {"members of": group.name, "role": given.name}
    note(request, "grant", Thing("workflow", value.workflow, value.workflow), after=after)
    given_now = {"group": group.name, "role": given.name, "workflow": value.workflow}
    messages.success(request, _("Members of %(group)s have the role %(role)s on %(workflow)s.") % given_now)
    return redirect("settings:grants")


@require_POST
@page("manage_members", door=())
def revoke_grant(request: Asked, grant_id: int) -> HttpResponse:
    grant = get_object_or_404(WorkflowGrant.objects.select_related("group", "role"), pk=grant_id)
    before = {"members of": grant.group.name, "role": grant.role.name}
    workflow_id = grant.workflow_id
    grant.delete()
    note(request, "grant_revoked", Thing("workflow", workflow_id, workflow_id), before=before)
    left = WorkflowGrant.objects.filter(workflow_id=workflow_id).exists()
    words = (
        _("The grant is taken back.") if left else _("The grant is taken back. %s is open to everybody's roles again.")
    )
    messages.success(request, words if left else words % workflow_id)
    return redirect("settings:grants")


def grants_page(request: Asked, form: SchemaForm, *, fault: str = "", status: int = 200) -> HttpResponse:
    found = WorkflowGrant.objects.select_related("group", "role").order_by("workflow_id", "group__name")
    return show(request, "settings/grants.html", {"grants": found, "form": form, "fault": fault}, status=status)
