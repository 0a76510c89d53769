"""Fields with a set of answers: one of them, several of them, yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control, Option
from workflows_app.web.forms.field import Errors, Field, Missing, Place, Problems, Texts
from workflows_app.web.forms.json_text import print_json
from workflows_app.web.forms.names import SET, join
from workflows_app.web.forms.post import Post

MAX_SEGMENTS: Final = 4
MAX_SEGMENT_TEXT: Final = 16
MAX_SEGMENTS_TEXT: Final = 36


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice(Field):
    """One of some values: side by side if they are few and short, else a list to open."""

    values: tuple[object, ...] = ()
    titles: tuple[str, ...] = ()

    def fits(self, value: object) -> bool:
        return (value is None and self.nullable) or _index(self.values, value) is not None

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        index = _index(self.values, value)
        if index is None:
            yield from self.write_blank(name, value)
        else:
            yield name, self._tokens()[index]

    def read(self, name: str, post: Post, problems: Problems) -> object:
        token = post.text(name)
        if not token:
            return self.blank(name, post)
        tokens = self._tokens()
        if token not in tokens:
            problems[name] = _("Choose one of the answers offered.")
            return token
        return self.values[tokens.index(token)]

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        options = self._options(post.text(name))
        return Control(
            kind="choice" if _are_short([option.title for option in options]) else "select",
            name=name,
            title=self.title,
            help=self.help,
            error=errors.get(name, ""),
            value=post.text(name),
            mark=post.mark(name),
            required=self.required and not self.nullable,
            options=options,
        )

    def _options(self, chosen: str) -> tuple[Option, ...]:
        offered = list(zip(self._tokens(), self.titles, strict=True))
        if self.is_optional:
            offered.append(("", _("None") if self.nullable else _("Not set")))
        return tuple(Option(value=token, title=title, chosen=token == chosen) for token, title in offered)

    def _tokens(self) -> list[str]:
        """Write each value as a text: itself where all are texts, else its JSON."""
        if all(isinstance(value, str) and value for value in self.values):
            return [str(value) for value in self.values]
        return [print_json(value) for value in self.values]


@dataclass(frozen=True, kw_only=True, eq=False)
class Offer(Choice):
    """One of some values that the type itself does not know, so another one that is there already stays."""

    base: Field

    def fits(self, value: object) -> bool:
        return self.base.fits(value)

    def write(self, name: str, value: object) -> Texts:
        known = _index(self.values, self.start(value)) is not None
        yield from super().write(name, value) if known else self.base.write(name, value)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        known = post.text(name) in self._tokens()
        return super().read(name, post, problems) if known else self.base.read(name, post, problems)

    def _options(self, chosen: str) -> tuple[Option, ...]:
        options = super()._options(chosen)
        if not chosen or any(option.chosen for option in options):
            return options
        return (*options, Option(value=chosen, title=chosen, chosen=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class Picks(Choice):
    """Any number of some values, none of them twice."""

    def fits(self, value: object) -> bool:
        if not isinstance(value, list):
            return False
        found = [_index(self.values, item) for item in value]
        return None not in found and len(found) == len(set(found))

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        given = value if isinstance(value, list) else []
        if isinstance(value, list) or not self.may_omit:
            yield join(name, SET), "1"
        for item in given:
            yield f"{name}.{_index(self.values, item)}", "1"

    def read(self, name: str, post: Post, problems: Problems) -> object:
        picked = [value for index, value in enumerate(self.values) if post.text(f"{name}.{index}")]
        return picked if picked or post.mark(name) else self.blank(name, post)

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        options = tuple(
            Option(value=f"{name}.{index}", title=title, chosen=bool(post.text(f"{name}.{index}")))
            for index, title in enumerate(self.titles)
        )
        return Control(
            kind="picks",
            name=name,
            title=self.title,
            help=self.help,
            error=errors.get(name, ""),
            mark=post.mark(name) or "1" * (not self.may_omit),
            options=options,
        )

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        return Place(name)


@dataclass(frozen=True, kw_only=True, eq=False)
class Switch(Field):
    """Yes or no."""

    def fits(self, value: object) -> bool:
        return isinstance(value, bool)

    def write(self, name: str, value: object) -> Texts:
        yield join(name, SET), "1"
        if self.start(value) is True:
            yield name, "true"

    def read(self, name: str, post: Post, problems: Problems) -> object:
        if post.text(name):
            return True
        return False if post.mark(name) else self.blank(name, post)

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        return Control(
            kind="switch",
            name=name,
            title=self.title,
            help=self.help,
            error=errors.get(name, ""),
            mark="1",
            on=bool(post.text(name)),
        )


def _index(values: tuple[object, ...], wanted: object) -> int | None:
    """Find a value, telling 1 from true and from 1.0."""
    matches = (index for index, value in enumerate(values) if type(value) is type(wanted) and value == wanted)
    return next(matches, None) if not isinstance(wanted, Missing) else None


def _are_short(titles: Sequence[str]) -> bool:
    fits = len(titles) <= MAX_SEGMENTS and sum(map(len, titles)) <= MAX_SEGMENTS_TEXT
    return fits and all(len(title) <= MAX_SEGMENT_TEXT for title in titles)
