"""Fields that are one text: strings of every format, and JSON for what has no control of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.field import Errors, Field, Missing, Problems, Texts
from workflows_app.web.forms.json_text import BadJson, is_storable, parse_json, print_json
from workflows_app.web.forms.names import SET, join
from workflows_app.web.forms.post import Post

LONG: Final = 120
SHORT: Final = 24
# The page asks the address in this attribute for what it may suggest.
ASKS: Final = "data-choices"

# What a browser's own control can hold; any other text is shown in a plain input, which keeps it.
SHAPES: Final = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "time": re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,3})?)?"),
}
TYPES: Final = {
    "email": (("type", "email"), ("autocomplete", "email"), ("spellcheck", "false")),
    "uri": (("type", "url"), ("spellcheck", "false")),
    "uuid": (("type", "text"), ("autocomplete", "off"), ("spellcheck", "false"), ("data-mono", "")),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Text(Field):
    """A string."""

    format: str = ""
    area: bool = False
    code: bool = False
    max_length: int | None = None
    hint: str = ""
    unit: str = ""
    choices: str = ""
    placeholder: str = ""

    def fits(self, value: object) -> bool:
        if value is None:
            return self.nullable
        shape = SHAPES.get(self.format)
        return isinstance(value, str) and (shape is None or bool(shape.match(value)))

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        if value is None or isinstance(value, Missing):
            yield from self.write_blank(name, value)
            return
        yield name, value if isinstance(value, str) else print_json(value)
        if value == "":
            yield join(name, SET), "empty"

    def read(self, name: str, post: Post, problems: Problems) -> object:
        text = post.lines(name)
        if not text:
            return self.blank(name, post)
        if not is_storable(text):
            problems[name] = _("This has a character that cannot be kept, such as NUL.")
        return text

    def blank(self, name: str, post: Post) -> object:
        # A text with a default was shown filled in; emptying it is an answer, not the lack of one.
        has_text = isinstance(self.default, str) and not self.format and not self.nullable
        was_emptied = has_text and name in post.texts
        return "" if was_emptied or post.mark(name) == "empty" else super().blank(name, post)

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        value = post.text(name)
        area = self.area or "\n" in value
        return Control(
            kind="area" if area else "input",
            name=name,
            title=self.title,
            help=self.help,
            hint=self.hint,
            error=errors.get(name, ""),
            unit=self.unit,
            value=value,
            mark=post.mark(name),
            required=self.required and not self.nullable,
            short=not area and (self.format in SHAPES or self._is_short()),
            attributes=(*self._attributes(value), *_said("placeholder", self.placeholder), *_said(ASKS, self.choices)),
        )

    def _is_short(self) -> bool:
        return self.max_length is not None and self.max_length <= SHORT

    def _attributes(self, value: str) -> tuple[tuple[str, str], ...]:
        shape = SHAPES.get(self.format)
        if shape is not None and (not value or shape.fullmatch(value)):
            return (("type", self.format), ("step", "1")) if self.format == "time" else (("type", self.format),)
        if self.code:
            return (("data-mono", ""), ("spellcheck", "false"))
        return TYPES.get(self.format, (("type", "text"),))


@dataclass(frozen=True, kw_only=True, eq=False)
class Json(Field):
    """A value of any shape, typed as JSON."""

    shape: type | tuple[type, ...] = object
    placeholder: str = ""

    def fits(self, value: object) -> bool:
        return value is None or isinstance(value, self.shape)

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        yield name, "" if isinstance(value, Missing) else print_json(value)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        text = post.text(name)
        if not text.strip():
            return self.blank(name, post)
        try:
            return parse_json(text)
        except BadJson as error:
            problems[name] = str(error)
            return text

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        return Control(
            kind="area",
            name=name,
            title=self.title,
            help=self.help,
            hint="JSON",
            error=errors.get(name, ""),
            value=post.text(name),
            required=self.required and not self.nullable,
            attributes=(("data-mono", ""), ("spellcheck", "false"), *_said("placeholder", self.placeholder)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Const(Field):
    """A value that can be no other; it needs no control, but a row of a list must be remembered."""

    value: object = None

    def fits(self, value: object) -> bool:
        return type(value) is type(self.value) and value == self.value

    def write(self, name: str, value: object) -> Texts:
        yield join(name, SET), "1"

    def read(self, name: str, post: Post, problems: Problems) -> object:
        return self.value

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        text = print_json(self.value)
        return Control(kind="const", name=name, title=self.title, error=errors.get(name, ""), value=text, mark="1")


def _said(attribute: str, text: str) -> tuple[tuple[str, str], ...]:
    return ((attribute, text),) if text else ()
