"""Signing in at an OpenID Connect provider, read from the environment: what `STUDIO_AUTH=allauth` adds to settings.

`STUDIO_OIDC_ISSUER`     address of the provider, as `https://login.example.org`
`STUDIO_OIDC_CLIENT_ID`  the name that the provider knows this studio by
`STUDIO_OIDC_SECRET`     the secret that belongs to it
`STUDIO_OIDC_NAME`       what the button calls the provider (default: Single sign-on)
`STUDIO_OIDC_DOMAINS`    comma-separated mail domains whose people get an account at their first sign-in (default: none)
`STUDIO_OIDC_ROLE`       role of such accounts (default: Viewer)
`STUDIO_PASSWORDS`       `false` takes the form for name and password away
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

NEEDED: Final = ("STUDIO_OIDC_ISSUER", "STUDIO_OIDC_CLIENT_ID", "STUDIO_OIDC_SECRET")
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
PROVIDER: Final = "sso"
APPS: Final = (
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
)
MIDDLEWARE: Final = ("allauth.account.middleware.AccountMiddleware",)


def single_sign_on(environment: Mapping[str, str]) -> dict[str, Any]:
    """Write the settings. Raises: ImproperlyConfigured for what is missing or cannot be"""
    if find_spec("allauth") is None:
        raise ImproperlyConfigured(
            "STUDIO_AUTH is 'allauth', but django-allauth is not installed; install workflow-studio[sso]."
        )
    missing = [name for name in NEEDED if not environment.get(name)]
    if missing:
        raise ImproperlyConfigured(f"STUDIO_AUTH is 'allauth', but these are not set: {', '.join(missing)}.")
    name = environment.get("STUDIO_OIDC_NAME") or "Single sign-on"
    app = {
        "provider_id": PROVIDER,
        "name": name,
        "client_id": environment["STUDIO_OIDC_CLIENT_ID"],
        "secret": environment["STUDIO_OIDC_SECRET"],
        "settings": {"server_url": issuer(environment["STUDIO_OIDC_ISSUER"]), "email_authentication": True},
    }
    return {
        "SINGLE_SIGN_ON": {
            "name": name,
            "passwords": passwords(environment.get("STUDIO_PASSWORDS") or "true"),
            "domains": domains(environment.get("STUDIO_OIDC_DOMAINS", "")),
            "role": environment.get("STUDIO_OIDC_ROLE") or "Viewer",
        },
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}},
        "SOCIALACCOUNT_ADAPTER": "workflows_app.web.people.sso.Adapter",
        # A form would be stopped by the policy that forms lead nowhere but to the studio.
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT": True,
        "SOCIALACCOUNT_EMAIL_VERIFICATION": "none",
        "SOCIALACCOUNT_ONLY": True,
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_RATE_LIMITS": False,
    }


def passwords(text: str) -> bool:
    if text not in ("true", "false"):
        raise ImproperlyConfigured(f"STUDIO_PASSWORDS is {text!r}; set it to one of: true, false.")
    return text == "true"


def issuer(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ImproperlyConfigured(f"STUDIO_OIDC_ISSUER is {address!r}; it must begin with https://.")
    return address.rstrip("/")


def domains(text: str) -> tuple[str, ...]:
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for domain in found:
        if "@" in domain or "*" in domain or "." not in domain:
            raise ImproperlyConfigured(f"STUDIO_OIDC_DOMAINS has {domain!r}; write domains like example.org.")
    return found
