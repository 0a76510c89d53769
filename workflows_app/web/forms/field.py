"""What every kind of field can do.

A field is made from a part of a JSON Schema and knows no name: the name comes with each call, so one field
serves every row of a list. `write` turns a JSON value into texts, `read` turns texts into a JSON value,
`show` turns texts into what a template draws. For every value that a field `fits`, reading what was written
gives it back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.hints import Hints
from workflows_app.web.forms.names import SET, join
from workflows_app.web.forms.post import Post

Errors = Mapping[str, str]
Problems = dict[str, str]
Texts = Iterator[tuple[str, str]]


NO_HINTS: Final = Hints()


class Missing:
    """Stands for a value that is left out, which is not the same as null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


@dataclass(frozen=True)
class Place:
    """Where an error belongs: a field's name, and what of the error's path lies deeper than it.

    An error is `foreign` if it speaks of an alternative that was not chosen.
    """

    name: str
    rest: tuple[str, ...] = ()
    foreign: bool = False


class Way(Protocol):
    """A stop on the way to a field: mostly a field itself, but also the row of a pair."""

    def child(self, part: str) -> Way | None: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Field(ABC):
    """The part of a form that stands for one value."""

    title: str = ""
    help: str = ""
    required: bool = True
    nullable: bool = False
    default: object = MISSING
    hints: Hints = NO_HINTS

    @property
    def may_omit(self) -> bool:
        """Tell whether the value may be left out with nothing known to take its place."""
        return not self.required and isinstance(self.default, Missing)

    @property
    def is_optional(self) -> bool:
        """Tell whether the form can be sent with nothing chosen here."""
        return self.nullable or self.may_omit

    def start(self, value: object) -> object:
        """Give the value to show: the one given, else the default."""
        return self.default if isinstance(value, Missing) else value

    def blank(self, name: str, post: Post) -> object:
        """Give the value that an empty field stands for."""
        if self.nullable and (not self.may_omit or post.mark(name) == "null"):
            return None
        return MISSING

    def write_blank(self, name: str, value: object) -> Texts:
        """Write an empty field, keeping null apart from left out."""
        yield name, ""
        if value is None and self.nullable and self.may_omit:
            yield join(name, SET), "null"

    def named(self, title: str) -> Self:
        """Give this field under another title."""
        return replace(self, title=title)

    @abstractmethod
    def fits(self, value: object) -> bool:
        """Tell whether this kind of field can hold the value."""

    @abstractmethod
    def write(self, name: str, value: object) -> Texts:
        """Turn a JSON value, or the default where it is missing, into texts by name."""

    @abstractmethod
    def read(self, name: str, post: Post, problems: Problems) -> object:
        """Turn texts into a JSON value; a text that cannot be one is noted and given as it is."""

    @abstractmethod
    def show(self, name: str, post: Post, errors: Errors) -> Control:
        """Turn texts into what the templates draw."""

    def child(self, part: str) -> Way | None:
        """Give the field below a part of a name."""
        return None

    def add(self, name: str, post: Post) -> Post:
        """Add an empty row, if this is a field with rows."""
        return post

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        """Find the field that an error's path speaks of."""
        return Place(name, tuple(path))


def find(root: Field, root_name: str, name: str) -> Field | None:
    """Find the field of a name anywhere below the root."""
    if name == root_name:
        return root
    start = f"{root_name}." if root_name else ""
    if not name.startswith(start):
        return None
    found: Way | None = root
    for part in name.removeprefix(start).split("."):
        found = found.child(part) if found else None
    return found if isinstance(found, Field) else None
