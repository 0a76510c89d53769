"""The one settings file: every choice is read from the environment, and a bad value is refused.

`STUDIO_DATA_DIR`        folder of the database and the secret key (default: `.studio` beside manage.py)
`STUDIO_DATABASE`        `postgresql://user:password@host:port/name` in place of SQLite; also `DATABASE_URL`
`STUDIO_REDIS`           `redis://…`: a channel layer that several processes share; also `REDIS_URL`
`STUDIO_AUTH`            `none` (the local person, on loopback only), `django` (accounts) or `allauth` (see `sso.py`)
`STUDIO_ALLOWED_HOSTS`   comma-separated host names that the studio answers to
`STUDIO_CORS_ORIGINS`    comma-separated origins of pages that may call the API, as `https://app.example.org`
`STUDIO_HTTPS`           `true` behind a proxy that speaks TLS and sets X-Forwarded-Proto
`STUDIO_WORKFLOWS`       comma-separated modules to take workflows from, in place of discovery
`STUDIO_DURABILITY`      `normal` (survives a killed process) or `full` (also a power loss); also `DURABILITY`
`STUDIO_MAIL`            `console` (mails are printed) or `smtp://user:password@host:port` (also smtps://, smtp+tls://)
`STUDIO_MAIL_FROM`       sender of the mails, as `Studio <studio@example.org>`
`STUDIO_PUSH_KEY`        32 random bytes in base64url: browsers can be told of questions, and know the studio by it
`STUDIO_WEBHOOK_ALLOW`   comma-separated networks that webhooks and pushes may go to though not public, as `10.1.0.0/16`
`STUDIO_ADDRESS`         where people reach the studio, as `https://studio.example.org`; links in mails need it
`STUDIO_TIME_ZONE`       zone in which pages show instants (default: UTC)
`STUDIO_SECRET_KEY`      in place of the key kept in the data folder
`STUDIO_SECRET_KEY_FALLBACKS` comma-separated former keys, whose sessions, links and sealed secrets still open
`STUDIO_LOG`             `line` (one readable line per record) or `json` (one JSON object per line)
`STUDIO_LOG_LEVEL`       `warning`, or `info` (runs), `debug` (also their steps), `error`
`STUDIO_TRACE_VALUES`    `true` puts inputs and outputs into traces, where OTEL_* variables ask for traces
`STUDIO_DEBUG`           `true` shows Django's error pages; for developers only
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF

from studio import sso
from studio.environment import (
    allowed_hosts,
    env,
    env_bool,
    env_choice,
    env_folder,
    env_list,
    env_origins,
    env_time_zone,
    mail,
    postgresql,
    redis_layer,
    sqlite,
    stored_secret_key,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# The installation

DEBUG = env_bool("STUDIO_DEBUG")
STUDIO_AUTH = env_choice("STUDIO_AUTH", "none", "django", "allauth")
DATA_DIR = env_folder("STUDIO_DATA_DIR", BASE_DIR / ".studio")
SECRET_KEY = os.environ.get("STUDIO_SECRET_KEY") or stored_secret_key(DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env_list("STUDIO_SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = allowed_hosts(STUDIO_AUTH)

WORKFLOWS: dict[str, Any] = {
    "MAX_PAYLOAD_BYTES": 4_194_304,
    "MODULES": env_list("STUDIO_WORKFLOWS"),
    "DURABILITY": env_choice("STUDIO_DURABILITY", "normal", "full"),
    "TRACE_VALUES": env_bool("STUDIO_TRACE_VALUES"),
    "ADDRESS": os.environ.get("STUDIO_ADDRESS", ""),
    "WEBHOOK_ALLOW": env_list("STUDIO_WEBHOOK_ALLOW"),
    "PUSH_KEY": os.environ.get("STUDIO_PUSH_KEY", ""),
}

# One payload and what a form or a JSON envelope puts around it.
DATA_UPLOAD_MAX_MEMORY_SIZE = WORKFLOWS["MAX_PAYLOAD_BYTES"] + 65_536
# A form says itself what is too much for it, and shows again what was typed; only beyond this it is refused unread.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

DATABASES = {
    "default": postgresql(address)
    if (address := env("STUDIO_DATABASE"))
    else sqlite(DATA_DIR / "studio.sqlite3", WORKFLOWS["DURABILITY"])
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS: dict[str, Any] = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
if redis := env("STUDIO_REDIS"):
    CHANNEL_LAYERS["default"] = redis_layer(redis)

# Counts of calls: in the memory of each process, so that nothing else has to be there.
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}}
}

# The application

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "csp",
    "corsheaders",
    "workflows_app",
    "studio",
    *(sso.APPS if STUDIO_AUTH == "allauth" else ()),
]

# The headers and the guard come before WhiteNoise, so that they hold for static files as well.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "workflows_app.web.guard.RequestGuard",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    *(["workflows_app.web.people.signin.LocalPersonMiddleware"] if STUDIO_AUTH == "none" else []),
    *(sso.MIDDLEWARE if STUDIO_AUTH == "allauth" else ()),
    "workflows_app.web.people.signin.TokenMiddleware",
    "workflows_app.web.pace.PaceMiddleware",
    "workflows_app.web.people.signin.SignInRequiredMiddleware",
    "workflows_app.web.people.signin.ZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "studio.urls"
ASGI_APPLICATION = "studio.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "workflows_app.web.people.signin.person",
                "workflows_app.web.savedviews.standing",
            ],
        },
    },
]

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
# Files are replaced under a studio that serves: one that it remembers would be sent with the length of the old one.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
# File names carry no hash, so a browser asks whether its copy is still the current one.
WHITENOISE_MAX_AGE = 0

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env_time_zone("STUDIO_TIME_ZONE")

# Mails: who is asked something is told, if the account has an address.

globals().update(mail(os.environ.get("STUDIO_MAIL", "")))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("STUDIO_MAIL_FROM") or "Workflow Studio <studio@localhost>"

# Signing in, and what a browser may do

AUTHENTICATION_BACKENDS = ["workflows_app.rights.StudioBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

SINGLE_SIGN_ON: dict[str, Any] = {}
globals().update(sso.single_sign_on(os.environ) if STUDIO_AUTH == "allauth" else {})
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

if env_bool("STUDIO_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# Pages of other origins that may call the API, each as https://host; nobody unless named.

CORS_ALLOWED_ORIGINS = env_origins("STUDIO_CORS_ORIGINS")
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = (*default_headers, "x-mastra-client-type", "x-mastra-dev-playground")
# Clients look at the start page first, to see whether anybody is there.
CORS_URLS_REGEX = r"^/(api/.*)?$"

LOG_LEVEL = env_choice("STUDIO_LOG_LEVEL", "warning", "info", "debug", "error").upper()
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "run": {"()": "workflows_app.logs.RunFilter"},
        "secrets": {"()": "workflows_app.engine.secrets.LogFilter"},
    },
    "formatters": {
        "line": {"()": "workflows_app.logs.LineFormatter"},
        "json": {"()": "workflows_app.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["run", "secrets"],
            "formatter": env_choice("STUDIO_LOG", "line", "json"),
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Whatever the level: these would tell of addresses, queries and bodies.
        **{name: {"level": "WARNING"} for name in ("asyncio", "daphne", "httpcore", "httpx", "twisted", "urllib3")},
        "django": {"handlers": [], "level": "WARNING"},
        # A page that is not there or a wrong Host header is the caller's mistake, answered and done with.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
