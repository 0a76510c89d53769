"""Fields that take one of several shapes. Each shape is a tab, its fields
are posted under `~` and its number.

A validator names the shape in an error's path (`evidence.call.minutes`), by its tag or by its type. `locate`
takes that name out, and marks errors of shapes that were not chosen as foreign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control, Option
from workflows_app.web.forms.field import MISSING, Errors, Field, Missing, Place, Problems, Texts, Way
from workflows_app.web.forms.names import join
from workflows_app.web.forms.post import Post


@dataclass(frozen=True, kw_only=True, eq=False)
class Alternative:
    """One arm of a union, and the names by which a validator speaks of it."""

    title: str
    field: Field
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, eq=False)
class Union(Field):
    """One of several fields, chosen by a tab."""

    alternatives: tuple[Alternative, ...]

    def fits(self, value: object) -> bool:
        return (value is None and self.nullable) or self._choose(value) is not None

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        chosen = self._choose(value)
        if chosen is None and not self.is_optional:
            chosen = 0
        yield _tab(name), "" if chosen is None else str(chosen)
        if chosen is None:
            yield from ((mark, text) for mark, text in self.write_blank(name, value) if text)
        for index, alternative in enumerate(self.alternatives):
            yield from alternative.field.write(f"{name}.~{index}", value if index == chosen else MISSING)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        chosen = self._chosen(name, post)
        if chosen is None:
            if post.text(_tab(name)):
                problems[name] = _("Choose one of the answers offered.")
            return self.blank(name, post)
        return self.alternatives[chosen].field.read(f"{name}.~{chosen}", post, problems)

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        chosen = self._chosen(name, post)
        return Control(
            kind="union",
            name=name,
            title=self.title,
            help=self.help,
            error=errors.get(name, ""),
            required=self.required and not self.nullable,
            mark=post.mark(name),
            options=tuple(self._options(chosen)),
            children=tuple(self._panels(name, post, errors)),
        )

    def child(self, part: str) -> Way | None:
        number = part.removeprefix("~")
        known = {str(index): arm.field for index, arm in enumerate(self.alternatives)}
        return known.get(number) if part.startswith("~") else None

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        chosen = self._chosen(name, post)
        if chosen is None or not path:
            return Place(name, tuple(path))
        arm = self.alternatives[chosen]
        label = path[0].partition("[")[0]
        if label in arm.labels:
            return arm.field.locate(f"{name}.~{chosen}", path[1:], post)
        if any(label in other.labels for other in self.alternatives):
            return Place(name, tuple(path), foreign=True)
        place = arm.field.locate(f"{name}.~{chosen}", path, post)
        # Nothing of the path was known: its first part is a tag that the schema does not tell, or names a function.
        unknown = place.rest == tuple(path)
        return arm.field.locate(f"{name}.~{chosen}", path[1:], post) if unknown else place

    def _options(self, chosen: int | None) -> Iterator[Option]:
        for index, arm in enumerate(self.alternatives):
            yield Option(value=str(index), title=arm.title, chosen=index == chosen)
        if self.is_optional:
            title = _("None") if self.nullable else _("Not set")
            yield Option(value="", title=title, chosen=chosen is None)

    def _panels(self, name: str, post: Post, errors: Errors) -> Iterator[Control]:
        for index, arm in enumerate(self.alternatives):
            shown = arm.field.show(f"{name}.~{index}", post, errors)
            yield replace(shown, title=arm.title, bare=True)

    def _choose(self, value: object) -> int | None:
        if isinstance(value, Missing) or (value is None and self.nullable):
            return None
        fitting = (index for index, arm in enumerate(self.alternatives) if arm.field.fits(value))
        return next(fitting, None)

    def _chosen(self, name: str, post: Post) -> int | None:
        known = {str(index): index for index in range(len(self.alternatives))}
        return known.get(post.text(_tab(name)))


def _tab(name: str) -> str:
    return join(name, "__alt")
