"""The members: who they are, what they may do, and the link with which a new one sets a password."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from workflows_app.web.activity import Thing, note
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import Asked, named, page, show
from workflows_app.web.people.forms import TAKEN, MemberIn, NewMemberIn, member_form, said
from workflows_app.web.people.signin import LOCAL_NAME
from workflows_app.web.views.profile import FORM

MOST = 500


@require_safe
@page("manage_members", door=())
def members(request: Asked) -> HttpResponse:
    wanted = named(request.GET, "q").strip()[:150]
    found = User.objects.exclude(username=LOCAL_NAME).prefetch_related("groups").order_by("username")
    if wanted:
        found = found.filter(username__icontains=wanted) | found.filter(first_name__icontains=wanted)
    context = {"people": found[:MOST], "q": wanted, "has_accounts": settings.STUDIO_AUTH != "none"}
    return show(request, "settings/members.html", context)


@require_http_methods(FORM)
@page("manage_members", door=())
def new_member(request: Asked) -> HttpResponse:
    form = member_form(NewMemberIn)
    if request.method != "POST":
        return member_page(request, None, form.initial({"name": "", "roles": ["Viewer"], "active": True}))
    bound = form.bind(request.POST)
    if not bound.is_valid():
        return member_page(request, None, bound, status=200 if bound.is_edit else 422)
    value = said(bound, NewMemberIn)
    try:
        with transaction.atomic():
            member = User.objects.create_user(value.name)
    except IntegrityError:
        # Somebody else took the name after the form was checked.
        return member_page(request, None, replace(bound, errors={"member.name": str(TAKEN)}), status=422)
    change(member, value)
    note(request, "member_added", Thing("account", member.username), after=facts_of(member))
    return member_page(request, member, form_of(member), link=link_for(request, member))


@require_http_methods(FORM)
@page("manage_members", door=())
def member(request: Asked, name: str) -> HttpResponse:
    somebody = get_object_or_404(User.objects.exclude(username=LOCAL_NAME), username=name)
    if request.method != "POST":
        return member_page(request, somebody, form_of(somebody))
    bound = member_form(MemberIn).bind(request.POST)
    if not bound.is_valid():
        return member_page(request, somebody, bound, status=200 if bound.is_edit else 422)
    if fault := stands_above(request, somebody):
        return member_page(request, somebody, bound, fault=fault, status=403)
    value = said(bound, MemberIn)
    if fault := locks_oneself_out(request, somebody, value):
        return member_page(request, somebody, bound, fault=fault, status=409)
    before = facts_of(somebody)
    change(somebody, value)
    after = facts_of(somebody)
    if before != after:
        note(request, "member_changed", Thing("account", name), before=before, after=after)
    messages.success(request, _("%s is changed.") % name)
    return redirect("settings:members")


def stands_above(request: Asked, member: User) -> str:
    """Refuse to change an administrator or to set their password, which would make one of whoever does it."""
    above = member.is_superuser and not request.user.is_superuser
    return _("Only an administrator can change the account of an administrator.") if above else ""


def locks_oneself_out(request: Asked, member: User, value: MemberIn) -> str:
    """Refuse what would leave nobody to take it back."""
    if member.pk != request.user.pk or member.is_superuser:
        return "" if member.pk != request.user.pk or value.active else _("You cannot keep yourself from signing in.")
    stays = Group.objects.filter(name__in=value.roles, permissions__codename="manage_members").exists()
    return "" if value.active and stays else _("You would lose the right to manage members. Let somebody else do it.")


def change(member: User, value: MemberIn) -> None:
    member.first_name, member.email, member.is_active = value.display_name, value.email, value.active
    member.save(update_fields=["first_name", "email", "is_active"])
    member.groups.set(Group.objects.filter(name__in=value.roles))


def facts_of(member: User) -> dict[str, Any]:
    roles = sorted(member.groups.values_list("name", flat=True))
    return {
        "display name": member.first_name, "e-mail": member.email, "roles": roles, "may sign in": member.is_active,
    }  # fmt: skip


def form_of(member: User) -> SchemaForm:
    roles = list(member.groups.values_list("name", flat=True))
    value = {"display_name": member.first_name, "email": member.email, "roles": roles, "active": member.is_active}
    return member_form(MemberIn).initial(value)


@require_POST
@page("manage_members", door=())
def invite(request: Asked, name: str) -> HttpResponse:
    """Make a link with which somebody sets a new password; the old link ends when it was used."""
    somebody = get_object_or_404(User.objects.filter(is_active=True).exclude(username=LOCAL_NAME), username=name)
    if fault := stands_above(request, somebody):
        return member_page(request, somebody, form_of(somebody), fault=fault, status=403)
    note(request, "member_invited", Thing("account", name))
    return member_page(request, somebody, form_of(somebody), link=link_for(request, somebody))


def link_for(request: Asked, member: User) -> str:
    names = [urlsafe_base64_encode(force_bytes(member.pk)), default_token_generator.make_token(member)]
    return request.build_absolute_uri(reverse("set-password", args=names))


def member_page(
    request: Asked, member: User | None, form: SchemaForm, *, link: str = "", fault: str = "", status: int = 200
) -> HttpResponse:
    days = settings.PASSWORD_RESET_TIMEOUT // 86_400
    context = {"member": member, "form": form, "link": link, "days": days, "fault": fault}
    return show(request, "settings/member.html", context, status=status)
