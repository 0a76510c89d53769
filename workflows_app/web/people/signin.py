"""Who is asking: the local person where nobody signs in, an account everywhere else.

With `STUDIO_AUTH=none` the studio listens on loopback only, and whoever reaches it is the one person
of this machine: the user `local`, who may do everything. Pages, API and sockets see an ordinary user
in both cases, so nothing else in the project asks which of the two it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext

from workflows_app.models import Profile, SignIn, Token
from workflows_app.models.profile import zone_of
from workflows_app.rights import Person, narrow, reach_of
from workflows_app.web.activity import address_of
from workflows_app.web.pace import PacedSockets, too_fast

LOCAL_NAME = "local"
USED_EVERY = timedelta(minutes=1)
PROGRAMS = ("/api/", "/metrics/")
"""Where programs come, with tokens, and where a redirect to the form would help nobody."""


def local_person() -> User:
    """Find the person of this machine; the first call makes the account, which no password opens."""
    rights = {"is_staff": True, "is_superuser": True, "password": make_password(None)}
    return User.objects.select_related("profile").get_or_create(username=LOCAL_NAME, defaults=rights)[0]


class LocalPersonMiddleware(MiddlewareMixin):
    """Make every request one of the local person."""

    def process_request(self, request: HttpRequest) -> None:
        person = local_person()

        async def auser() -> User:
            return person

        request.user = person
        request.auser = auser


class LocalPersonSockets:
    """Make every socket one of the local person."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        person = await database_sync_to_async(local_person)()
        return await self.application({**scope, "user": person}, receive, send)


def still_signed_in(person: Any, session: Any) -> User | None:
    """Read anew whose an open connection is: nobody's once the account, the session or the password has ended."""
    if person is None or person.pk is None:
        return None
    known = User.objects.filter(pk=person.pk, is_active=True).first()
    if known is None or session is None or not session.session_key:
        return known
    kept = import_module(settings.SESSION_ENGINE).SessionStore(session.session_key).load()
    is_whole = constant_time_compare(kept.get(HASH_SESSION_KEY, ""), known.get_session_auth_hash())
    return known if is_whole and kept.get(SESSION_KEY) == str(known.pk) else None


class Can:
    """What a person may do somewhere, for templates: `{% if can.start_run %}`."""

    def __init__(self, person: Person) -> None:
        self.person = person

    def __getitem__(self, right: str) -> bool:
        return reach_of(self.person).somewhere(right)


def person(request: HttpRequest) -> dict[str, object]:
    """Tell templates what the person who asks may do and has chosen; nobody may do anything."""
    asking = getattr(request, "user", AnonymousUser())
    return {"can": Can(asking), "chosen": profile_of(asking)}


class ZoneMiddleware(MiddlewareMixin):
    """Show every moment in the zone that the person chose, else in the studio's."""

    def process_request(self, request: HttpRequest) -> None:
        chosen = profile_of(request.user).zone
        if chosen:
            timezone.activate(zone_of(chosen))
        else:
            timezone.deactivate()


class TokenMiddleware(MiddlewareMixin):
    """Let a program act for the person whose token it sends, with the rights that the token has."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not request.path_info.startswith(PROGRAMS):
            return None
        token = Token.objects.of_text(text.strip())
        if token is None:
            sentence = gettext("This token is unknown, has ended, or was taken back.")
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            refused = JsonResponse({"error": sentence}, status=401, headers=challenge)
            return too_fast(request, "read", f"address {address_of(request)}") or refused
        person = token.user
        narrow(person, frozenset(token.scopes))
        request.user = person
        request.META["STUDIO_TOKEN"] = token.pk
        request.META["STUDIO_VIA"] = f"token {token.begins}"
        used = Q(used_at=None) | Q(used_at__lt=timezone.now() - USED_EVERY)
        Token.objects.filter(used, pk=token.pk).update(used_at=timezone.now())
        return None


@receiver(user_logged_in)
def remember(request: HttpRequest, user: User, **_: Any) -> None:
    """Note the browser in which somebody signed in, so that they can sign it out from another."""
    key = request.session.session_key
    if key and Session.objects.filter(pk=key).exists():
        facts = {"at": timezone.now(), "ip": address_of(request), "agent": request.headers.get("user-agent", "")[:300]}
        SignIn.objects.update_or_create(session_id=key, defaults={"user": user, **facts})


def profile_of(person: Person) -> Profile:
    """Give what a person chose, or the defaults."""
    found = getattr(person, "profile", None)
    return found if isinstance(found, Profile) else Profile()


def signed_in_sockets(application: Any) -> Any:
    """Wrap the socket routes so that `scope["user"]` is the person who asks."""
    paced = PacedSockets(application)
    return LocalPersonSockets(paced) if settings.STUDIO_AUTH == "none" else AuthMiddlewareStack(paced)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Send who is not signed in to the form; callers that cannot follow a redirect are told so."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        response = super().process_view(request, view_func, view_args, view_kwargs)
        if response is None:
            return None
        if request.path_info.startswith(PROGRAMS):
            challenge = {"WWW-Authenticate": "Bearer"}
            return JsonResponse({"error": gettext("Sign in, or send a token.")}, status=401, headers=challenge)
        if request.headers.get("HX-Request") == "true":
            # htmx would put the page of the form into a fragment's place.
            return HttpResponse(status=401, headers={"HX-Redirect": response.headers["Location"]})
        return response
