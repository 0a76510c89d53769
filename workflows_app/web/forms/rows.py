"""Fields with rows: lists, and tuples, whose rows are fixed.

Rows keep the number they were made with, so taking one away renames none. A row left empty is no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.field import MISSING, Errors, Field, Missing, Place, Problems, Texts, Way
from workflows_app.web.forms.names import NEW, PLACEHOLDER, SET, join
from workflows_app.web.forms.post import Post


@dataclass(frozen=True, kw_only=True, eq=False)
class List(Field):
    """Any number of rows of one kind; short texts and numbers stand side by side as chips."""

    item: Field
    chips: bool = False
    smallest: int = 0
    largest: int | None = None
    hint: str = ""

    def fits(self, value: object) -> bool:
        return isinstance(value, list) and all(self.item.fits(item) for item in value)

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        # One that must be there is there before it has a row: it may be a row itself.
        if isinstance(value, list) or not self.may_omit:
            yield join(name, SET), "1"
        blanks = 0 if self.chips else min(self.smallest, 20)
        items = value if isinstance(value, list) else [MISSING] * blanks
        for row, item in enumerate(items):
            yield from self.item.write(f"{name}.{row}", item)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        values = [value for row, value in self._filled(name, post, problems)]
        draft = join(name, NEW)
        if draft in problems:
            problems[name] = problems.pop(draft)
        return values if values or post.mark(name) else self.blank(name, post)

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        rows = post.rows(name)
        if self.chips:
            rows = tuple(row for row, value in self._filled(name, post, {}) if row != NEW)
        children = [self._row(name, row, number, post, errors) for number, row in enumerate(rows, 1)]
        chips = self.chips and all(child.kind == "input" for child in children)
        return Control(
            kind="chips" if chips else "list",
            name=name,
            title=self.title,
            help=self.help,
            hint=self.hint,
            error=errors.get(name, ""),
            value=post.text(join(name, NEW)),
            required=self.smallest > 0,
            mark=post.mark(name) or "1" * (not self.may_omit),
            full=self.largest is not None and len(children) >= self.largest,
            children=tuple(children),
            prototype=self._prototype(name),
        )

    def child(self, part: str) -> Way | None:
        return self.item if part.isdecimal() or part == NEW else None

    def add(self, name: str, post: Post) -> Post:
        draft = join(name, NEW)
        row = next_row(name, post)
        if self.chips:
            added = [(row, post.text(draft))] if post.text(draft) else []
            return post.without(draft).with_texts(added)
        return post.with_texts(self.item.write(row, MISSING))

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        filled = self._filled(name, post, {})
        if path and path[0].isdecimal() and int(path[0]) < len(filled):
            row = filled[int(path[0])][0]
            return Place(name) if row == NEW else self.item.locate(f"{name}.{row}", path[1:], post)
        return Place(name, tuple(path))

    def _filled(self, name: str, post: Post, problems: Problems) -> list[tuple[str, object]]:
        read = ((row, self.item.read(f"{name}.{row}", post, problems)) for row in post.rows(name))
        return [(row, value) for row, value in read if not isinstance(value, Missing)]

    def _row(self, name: str, row: str, number: int, post: Post, errors: Errors) -> Control:
        shown = self.item.show(f"{name}.{row}", post, errors)
        return replace(shown, title=f"{self.title} {number}".strip(), required=False)

    def _prototype(self, name: str) -> Control:
        blank = f"{name}.{PLACEHOLDER}"
        shown = self.item.show(blank, Post(dict(self.item.write(blank, MISSING))), {})
        return replace(shown, title=self.title, required=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuple(Field):
    """A list of which each place has a kind of its own; places behind the least number may be left off."""

    items: tuple[Field, ...]
    smallest: int = 0

    def fits(self, value: object) -> bool:
        given = _as_list(value)
        fits = isinstance(value, list) and self.smallest <= len(given) <= len(self.items)
        return fits and all(item.fits(part) for item, part in zip(self.items, given, strict=False))

    def write(self, name: str, value: object) -> Texts:
        given = _as_list(self.start(value))
        for index, item in enumerate(self.items):
            yield from item.write(f"{name}.{index}", given[index] if index < len(given) else MISSING)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        read = [item.read(f"{name}.{index}", post, problems) for index, item in enumerate(self.items)]
        while len(read) > self.smallest and isinstance(read[-1], Missing):
            read.pop()
        # A gap would move the later places, so an empty place is null, which its own validator refuses.
        return [None if isinstance(value, Missing) else value for value in read]

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        children = (item.show(f"{name}.{index}", post, errors) for index, item in enumerate(self.items))
        return Control(
            kind="group",
            name=name,
            title=self.title,
            help=self.help,
            error=errors.get(name, ""),
            children=tuple(children),
        )

    def child(self, part: str) -> Way | None:
        return self._items.get(part)

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        item = self._items.get(path[0]) if path else None
        return item.locate(f"{name}.{path[0]}", path[1:], post) if item else Place(name, tuple(path))

    @property
    def _items(self) -> dict[str, Field]:
        return {str(index): item for index, item in enumerate(self.items)}


def next_row(name: str, post: Post) -> str:
    """Name the row after the last one."""
    numbers = [int(row) for row in post.rows(name) if row.isdecimal()]
    return f"{name}.{max(numbers, default=-1) + 1}"


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
