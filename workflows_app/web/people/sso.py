"""Who gets in by single sign-on, and as whom. Only loaded where `STUDIO_AUTH=allauth`; settings name it.

Whom the provider vouches for is looked up by what the provider calls them, then by the address it has verified.
Who is unknown gets an account only if the address is of a domain that the settings name.
"""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse  # type: ignore[import-untyped]
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter  # type: ignore[import-untyped]
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from workflows_app.web.activity import Thing, note


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """What allauth asks: whether somebody may come in, and what becomes of them."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Stop whose account is shut, and who only wants to tie accounts together: that is done by address."""
        if sociallogin.is_existing and not sociallogin.user.is_active:
            raise refusal(request, sociallogin.user.get_username(), _("Your account may not sign in."))
        sociallogin.state["process"] = "login"

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:
        """Find the one account that has an address which the provider has verified.

        Of several nobody can say whose it is, so then it is nobody's.
        """
        for email in verified(sociallogin):
            if len(found := with_address(email)) == 1:
                return found[0], email
        return None

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Let somebody new in, or say why not."""
        email = next(iter(verified(sociallogin)), "")
        if not email:
            raise refusal(request, "", _("Your sign-on did not say a mail address that it has verified."))
        if with_address(email):
            raise refusal(request, email, _("More than one account has your mail address, so none can be opened."))
        if email.rpartition("@")[2].lower() not in settings.SINGLE_SIGN_ON["domains"]:
            raise refusal(request, email, _("You have no account here. Somebody who manages the members can add you."))
        return True

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        """Make the account, with the role that the settings name."""
        user = super().save_user(request, sociallogin, form)
        role = Group.objects.filter(name=settings.SINGLE_SIGN_ON["role"]).first()
        if role is not None:
            user.groups.add(role)
        after = {"roles": role.name if role is not None else "none", "by": settings.SINGLE_SIGN_ON["name"]}
        note(request, "member_added", Thing("account", user.get_username()), actor=user.get_username(), after=after)
        return user

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        """Say that the provider turned somebody away, or that it could not be talked to."""
        raise refusal(request, "", _("The sign-on did not succeed. Try again."))


def verified(sociallogin: Any) -> list[str]:
    return [address.email for address in sociallogin.email_addresses if address.verified]


def with_address(email: str) -> list[User]:
    return list(User.objects.filter(email__iexact=email)[:2])


def refusal(request: HttpRequest, who: str, sentence: str) -> ImmediateHttpResponse:
    """Note who was not let in, and give the page that says why."""
    note(request, "sign_in_failed", Thing("account", who), actor=who or "unknown", reason=sentence)
    response: HttpResponse = render(request, "registration/refused.html", {"message": sentence}, status=403)
    return ImmediateHttpResponse(response)
