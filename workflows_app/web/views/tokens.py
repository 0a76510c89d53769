"""Tokens by which programs act for a person: made once shown once, and taken back."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from workflows_app.models import Token
from workflows_app.models.token import MARK, SHOWN, TokenQuerySet, digest_of, new_text
from workflows_app.rights import reach_of
from workflows_app.roles import RIGHTS
from workflows_app.web.activity import Thing, note
from workflows_app.web.forms import BoundForm, SchemaForm
from workflows_app.web.http import DIALOG, Asked, ask_first, leave, may, page, show
from workflows_app.web.http import RIGHTS as WORDS
from workflows_app.web.people.forms import NONE, TokenIn, said, token_form
from workflows_app.web.views.profile import FORM

API = ("view_run", "view_payload")
"""Without these the API answers nothing."""


@require_http_methods(FORM)
@page("manage_tokens", door=())
def tokens(request: Asked) -> HttpResponse:
    form = token_form(offered(request))
    if request.method != "POST":
        return listing(request, form.initial({"name": "", "scopes": [right for right in API if may(request, right)]}))
    bound = form.bind(request.POST)
    if not bound.is_valid():
        return listing(request, bound, status=200 if bound.is_edit else 422)
    text = make(request, bound)
    # Not redirected: this is the only time that the text is known.
    return listing(request, form, text=text)


def offered(request: Asked) -> list[str]:
    """List the rights that a token of this person may have."""
    reach = reach_of(request.user)
    return [right for right in RIGHTS if right not in NONE and reach.somewhere(right)]


def make(request: Asked, form: BoundForm) -> str:
    value, text = said(form, TokenIn), new_text()
    token = Token.objects.create(
        user=request.user,
        name=value.name,
        begins=text[: len(MARK) + SHOWN],
        digest=digest_of(text),
        scopes=sorted(value.scopes),
        created_at=timezone.now(),
        expires_at=end_of(value.ends) if value.ends else None,
    )
    after = {"rights": token.scopes, "until": str(value.ends or "taken back")}
    note(request, "token", Thing("token", token.begins), reason=token.name, after=after)
    return text


def end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


def listing(request: Asked, form: SchemaForm, *, text: str = "", status: int = 200) -> HttpResponse:
    tokens = [(token, words_of(token)) for token in visible(request).order_by("-created_at")]
    context = {"form": form, "tokens": tokens, "text": text}
    return show(request, "settings/tokens.html", context, status=status)


def words_of(token: Token) -> list[str]:
    """Say what a token may do."""
    return [str(words) for right, words in WORDS.items() if right in token.scopes]


def visible(request: Asked) -> TokenQuerySet:
    """Find the tokens of a person; who manages the members sees everybody's."""
    found: TokenQuerySet = Token.objects.select_related("user")
    return found if may(request, "manage_members") else found.filter(user=request.user)


@require_http_methods(DIALOG)
@page("manage_tokens", door=())
def revoke(request: Asked, token_id: int) -> HttpResponse:
    token = get_object_or_404(visible(request), pk=token_id)
    if request.method != "POST":
        title, back = _("Take back the token “%s”?") % token.name, reverse("settings:tokens")
        lost = _("A program that sends it is refused from now on. It cannot be given again; you can make another.")
        return ask_first(request, title, lost, _("Take it back"), back)
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        note(request, "token_revoked", Thing("token", token.begins), reason=token.name)
    messages.success(request, _("The token %s does not work any more.") % token.name)
    return leave(request, reverse("settings:tokens"))
