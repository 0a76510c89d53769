"""Secrets: taken, never shown.

A page never carries a secret back to the browser, so one that was typed before is missing from what the page
sends next. A mark says that there was one; without it an optional secret would be lost in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.field import MISSING, Errors, Field, Missing, Place, Problems, Texts
from workflows_app.web.forms.post import Post

WITHHELD: Final = "withheld"
HIDDEN: Final = (("type", "password"), ("autocomplete", "new-password"), ("spellcheck", "false"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Secret(Field):
    """A field of one text that is typed blind, whatever that text stands for."""

    inner: Field

    def fits(self, value: object) -> bool:
        return self.inner.fits(value)

    def write(self, name: str, value: object) -> Texts:
        # A default stays on the server: leaving the field empty takes it.
        if value is None or isinstance(value, Missing):
            yield from self.inner.write_blank(name, value)
        else:
            yield from self.inner.write(name, value)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        if post.text(name):
            return self.inner.read(name, post, problems) if post.show_secrets else MISSING
        if post.mark(name) == WITHHELD:
            problems[name] = self._remedy()
        return self.inner.blank(name, post)

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        asked_again = name in errors and not post.text(name)
        was_there = bool(post.text(name)) or post.mark(name) == WITHHELD
        return Control(
            kind="input",
            name=name,
            title=self.title,
            help=self.help,
            error=errors.get(name, ""),
            mark=WITHHELD if was_there and not asked_again else post.mark(name) if not was_there else "",
            required=self.required and not self.nullable,
            attributes=(*HIDDEN, ("placeholder", self._placeholder(was_there))),
        )

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        return replace(self.inner.locate(name, path, post), name=name)

    def _placeholder(self, was_there: bool) -> str:
        if was_there:
            return _("Type it again")
        return "" if isinstance(self.default, Missing) or self.default is None else _("Empty keeps the default")

    def _remedy(self) -> str:
        again = _("Type it again: a secret is never shown, so the page could not keep it.")
        return again if self.required else f"{again} {_('To leave it out, send once more.')}"
