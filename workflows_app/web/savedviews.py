"""Saved views: which pages can be saved, how a view is opened, and what a page must know of the one it shows.

A view is opened by going to its page with its filters and `view=<slug>`. On a wall, `wall=1`, the page shows
nothing but its content in large type and loads itself again every so often; with `cycle=1` it goes round the
views that are shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext_lazy

from workflows_app.models import SavedView

PAGES: Final = {
    "overview": gettext_lazy("Overview"),
    "runs:list": gettext_lazy("Runs"),
    "workflows:list": gettext_lazy("Workflows"),
    "approvals:inbox": gettext_lazy("Approvals"),
    "insights": gettext_lazy("Insights"),
    "activity:list": gettext_lazy("Activity"),
}
PASSING: Final = ("older", "newer", "view", "wall", "cycle", "every")
"""What an address holds of the moment; it is not saved."""
LONGEST: Final = 2_000
EVERY: Final = 30
RESERVED: Final = ("new", "wall")


@dataclass(frozen=True, slots=True)
class Savable:
    """A page with what is asked of it, ready to be saved."""

    path: str
    query: str

    @property
    def words(self) -> str:
        """Name the page."""
        return name_of(self.path)

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


def savable(address: str) -> Savable | None:
    """Read an address of this studio; None when it is no page that can be saved."""
    try:
        parts = urlsplit(address)
        found = resolve(parts.path)
    except (Resolver404, ValueError):
        return None
    if found.view_name not in PAGES or parts.netloc or parts.scheme:
        return None
    query = QueryDict(parts.query[:LONGEST], mutable=True)
    for name in PASSING:
        query.pop(name, None)
    return Savable(parts.path, query.urlencode())


def name_of(path: str) -> str:
    return next((str(words) for name, words in PAGES.items() if reverse(name) == path), path)


def free_slug(title: str) -> str:
    """Make an address of a title; another view's gets a number behind it."""
    base = slugify(title, allow_unicode=True)[:80] or "view"
    taken = set(SavedView.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + len(RESERVED) + 2))
    return next(name for name in names if name not in taken and name not in RESERVED)


def address_of(view: SavedView, asked: QueryDict) -> str:
    """Give the address of the page that a view is of; a wall stays one."""
    passed = {name: str(asked[name]) for name in ("wall", "cycle", "every") if asked.get(name)}
    return f"{view.path}?{view.query}{'&' if view.query else ''}{urlencode({'view': view.slug, **passed})}"


class Standing:
    """What a page must know of the view that it shows, read when a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self.asked, self.path = request.GET, request.get_full_path()
        self.user = getattr(request, "user", AnonymousUser())

    @cached_property
    def view(self) -> SavedView | None:
        slug = self.asked.get("view", "")
        found = SavedView.objects.visible_to(self.user.get_username()) if slug else SavedView.objects.none()
        return found.filter(slug=slug).first()

    @property
    def savable(self) -> Savable | None:
        return savable(self.path)

    @property
    def is_wall(self) -> bool:
        return bool(self.asked.get("wall")) and self.savable is not None

    @property
    def every(self) -> int:
        asked = self.asked.get("every", "")
        return min(max(int(asked), 5), 3_600) if asked.isdecimal() and len(asked) < 6 else EVERY

    @property
    def next(self) -> str:
        """Give the address that a wall goes on to: the next shared view, or the same page again."""
        if not self.asked.get("cycle") or self.view is None:
            return self.path
        shared = list(SavedView.objects.filter(is_shared=True).sorted())
        after = [*shared[place_of(self.view, shared) + 1 :], *shared]
        return address_of(after[0], self.asked) if after else self.path

    @property
    def plain(self) -> str:
        """Give the address of the page without the wall."""
        query = self.asked.copy()
        for name in ("wall", "cycle", "every"):
            query.pop(name, None)
        return f"?{query.urlencode()}"


def place_of(view: SavedView, shared: list[SavedView]) -> int:
    return next((index for index, one in enumerate(shared) if one.pk == view.pk), -1)


def standing(request: HttpRequest) -> dict[str, Standing]:
    """Give it to every template."""
    return {"standing": Standing(request)}
