"""Webhooks as people and programs manage them: what is said of one, and who may have it."""

from __future__ import annotations

import secrets
from typing import Annotated, Final

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import AfterValidator, BaseModel, Field

from workflows_app.models import Webhook
from workflows_app.models.seal import seal
from workflows_app.rights import Reach, reach_of
from workflows_app.web.activity import Thing, note
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import Asked, not_allowed, offers
from workflows_app.web.people.forms import form
from workflows_app.webhooks.addresses import Refused, checked_url

ALL: Final = ""
MOST: Final = 100
"""Every rest of every run is compared with every webhook."""


def address(text: str) -> str:
    """Read the address of a webhook. Raises: ValueError"""
    try:
        checked_url(text)
    except Refused as error:
        raise ValueError(str(error)) from None
    return text


HookUrl = Annotated[str, AfterValidator(address), Field(json_schema_extra={"format": "uri"})]


class WebhookIn(BaseModel):
    """A webhook that is to be made."""

    url: HookUrl = Field(title=gettext_noop("Address"), description=gettext_noop("It is sent a signed POST."))
    workflow: str = Field(ALL, title=gettext_noop("Of which workflow"))
    on_finished: bool = Field(True, title=gettext_noop("When a run has finished"))
    on_suspended: bool = Field(True, title=gettext_noop("When a run waits for somebody"))


def webhook_form() -> SchemaForm:
    names = sorted(offer.workflow.id for offer in offers() if offer.workflow is not None)
    return form(WebhookIn, "webhook", {"workflow": [(ALL, _("All workflows")), *((name, name) for name in names)]})


def make(request: Asked, given: WebhookIn) -> tuple[Webhook, str]:
    """Make a webhook, and give its secret with it.

    Raises: PermissionDenied where the person may not see what it would tell
    """
    if not may_hear(reach_of(request.user), given.workflow):
        raise PermissionDenied(not_allowed("view_run"))
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    hook = Webhook.objects.create(
        url=given.url,
        sealed_secret=seal(secret),
        workflow_id=given.workflow,
        on_finished=given.on_finished,
        on_suspended=given.on_suspended,
        made_by=request.user.get_username(),
        created_at=timezone.now(),
    )
    note(request, "webhook", thing(hook), after={"address": hook.url, "events": hook.events})
    return hook, secret


def may_hear(reach: Reach, workflow_id: str) -> bool:
    """Tell whether a person may see the runs that a webhook would tell of."""
    if workflow_id:
        return reach.allows("view_run", workflow_id)
    return reach.is_all or (
        "view_run" in reach.everywhere and all("view_run" in rights for rights in reach.tied.values())
    )


def thing(hook: Webhook) -> Thing:
    return Thing("webhook", str(hook.pk), hook.workflow_id)
