"""A form as a browser has it: drawn, its inputs gathered as a submission would send them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

from django.template.loader import render_to_string
from pydantic import TypeAdapter, ValidationError

from workflows_app.engine.schema import Schema
from workflows_app.web.forms import BoundForm, SchemaForm, form_from_schema

Sent = dict[str, list[str]]
Attributes = dict[str, str | None]

# A browser empties a control whose text is not of its type.
SHAPES: Final = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "time": re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,3})?)?"),
    "datetime-local": re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?"),
}


@dataclass
class Page(HTMLParser):
    """The drawn form: every element in order, and what it would send."""

    html: str
    elements: list[tuple[str, Attributes]] = field(default_factory=list)
    sent: Sent = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    _inert: int = 0
    _area: tuple[str, list[str]] | None = None
    _options: tuple[str, list[tuple[str, bool]]] | None = None

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._inert += tag == "template"
        if self._inert:
            return
        self.elements.append((tag, given))
        name = given.get("name") or ""
        if tag == "input":
            self._input(name, given)
        elif tag == "textarea":
            self._area = (name, [])
        elif tag == "select":
            self._options = (name, [])
        elif tag == "option" and self._options:
            self._options[1].append((given.get("value") or "", "selected" in given))

    def handle_endtag(self, tag: str) -> None:
        self._inert -= tag == "template"
        if tag == "textarea" and self._area:
            name, parts = self._area
            text = "".join(parts).removeprefix("\n")
            self.sent[name] = [re.sub("\r\n|\r|\n", "\r\n", text)]
            self._area = None
        elif tag == "select" and self._options:
            name, options = self._options
            self.sent[name] = [next((value for value, chosen in options if chosen), options[0][0])]
            self._options = None

    def handle_data(self, data: str) -> None:
        if self._inert:
            return
        if self._area:
            self._area[1].append(data)
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that can be read, with single spaces."""
        return " ".join("".join(self.texts).split())

    def find(self, **wanted: str) -> Attributes:
        """Give the attributes of the first element that has all those given."""
        return next(given for _tag, given in self.elements if all(given.get(k) == v for k, v in wanted.items()))

    def _input(self, name: str, given: Attributes) -> None:
        kind, value = given.get("type") or "text", given.get("value") or ""
        if kind in ("checkbox", "radio") and "checked" not in given:
            return
        if kind != "hidden":
            value = re.sub("[\r\n]", "", value)
        if kind in SHAPES and not SHAPES[kind].fullmatch(value):
            value = ""
        self.sent[name] = [value]


def draw(form: SchemaForm) -> Page:
    """Draw a form by its template."""
    return Page(render_to_string("forms/_form.html", {"form": form}))


def validator(shape: Any) -> Callable[[object], list[dict[str, str]]]:
    """Make the validator that the engine would hand in."""
    adapter = TypeAdapter(shape)

    def validate(value: object) -> list[dict[str, str]]:
        try:
            adapter.validate_python(value)
        except ValidationError as error:
            return [{"path": ".".join(map(str, item["loc"])), "message": item["msg"]} for item in error.errors()]
        return []

    return validate


def form_of(shape: Any, prefix: str = "") -> SchemaForm:
    """Make the form of a type."""
    return form_from_schema(Schema(shape).json_schema(), validate=validator(shape), prefix=prefix)


def send(form: SchemaForm, changes: dict[str, str] | None = None, press: dict[str, str] | None = None) -> BoundForm:
    """Draw a form, type into it, press a button (the plain one if none is named), and send it."""
    sent = draw(form).sent
    for name, text in (changes or {}).items():
        sent[name] = [text]
    return form.bind({**sent, **{name: [text] for name, text in (press or {}).items()}})
