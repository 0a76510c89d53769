"""Every address of the project: signing in and out, and the app.

Of allauth there are only the two addresses of single sign-on: the way to the provider and the way back.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from workflows_app.web.views.accounts import SetPasswordView, SignInView

SSO = "allauth.socialaccount.providers.openid_connect.urls"
handler500 = "workflows_app.web.broken.broken"
urlpatterns = [
    path("accounts/login/", SignInView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password/<uidb64>/<token>/", SetPasswordView.as_view(), name="set-password"),
    *([path("accounts/", include(SSO))] if settings.SINGLE_SIGN_ON else []),
    path("", include("workflows_app.urls")),
]
