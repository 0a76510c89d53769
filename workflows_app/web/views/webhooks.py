"""Webhooks: who is told when runs rest, what was sent last, and what came back."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from workflows_app.models import Delivery, Webhook
from workflows_app.web.activity import note
from workflows_app.web.forms import SchemaForm
from workflows_app.web.http import DIALOG, Asked, ask_first, leave, page, show
from workflows_app.web.people.forms import said
from workflows_app.web.views.profile import FORM
from workflows_app.web.webhooks import ALL, MOST, WebhookIn, make, thing, webhook_form

SHOWN = 100


@require_http_methods(FORM)
@page("manage_webhooks", door=())
def webhooks(request: Asked) -> HttpResponse:
    form = webhook_form()
    if request.method != "POST":
        return listing(request, form.initial({"url": "", "workflow": ALL}))
    bound = form.bind(request.POST)
    if not bound.is_valid():
        return listing(request, bound, status=200 if bound.is_edit else 422)
    if Webhook.objects.count() >= MOST:
        return listing(request, bound, problem=_("There are %s webhooks. Delete one first.") % MOST, status=409)
    made, secret = make(request, said(bound, WebhookIn))
    # Not redirected: this is the only time that the secret is shown.
    return listing(request, form, made=made, secret=secret)


def listing(
    request: Asked, form: SchemaForm, *, made: Webhook | None = None, secret: str = "", problem: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    hooks = Webhook.objects.annotate(waiting=Count("deliveries", filter=Q(deliveries__done_at__isnull=True)))
    context = {"form": form, "hooks": hooks.order_by("-created_at"), "made": made, "secret": secret, "fault": problem}
    return show(request, "settings/webhooks.html", context, status=status)


@require_safe
@page("manage_webhooks", door=())
def webhook(request: Asked, webhook_id: int) -> HttpResponse:
    """Show what was sent last, and what came back."""
    hook = get_object_or_404(Webhook, pk=webhook_id)
    deliveries = hook.deliveries.order_by("-id")[:SHOWN]
    return show(request, "settings/webhook.html", {"hook": hook, "deliveries": deliveries})


@require_POST
@page("manage_webhooks", door=())
def switch(request: Asked, webhook_id: int) -> HttpResponse:
    """Stop telling an address, or begin again."""
    hook = get_object_or_404(Webhook, pk=webhook_id)
    hook.is_active = not hook.is_active
    hook.save(update_fields=["is_active"])
    note(request, "webhook_changed", thing(hook), after={"active": hook.is_active})
    return redirect("settings:webhook", webhook_id)


@require_POST
@page("manage_webhooks", door=())
def send_again(request: Asked, webhook_id: int, delivery_id: int) -> HttpResponse:
    """Have a delivery tried at once, also one that was given up."""
    delivery = get_object_or_404(Delivery, pk=delivery_id, webhook=webhook_id)
    delivery.retry()
    messages.success(request, _("It is sent again."))
    return redirect("settings:webhook", webhook_id)


@require_http_methods(DIALOG)
@page("manage_webhooks", door=())
def delete(request: Asked, webhook_id: int) -> HttpResponse:
    hook = get_object_or_404(Webhook, pk=webhook_id)
    if request.method != "POST":
        return ask_first(
            request, _("Delete the webhook %s?") % hook, lost_with(hook), _("Delete this webhook"),
            reverse("settings:webhook", args=[hook.pk]),
        )  # fmt: skip
    note(request, "webhook_deleted", thing(hook), before={"address": hook.url})
    hook.delete()
    messages.success(request, _("The webhook is deleted, with what was sent to it."))
    return leave(request, reverse("settings:webhooks"))


def lost_with(hook: Webhook) -> str:
    told, due = hook.deliveries.count(), hook.deliveries.filter(done_at=None).count()
    known = ngettext(
        "The list of %d message to it and how it was answered goes with it.",
        "The list of %d messages to it and how they were answered goes with it.",
        told,
    )
    left = ngettext("%d that is due is not sent any more.", "%d that are due are not sent any more.", due)
    sentences = (_("It is told nothing any more."), known % told if told else "", left % due if due else "")
    return " ".join(filter(None, sentences))
