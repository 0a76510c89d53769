"""Fields of one value, made from the part of a schema that describes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from django.utils.translation import gettext as _

from workflows_app.web.forms import titles
from workflows_app.web.forms.choice import Choice, Offer, Switch
from workflows_app.web.forms.choices import NO_CHOICES, Choices
from workflows_app.web.forms.duration import Duration
from workflows_app.web.forms.field import MISSING, Field, Missing
from workflows_app.web.forms.files import LARGEST, File
from workflows_app.web.forms.hints import Hints
from workflows_app.web.forms.moment import Moment
from workflows_app.web.forms.number import Number
from workflows_app.web.forms.schema import Part
from workflows_app.web.forms.secret import Secret
from workflows_app.web.forms.text import LONG, SHAPES, TYPES, Const, Json, Text

SHAPES_OF_JSON: Final = {"array": list, "object": dict}
DATA_URL_FORMAT: Final = "data-url"
EXAMPLES_OF_JSON: Final = {"array": "[]", "object": "{}"}


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What every field is told, whatever its kind."""

    title: str
    help: str
    required: bool
    nullable: bool
    default: object
    hints: Hints


def json_leaf(part: Part, notes: Notes) -> Json:
    example = titles.example(part) or EXAMPLES_OF_JSON.get(part.kind, "")
    return Json(**vars(notes), shape=SHAPES_OF_JSON.get(part.kind, object), placeholder=example)


def file_leaf(part: Part, notes: Notes) -> File:
    return File(
        **vars(notes),
        accept=part.text("contentMediaType"),
        largest=part.integer("x-max-bytes") or LARGEST,
        bare=part.text("format") != DATA_URL_FORMAT,
    )


def text_leaf(part: Part, notes: Notes, choices: Choices = NO_CHOICES) -> Text:
    shape = part.text("format")
    common = {**vars(notes), "hint": titles.length_hint(part), "placeholder": _placeholder(part)}
    if shape == "date-time":
        return Moment(**vars(notes))
    if shape == "duration":
        return Duration(**{**common, "placeholder": titles.example(part) or "1 h 30 m"})
    most = part.integer("maxLength")
    is_long = (most or 0) > LONG and shape not in TYPES
    code = part.text("contentMediaType") == "application/json" or part.text("x-widget") == "code"
    return Text(
        **common,
        format=shape if shape in TYPES or shape in SHAPES else "",
        area=code or "textarea" in (shape, part.text("x-widget")) or is_long,
        code=code,
        max_length=most,
        unit=part.text("x-unit"),
        choices=choices.address,
    )


def number_leaf(part: Part, notes: Notes, sort: Literal["integer", "number", "decimal"]) -> Number:
    return Number(
        **vars(notes),
        sort=sort,
        hint=titles.number_hint(part),
        unit=part.text("x-unit"),
        placeholder=_placeholder(part),
    )


def switch_leaf(part: Part, notes: Notes) -> Field:
    switch = Switch(**vars(notes))
    return choice_leaf(notes, (True, False), (_("Yes"), _("No"))) if switch.is_optional else switch


def const_leaf(value: object, notes: Notes) -> Field:
    const = Const(**vars(notes), value=value)
    return const if not const.is_optional else choice_leaf(notes, (value,), (titles.value_title(value),))


def choice_leaf(notes: Notes, values: tuple[object, ...], answers: tuple[str, ...]) -> Choice:
    return Choice(**vars(notes), values=values, titles=answers)


def enum_leaf(notes: Notes, values: tuple[object, ...], choices: Choices) -> Choice:
    """Offer the values of an enum, under the titles that a hint gives them."""
    named = dict(zip(map(repr, choices.values), choices.titles, strict=True))
    return choice_leaf(notes, values, tuple(named.get(repr(value)) or titles.value_title(value) for value in values))


def offer_leaf(base: Field, notes: Notes, choices: Choices) -> Field:
    """Offer what a hint lists, if it lists anything."""
    if not choices.values:
        return base
    return Offer(**vars(notes), values=choices.values, titles=choices.titles, base=base)


def secret_leaf(part: Part, notes: Notes) -> Secret:
    """Hide any value behind one blind input; one that is more than a text is typed as JSON."""
    # A default that is known here could be looked at here.
    hidden = notes if notes.default is None else replace(notes, default=MISSING)
    inner: Field = json_leaf(part, hidden)
    if part.kind == "string":
        inner = text_leaf(part, hidden)
    elif part.kind in ("integer", "number"):
        inner = number_leaf(part, hidden, "integer" if part.kind == "integer" else "number")
    return Secret(**vars(notes), inner=Text(**vars(hidden)) if isinstance(inner, Moment) else inner)


def is_chip(item: Field) -> bool:
    """Tell whether values of this kind are short enough to stand side by side."""
    if item.is_optional or not isinstance(item.default, Missing):
        return False
    return isinstance(item, Number) or (type(item) is Text and not item.area and item.format in ("", "uuid"))


def _placeholder(part: Part) -> str:
    return titles.example(part) or (_("None") if part.nullable else "")
