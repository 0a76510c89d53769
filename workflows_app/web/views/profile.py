"""What a person sets for themselves: profile, password, and where they are signed in."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from workflows_app.approvals.digests import next_morning
from workflows_app.models import Profile, SignIn
from workflows_app.web.activity import Thing, note
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import Asked, page, show
from workflows_app.web.people.browsers import browser_of
from workflows_app.web.people.devices import YEAR, forget_others
from workflows_app.web.people.forms import (
    STUDIO_ZONE,
    ProfileIn,
    is_known_by_address,
    profile_form,
    said,
    with_plain_help,
)
from workflows_app.web.people.signin import profile_of

FORM = ["GET", "HEAD", "POST"]


@require_http_methods(FORM)
@page(door=())
def profile(request: Asked) -> HttpResponse:
    person, chosen = request.user, profile_of(request.user)
    before = {
        "display_name": person.first_name, "email": person.email, "zone": chosen.zone or STUDIO_ZONE,
        "theme": str(chosen.theme), "keys": chosen.keys,
        "moved": [{"press": press, "means": means} for press, means in chosen.moved.items()],
    }  # fmt: skip
    if request.method != "POST":
        zone = STUDIO_ZONE if chosen.is_zone_gone else before["zone"]
        given = {name: value for name, value in before.items() if name != "email" or not is_known_by_address()}
        return shown(request, profile_form().initial({**given, "zone": zone}))
    bound = profile_form().bind(request.POST)
    if not bound.is_valid():
        return shown(request, bound, status=200 if bound.is_edit else 422)
    value = said(bound, ProfileIn)
    if is_known_by_address():
        value.email = person.email
    after = value.model_dump()
    person.first_name, person.email = value.display_name, value.email
    person.save(update_fields=["first_name", "email"])
    zone = "" if value.zone == STUDIO_ZONE else value.zone
    moved = {one.press: one.means for one in value.moved}
    columns = {"zone": zone, "theme": value.theme, "keys": value.keys, "moved": moved}
    if chosen.digest_at is not None:
        columns["digest_at"] = next_morning(zone, timezone.now())
    Profile.objects.update_or_create(user=person, defaults=columns)
    changed = {name for name in before if before[name] != after[name]}
    if changed:
        was, now = ({name: values[name] for name in sorted(changed)} for values in (before, after))
        note(request, "profile", Thing("account", person.get_username()), before=was, after=now)
    messages.success(request, gettext("Your settings are saved."))
    response = redirect("settings:profile")
    # The browser keeps these two, so that a page is right before anything is known of the person.
    for name, choice in (("theme", value.theme), ("keys", "on" if value.keys else "off")):
        response.set_cookie(name, choice, max_age=YEAR, samesite="Lax")
    return response


def shown(request: Asked, form: SchemaForm, *, status: int = 200) -> HttpResponse:
    roles = [group.name for group in request.user.groups.order_by("name")]
    context = {"form": form, "roles": roles, "has_fixed_address": is_known_by_address()}
    return show(request, "settings/profile.html", context, status=status)


@require_http_methods(FORM)
@page(door=())
def password(request: Asked) -> HttpResponse:
    """Change the password; other browsers are signed out by it."""
    form = with_plain_help(PasswordChangeForm(request.user, request.POST if request.method == "POST" else None))
    if request.method != "POST" or not form.is_valid():
        return show(request, "settings/password.html", {"form": form}, status=422 if form.is_bound else 200)
    form.save()
    update_session_auth_hash(request, request.user)
    forget_others(request, request.user)
    note(request, "password", Thing("account", request.user.get_username()))
    messages.success(request, gettext("Your password is changed. Other browsers are signed out."))
    return redirect("settings:password")


@require_safe
@page(door=())
def sessions(request: Asked) -> HttpResponse:
    """List the browsers in which the person is signed in."""
    found = SignIn.objects.filter(user=request.user).order_by("-at")
    own = request.session.session_key
    rows = [(sign_in, browser_of(sign_in.agent), sign_in.session_id == own) for sign_in in found]
    return show(request, "settings/sessions.html", {"rows": rows, "has_accounts": settings.STUDIO_AUTH != "none"})


@require_POST
@page(door=())
def sign_out_others(request: Asked) -> HttpResponse:
    """End every other session of the person."""
    others = SignIn.objects.filter(user=request.user).exclude(session=request.session.session_key)
    count, _ = Session.objects.filter(pk__in=list(others.values_list("session", flat=True))).delete()
    forget_others(request, request.user)
    if count:
        note(request, "sign_out_others", Thing("account", request.user.get_username()))
    words = gettext("Every other browser is signed out.") if count else gettext("No other browser was signed in.")
    messages.success(request, words)
    return redirect("settings:sessions")
