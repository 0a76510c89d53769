"""What a person is told by mail and on devices: of what kinds, about which workflows, and a mail each morning."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from workflows_app import runtime
from workflows_app.approvals.digests import next_morning
from workflows_app.approvals.notices import KINDS, devices
from workflows_app.approvals.policy import RIGHTS
from workflows_app.conf import get_conf
from workflows_app.models import Profile
from workflows_app.rights import reach_of
from workflows_app.web.activity import Thing, note
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import Asked, page, show
from workflows_app.web.people.browsers import browser_of
from workflows_app.web.people.devices import own_device
from workflows_app.web.people.forms import MailsIn, mails_form, said
from workflows_app.web.people.signin import profile_of


@require_http_methods(["GET", "HEAD", "POST"])
@page(door=())
def mails(request: Asked) -> HttpResponse:
    chosen = profile_of(request.user)
    pushes = bool(get_conf().push_key)
    form, before = mails_form(workflows_of(request, chosen), pushes=pushes), choices_of(chosen, pushes=pushes)
    if request.method != "POST":
        return shown(request, form.initial(before))
    bound = form.bind(request.POST)
    if not bound.is_valid():
        return shown(request, bound, status=200 if bound.is_edit else 422)
    # What nobody was asked stays as it is.
    after = said(bound, MailsIn).model_dump(include=set(before))
    keep(request, chosen, after)
    changed = sorted(name for name in before if before[name] != after[name])
    if changed:
        was, now = ({name: values[name] for name in changed} for values in (before, after))
        note(request, "mails", Thing("account", request.user.get_username()), before=was, after=now)
    messages.success(request, _("Your choice is saved."))
    return redirect("settings:mails")


def choices_of(chosen: Profile, *, pushes: bool) -> dict[str, Any]:
    mails = {
        "mails": [kind for kind in KINDS if kind not in chosen.silent],
        "digest": chosen.digest_at is not None,
        "silent": chosen.silent_workflows,
    }
    kinds = [kind for kind in KINDS if kind not in chosen.silent_pushes]
    return mails | ({"pushes": kinds, "silent_pushes": chosen.silent_push_workflows} if pushes else {})


def keep(request: Asked, chosen: Profile, said: dict[str, Any]) -> None:
    """Keep what was chosen; a daily mail that was wanted before stays due when it was."""
    due = chosen.digest_at or next_morning(chosen.zone, timezone.now())
    columns = {
        "silent": [kind for kind in KINDS if kind not in said["mails"]],
        "silent_workflows": said["silent"],
        "digest_at": due if said["digest"] else None,
    }
    if "pushes" in said:
        columns["silent_pushes"] = [kind for kind in KINDS if kind not in said["pushes"]]
        columns["silent_push_workflows"] = said["silent_pushes"]
    Profile.objects.update_or_create(user=request.user, defaults=columns)


def workflows_of(request: Asked, chosen: Profile) -> list[str]:
    """Name the workflows that could ask the person something, and those they want to hear nothing of."""
    reach = reach_of(request.user)
    known = (offer.workflow.id for offer in runtime.get_catalogue() if offer.workflow is not None)
    asking = {name for name in known if any(reach.allows(right, name) for right in (*RIGHTS, "start_run"))}
    return sorted(asking.union(chosen.silent_workflows, chosen.silent_push_workflows))


def shown(request: Asked, form: SchemaForm, *, status: int = 200) -> HttpResponse:
    found = devices().filter(person=request.user).order_by("-since")
    theirs = [(device, browser_of(device.agent) or _("unknown")) for device in found]
    context = {"form": form, "point": get_conf().push_point, "devices": theirs, "own": own_device(request)}
    return show(request, "settings/mails.html", context, status=status)
