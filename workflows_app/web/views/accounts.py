"""Signing in, and the link with which a member sets a password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, PasswordResetConfirmView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflows_app.web.activity import Thing, account_of, note
from workflows_app.web.http import named
from workflows_app.web.people.devices import forget_others
from workflows_app.web.people.forms import with_plain_help
from workflows_app.web.people.lockout import WINDOW, is_locked

WAIT = gettext_lazy("Too many tries. Wait %s minutes, or ask somebody who manages the members for a new link.")


def has_passwords() -> bool:
    """Tell whether people may sign in with a name and a password."""
    return bool(settings.SINGLE_SIGN_ON.get("passwords", True))


class SignInView(LoginView):
    """The form to sign in. Whoever tried too often has to wait."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ways = {"sso": settings.SINGLE_SIGN_ON, "has_passwords": has_passwords()}
        return super().get_context_data(**kwargs) | ways

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not has_passwords():
            raise PermissionDenied(_("Nobody signs in with a password here."))
        name = named(request.POST, "username")
        if is_locked(request, name):
            return self.shut(self.get_form())
        response = super().post(request, *args, **kwargs)
        if not request.user.is_authenticated and is_locked(request, name):
            account = account_of(name)
            note(request, "locked_out", Thing("account", account), actor=account)
        return response

    def shut(self, form: AuthenticationForm) -> HttpResponse:
        # Unbound, so that the password is not even looked at.
        wait = WAIT % (WINDOW.seconds // 60)
        context = self.get_context_data(form=type(form)(self.request), next=self.get_success_url(), wait=wait)
        headers = {"Retry-After": str(WINDOW.seconds)}
        return self.render_to_response(context, status=429, headers=headers)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response


class SetPasswordView(PasswordResetConfirmView):
    """What the link of an invitation opens; it works once, until it ends."""

    template_name = "registration/set_password.html"
    success_url = reverse_lazy("login")
    user: User

    def get_form(self, form_class: type[SetPasswordForm[User]] | None = None) -> SetPasswordForm[User]:
        return with_plain_help(super().get_form(form_class))

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        response = super().form_valid(form)
        forget_others(self.request, self.user)
        name = self.user.get_username()
        note(self.request, "password", Thing("account", name), actor=name, via="link")
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return response
