"""The activity log: every act of a person is noted here, by the view that carried it out.

    note(request, "cancel", of_run(head), reason=reason, before={"status": "running"}, after={"status": "canceled"})

`note` is called once the act has succeeded; an act that was refused is not one. A new verb gets its words in
`VERBS`. Values that a person typed into a form of a workflow do not belong here: the journal has them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import Error, connection
from django.dispatch import receiver
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy

from workflows_app.engine.ports import RunHead
from workflows_app.models import Activity, Run
from workflows_app.web.broken import insist

logger = logging.getLogger("workflows")
REASON: Final = 500
UNKNOWN: Final = "~"
VERBS: Final = {
    "start": gettext_lazy("started"),
    "resume": gettext_lazy("answered"),
    "cancel": gettext_lazy("canceled"),
    "restart": gettext_lazy("restarted"),
    "adopt": gettext_lazy("let go on with a changed graph"),
    "time_travel": gettext_lazy("travelled back in"),
    "fork": gettext_lazy("forked"),
    "step": gettext_lazy("ran one step of"),
    "unpause": gettext_lazy("let go on"),
    "breakpoints": gettext_lazy("changed the breakpoints of"),
    "delete": gettext_lazy("deleted"),
    "event": gettext_lazy("sent"),
    "keep": gettext_lazy("brought back"),
    "leave_out": gettext_lazy("chose what comparisons leave out of"),
    "decide": gettext_lazy("decided"),
    "comment": gettext_lazy("commented on"),
    "claim": gettext_lazy("claimed"),
    "release": gettext_lazy("gave back"),
    "hand_over": gettext_lazy("handed over"),
    "save_view": gettext_lazy("saved"),
    "delete_view": gettext_lazy("deleted"),
    "save_input": gettext_lazy("saved"),
    "delete_input": gettext_lazy("deleted"),
    "test": gettext_lazy("tested"),
    "profile": gettext_lazy("changed the settings of"),
    "mails": gettext_lazy("chose the mails of"),
    "device": gettext_lazy("turned a device on for"),
    "device_off": gettext_lazy("turned a device off for"),
    "password": gettext_lazy("changed the password of"),
    "sign_out_others": gettext_lazy("signed out other browsers of"),
    "token": gettext_lazy("made"),
    "token_revoked": gettext_lazy("took back"),
    "webhook": gettext_lazy("made"),
    "webhook_changed": gettext_lazy("changed"),
    "webhook_deleted": gettext_lazy("deleted"),
    "schedule": gettext_lazy("made"),
    "schedule_changed": gettext_lazy("changed"),
    "schedule_deleted": gettext_lazy("deleted"),
    "schedule_paused": gettext_lazy("paused"),
    "schedule_resumed": gettext_lazy("let go on"),
    "schedule_fired": gettext_lazy("started a run of"),
    "member_added": gettext_lazy("added"),
    "member_changed": gettext_lazy("changed"),
    "member_invited": gettext_lazy("made a new link for"),
    "role_added": gettext_lazy("added"),
    "role_changed": gettext_lazy("changed"),
    "role_deleted": gettext_lazy("deleted"),
    "grant": gettext_lazy("granted"),
    "grant_revoked": gettext_lazy("took back a grant of"),
    "locked_out": gettext_lazy("was locked out"),
    "sign_in": gettext_lazy("signed in"),
    "sign_in_failed": gettext_lazy("failed to sign in"),
    "sign_out": gettext_lazy("signed out"),
}
THINGS: Final = {
    "run": gettext_lazy("run"),
    "workflow": gettext_lazy("workflow"),
    "approval": gettext_lazy("approval"),
    "schedule": gettext_lazy("schedule"),
    "account": gettext_lazy("account"),
    "role": gettext_lazy("role"),
    "token": gettext_lazy("token"),
    "view": gettext_lazy("view"),
    "input": gettext_lazy("input"),
    "webhook": gettext_lazy("webhook"),
    "event": gettext_lazy("event"),
}
"""What acts are about."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What an act was about. `workflow_id` tells whose rights are needed to read of it."""

    kind: str
    id: str = ""
    workflow_id: str = ""


def of_run(run: RunHead | Run) -> Thing:
    return Thing("run", run.id, run.workflow_id)


def note(
    request: HttpRequest,
    verb: str,
    thing: Thing,
    *,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    actor: str = "",
    via: str = "",
) -> Activity:
    """Write down one act. `actor` is for acts of people who are not signed in, as by a link.

    What was done stays done, so a note that cannot be written changes no answer: the server's log has it then.
    """
    act = Activity(
        at=timezone.now(),
        actor=(actor or request.user.get_username())[:200],
        verb=verb,
        object_kind=thing.kind,
        object_id=thing.id[:200],
        workflow_id=thing.workflow_id[:200],
        reason=reason[:REASON],
        before=facts(before),
        after=facts(after),
        ip=address_of(request),
        request_id=request.META.get("STUDIO_REQUEST_ID", ""),
        via=via or request.META.get("STUDIO_VIA") or ("api" if request.path_info.startswith("/api/") else "page"),
    )
    if connection.in_atomic_block:
        # The act itself is undone with its note.
        act.save()
        return act
    try:
        insist(act.save)
    except Error as error:
        logger.critical("an act is missing in the activity log: %s", facts(model_to_dict(act)), exc_info=error)
    return act


def facts(changed: Mapping[str, Any] | None) -> str:
    return json.dumps(changed, default=str, ensure_ascii=False) if changed else ""


def reason_of(request: HttpRequest) -> str:
    """Read the reason that a form of a verb asks for."""
    return request.POST.get("reason", "").replace("\0", "").strip()[:REASON]


def address_of(request: HttpRequest) -> str:
    """Tell where a request comes from; behind a proxy, what that proxy saw.

    Only the last entry is the proxy's own: whoever asks may have sent the others.
    """
    forwarded = request.headers.get("x-forwarded-for", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return (forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", ""))[:45]


# Signing in and out is told by Django, whichever way it is done.


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    note(request, "sign_in", Thing("account", user.get_username()), actor=user.get_username())


@receiver(user_logged_out)
def note_sign_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        note(request, "sign_out", Thing("account", user.get_username()), actor=user.get_username())


@receiver(user_login_failed)
def note_failure(credentials: Mapping[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    if request is not None:
        account = account_of(str(credentials.get("username", "")))
        actor = account if not account.startswith(UNKNOWN) else "unknown"
        note(request, "sign_in_failed", Thing("account", account), actor=actor)


def account_of(name: str) -> str:
    """Name an account that somebody tried to enter; of a name that nobody has only a trace.

    People type passwords into the wrong field, so such a name is not kept.
    """
    if User.objects.filter(username=name).exists():
        return name
    return UNKNOWN + salted_hmac("studio.sign-in", name, algorithm="sha256").hexdigest()[:12]
