"""Fields of fields: an object, and anything that can be left out as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.field import MISSING, Errors, Field, Missing, Place, Problems, Texts, Way
from workflows_app.web.forms.layout import Layout
from workflows_app.web.forms.names import MORE, SET, escape, join
from workflows_app.web.forms.post import Post

ON: Final = "__on"


@dataclass(frozen=True, kw_only=True, eq=False)
class Object(Field):
    """An object with known properties; `more` takes whatever other keys it may have."""

    properties: Mapping[str, Field] = field(default_factory=dict)
    more: Field | None = None

    def fits(self, value: object) -> bool:
        if not isinstance(value, dict):
            return False
        known = all(
            inner.fits(value[key]) if key in value else not inner.required for key, inner in self.properties.items()
        )
        rest = self._rest(value)
        return known and (not rest or (self.more is not None and self.more.fits(rest)))

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        given = value if isinstance(value, dict) else {}
        for key, inner in self.properties.items():
            yield from inner.write(join(name, escape(key)), given.get(key, MISSING))
        if not self.properties:
            yield join(name, SET), "1"
        if self.more is not None:
            yield from self.more.write(join(name, MORE), self._rest(given) or MISSING)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        layout = Layout(self.properties, name)
        read = {
            key: inner.read(join(name, escape(key)), post, problems)
            for key, inner in self.properties.items()
            if inner.required or layout.is_asked(key, post)
        }
        known = {key: value for key, value in read.items() if not isinstance(value, Missing)}
        more = self.more.read(join(name, MORE), post, problems) if self.more is not None else MISSING
        if isinstance(more, Missing):
            return known
        if not isinstance(more, dict):
            problems.setdefault(join(name, MORE), _("Write names and values in braces."))
            return known
        if twice := sorted(more.keys() & self.properties.keys()):
            problems.setdefault(join(name, MORE), _("%s has a field of its own.") % ", ".join(twice))
        return {**known, **more}

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        drawn = {key: inner.show(join(name, escape(key)), post, errors) for key, inner in self.properties.items()}
        children = list(Layout(self.properties, name).arrange(drawn, post))
        if self.more is not None:
            children.append(self.more.show(join(name, MORE), post, errors))
        return Control(
            kind="group",
            name=name,
            title=self.title,
            help=self.help,
            error=errors.get(name, ""),
            mark="" if self.properties else "1",
            children=tuple(children),
        )

    def child(self, part: str) -> Way | None:
        if part == MORE:
            return self.more
        return next((inner for key, inner in self.properties.items() if escape(key) == part), None)

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        # A key may hold dots itself, so the longest match wins.
        for length in range(len(path), 0, -1):
            key = ".".join(path[:length])
            if key in self.properties:
                return self.properties[key].locate(join(name, escape(key)), path[length:], post)
        if path and self.more is not None:
            return self.more.locate(join(name, MORE), path, post)
        return Place(name, tuple(path))

    def _rest(self, value: Mapping[str, object]) -> dict[str, object]:
        return {key: item for key, item in value.items() if key not in self.properties}


@dataclass(frozen=True, kw_only=True, eq=False)
class Optional(Field):
    """A field with a switch before it: off means null, or left out."""

    inner: Field

    def fits(self, value: object) -> bool:
        return self.nullable if value is None else self.inner.fits(value)

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        off = value is None or isinstance(value, Missing)
        yield from self.inner.write(name, MISSING if off else value)
        if not off:
            yield join(name, ON), "1"
        # Also what is switched off was on the page: it may be a row of a list.
        yield join(name, SET), "1"
        yield from ((mark, text) for mark, text in self.write_blank(name, value) if off and text)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        if not post.text(join(name, ON)):
            return self.blank(name, post)
        value = self.inner.read(name, post, problems)
        return self._empty() if isinstance(value, Missing) else value

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        on = bool(post.text(join(name, ON)))
        inner = self.inner.show(name, post, errors)
        return Control(
            kind="optional",
            name=name,
            title=self.title,
            help=self.help,
            error="" if on else errors.get(name, ""),
            mark="null" if not on and post.mark(name) == "null" else "1",
            on=on,
            children=(replace(inner, title=inner.title or self.title, help="", bare=True),),
        )

    def child(self, part: str) -> Way | None:
        return self.inner.child(part)

    def add(self, name: str, post: Post) -> Post:
        return self.inner.add(name, post)

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        return self.inner.locate(name, path, post)

    def _empty(self) -> object:
        return [] if self.inner.fits([]) else {}
