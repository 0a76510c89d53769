"""What templates say about runs: words and glyphs of a status, durations, instants, sizes, icons.

Instants are microseconds since the epoch, as the engine records them, or aware datetimes, as models hold
them; durations are microseconds. Templates get numbers and turn them into words here.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import urlencode

from django import template
from django.contrib.auth.models import User
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from workflows_app import words
from workflows_app.approvals.policy import Who
from workflows_app.approvals.queues import MANY, Inbox
from workflows_app.markdown import html_of
from workflows_app.models.instants import to_datetime
from workflows_app.words import UNITS, WORDS

register = template.Library()
status_word = register.filter(words.status_word)
kind_word = register.filter(words.kind_word)
change_word = register.filter(words.change_word)
duration = register.filter(words.duration)
clock = register.filter(words.clock)
size = register.filter(words.size)
grouped = register.filter(words.grouped)
short_id = register.filter(words.short_id)
tokens = register.filter(words.tokens)
markdown = register.filter("markdown", html_of)

Instant = int | datetime | None


class Selects(Protocol):
    """What a page shows, written as a query string."""

    def query(self, **changes: str) -> str: ...


class Turns(Protocol):
    """What opens and closes rows."""

    def turned(self, key: str, is_open: bool) -> str: ...


KINDS: Final = frozenset({"nested", "loop", "foreach", "branch", "parallel", "sleep", "event", "map", "when"})
FAVICONS: Final = frozenset({"success", "running", "suspended", "waiting", "failed"})


@register.simple_tag
def script_words() -> SafeString | str:
    """Hand what scripts say in the language of the page to them, as an attribute of the body."""
    found = words.words_of_scripts()
    return format_html(' data-words="{}"', json.dumps(found, ensure_ascii=False)) if found else ""


@register.simple_tag
def styles(names: str) -> SafeString:
    """Link style sheets, by their names with spaces between."""
    links = ((static(f"css/{name}.css"),) for name in names.split())
    return format_html_join("\n  ", '<link rel="stylesheet" href="{}">', links)


# A page has hundreds of the few icons that there are.
@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, css: str = "") -> SafeString:
    """Draw one icon of the sprite; it is decoration, the word stands beside it."""
    return format_html(
        '<svg class="i {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        css,
        static("icons/icons.svg"),
        name,
    )


@register.simple_tag
def glyph(status: str) -> SafeString:
    """Draw the glyph of a status; the one of `running` turns."""
    name = status if status in WORDS and status != "ready" else "pending"
    return icon(f"s-{name}", "glyph spin" if status == "running" else "glyph")


@register.simple_tag(takes_context=True)
def waiting_badge(context: Context) -> SafeString | str:
    """Say beside the link to the inbox how much is open for the person who asks; nothing when nothing is."""
    user = getattr(context.get("request"), "user", None)
    count = Inbox.of(Who.of(user)).badge() if isinstance(user, User) else 0
    if not count:
        return ""
    shown = f"{MANY}+" if count > MANY else count
    return format_html('<span class="badge">{}<span class="vh"> {}</span></span>', shown, _("waiting for you"))


@register.simple_tag
def favicon(status: str) -> str:
    """Name the favicon with the dot of a status."""
    name = {"ready": "running", "paused": "suspended", "bailed": "success", "tripwire": "failed"}.get(status, status)
    return static(f"icons/favicon-{name}.svg" if name in FAVICONS else "icons/favicon.svg")


@register.simple_tag
def kind_icon(kind: str, css: str = "") -> SafeString:
    """Draw the icon of a kind of node; a kind without one gets the icon of a workflow."""
    return icon(f"k-{kind}" if kind in KINDS else "workflow", css)


@register.simple_tag
def query(selection: Selects | str, **changes: str) -> str:
    """Write the query string of a page's selection with some of it changed."""
    if isinstance(selection, str):
        return "?" + urlencode({key: value for key, value in changes.items() if value})
    return selection.query(**changes)


@register.simple_tag
def turned(selection: Turns, key: str, is_open: bool) -> str:
    """Write the query string that opens or closes a row."""
    return selection.turned(key, is_open)


@register.filter
def moment(at: Instant) -> datetime | None:
    """Turn an instant into a datetime in the reader's zone."""
    if at is None:
        return None
    found = at if isinstance(at, datetime) else to_datetime(at)
    return words.in_zone(found)


@register.simple_tag
def instant(at: Instant, whole: bool = False) -> SafeString:
    """Show an instant as time of day, with the date when it is not today, or as a whole for what lasts."""
    found = moment(at)
    if found is None:
        return format_html('<span class="dim">{}</span>', "—")
    today = timezone.localtime().date()
    if whole:
        text = f"{found:%Y-%m-%d %H:%M:%S %Z}"
    else:
        text = f"{found:%H:%M:%S}" if found.date() == today else f"{found:%Y-%m-%d %H:%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', found.isoformat(), stamp(found), text)


@register.filter
def age(at: Instant) -> str:
    """Say how long ago something was, in one unit: 12 m, 3 h, 2 d."""
    found = moment(at)
    if found is None:
        return "—"
    seconds = max(0, int((timezone.now() - found).total_seconds()))
    size, unit = next((one for one in UNITS if seconds >= one[0]), UNITS[-1])
    return f"{seconds // size} {unit}"


@register.filter
def stamp(at: Instant) -> str:
    """Write an instant in full."""
    found = moment(at)
    return f"{found:%Y-%m-%d %H:%M:%S %Z}" if found is not None else ""


@register.filter
def milliseconds(at: Instant) -> str:
    """Write an instant in the milliseconds that browsers count in, whatever the locale."""
    if isinstance(at, datetime):
        return str(int(at.timestamp() * 1000))
    return "" if at is None else str(at // 1000)


@register.filter
def percent(share: float) -> str:
    """Write a share of 100 for an SVG attribute, whatever the locale."""
    return f"{share:.3f}%"
