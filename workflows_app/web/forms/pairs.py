"""An object with free keys: rows of a name and a value, whatever the value is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.field import MISSING, Errors, Field, Missing, Place, Problems, Texts, Way
from workflows_app.web.forms.json_text import is_storable
from workflows_app.web.forms.names import KEY, PLACEHOLDER, SET, VALUE, join
from workflows_app.web.forms.post import Post
from workflows_app.web.forms.rows import next_row


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs(Field):
    """Any number of rows of a name and a value."""

    key: Field
    item: Field
    smallest: int = 0
    largest: int | None = None
    hint: str = ""

    def fits(self, value: object) -> bool:
        if not isinstance(value, dict):
            return False
        return all(key and self.key.fits(key) and self.item.fits(item) for key, item in value.items())

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        given = value if isinstance(value, dict) else {}
        if isinstance(value, dict) or not self.may_omit:
            yield join(name, SET), "1"
        for row, (key, item) in enumerate(given.items()):
            yield from self._write_row(f"{name}.{row}", str(key), item)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        pairs: dict[str, object] = {}
        for place, key, value in self._taken(name, post, problems):
            if not key or key in pairs or not is_storable(key):
                problems[f"{place}.{KEY}"] = _("Give each row a name of its own.")
            if isinstance(value, Missing) and not self.item.fits(""):
                problems.setdefault(f"{place}.{VALUE}", _("Fill this in, or take the row away."))
            pairs[key] = "" if isinstance(value, Missing) else value
        return pairs if pairs or post.mark(name) else self.blank(name, post)

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        blank = f"{name}.{PLACEHOLDER}"
        rows = tuple(self._row(f"{name}.{row}", row, post, errors) for row in post.rows(name))
        return Control(
            kind="list",
            name=name,
            title=self.title,
            help=self.help,
            hint=self.hint,
            error=errors.get(name, ""),
            mark=post.mark(name) or "1" * (not self.may_omit),
            required=self.smallest > 0,
            full=self.largest is not None and len(rows) >= self.largest,
            children=rows,
            prototype=self._row(blank, "", Post(dict(self._write_row(blank, "", MISSING))), {}),
        )

    def child(self, part: str) -> Way | None:
        return Row(self.item) if part.isdecimal() else None

    def add(self, name: str, post: Post) -> Post:
        return post.with_texts(self._write_row(next_row(name, post), "", MISSING))

    def locate(self, name: str, path: Sequence[str], post: Post) -> Place:
        named = {key: place for place, key, _value in self._taken(name, post, {})}
        # A key may hold dots itself, so the longest match wins.
        for length in range(len(path), 0, -1):
            place = named.get(".".join(path[:length]))
            if place is not None and path[length:] == ["[key]"]:
                return Place(f"{place}.{KEY}")
            if place is not None:
                return self.item.locate(f"{place}.{VALUE}", path[length:], post)
        return Place(name, tuple(path))

    @property
    def _untouched(self) -> object:
        return self.item.read("x", Post(dict(self.item.write("x", MISSING))), {})

    def _taken(self, name: str, post: Post, problems: Problems) -> Iterator[tuple[str, str, object]]:
        """Read the rows: the place, the name and the value of each that is not as it came."""
        for row in post.rows(name):
            place = f"{name}.{row}"
            typed = self.key.read(f"{place}.{KEY}", post, {})
            key = typed if isinstance(typed, str) else ""
            value = self.item.read(f"{place}.{VALUE}", post, problems)
            if key or value != self._untouched:
                yield place, key, value

    def _write_row(self, place: str, key: str, value: object) -> Texts:
        yield f"{place}.{KEY}", key
        yield from self.item.write(f"{place}.{VALUE}", value)

    def _row(self, place: str, number: str, post: Post, errors: Errors) -> Control:
        key = named_inside(self.key.named(_("Name")).show(f"{place}.{KEY}", post, errors))
        value = named_inside(self.item.named(_("Value")).show(f"{place}.{VALUE}", post, errors))
        title = f"{self.title} {int(number) + 1}" if number.isdecimal() else self.title
        return Control(kind="pair", name=place, title=title, error=errors.get(place, ""), children=(key, value))


def named_inside(control: Control) -> Control:
    """Say in the empty field what its label, which is only heard, says."""
    if control.kind != "input" or control.placeholder:
        return control
    return replace(control, attributes=(*control.attributes, ("placeholder", control.title)))


@dataclass(frozen=True)
class Row:
    """The way through a row to what stands below its value."""

    value: Field

    def child(self, part: str) -> Way | None:
        return self.value if part == VALUE else None
