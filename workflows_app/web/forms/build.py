"""From a JSON Schema to fields.

Every shape that pydantic writes has its field here; what is unknown, recurses too far or would make the form
too large becomes a JSON text for that part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeGuard

from django.utils.translation import gettext as _

from workflows_app.web.forms import titles
from workflows_app.web.forms.choice import Choice, Picks
from workflows_app.web.forms.choices import Choices, Outputs, choices_of, no_outputs
from workflows_app.web.forms.field import MISSING, Field
from workflows_app.web.forms.groups import Object, Optional
from workflows_app.web.forms.hints import hints_of
from workflows_app.web.forms.leaves import (
    DATA_URL_FORMAT,
    Notes,
    choice_leaf,
    const_leaf,
    enum_leaf,
    file_leaf,
    is_chip,
    json_leaf,
    number_leaf,
    offer_leaf,
    secret_leaf,
    switch_leaf,
    text_leaf,
)
from workflows_app.web.forms.pairs import Pairs
from workflows_app.web.forms.post import MAX_DEPTH
from workflows_app.web.forms.rows import List, Tuple
from workflows_app.web.forms.schema import Part, Schema, as_schema, is_decimal, read_part, scrub
from workflows_app.web.forms.text import Const, Json
from workflows_app.web.forms.unions import Alternative, Union

MAX_RECURSION: Final = 4
MAX_ARMS: Final = 12
# Each field posts up to two names, and at most 500 names are taken.
MAX_BUILT: Final = 240
ENCODED: Final = ("base64", "base64url")


class TooMany(Exception):
    """The form would have more fields than can be posted."""


@dataclass(frozen=True)
class Spot:
    """Where in the schema a field is made: what is known from outside of it."""

    title: str = ""
    required: bool = True
    level: int = 0
    trail: tuple[str, ...] = ()

    def below(self, title: str, *, required: bool = True, step: int = 1) -> Spot:
        """Go one level down."""
        return replace(self, title=title, required=required, level=self.level + step)


@dataclass
class Builder:
    """Makes fields of one schema, opening each reference at most `recursion` times on the way down."""

    root: Schema
    recursion: int
    outputs: Outputs = no_outputs
    built: int = field(default=0)

    def build(self, schema: Schema, spot: Spot) -> Field:
        """Make the field for a schema."""
        self.built += 1
        if self.built > MAX_BUILT:
            raise TooMany
        part = read_part(schema, self.root)
        if spot.trail.count(part.reference) >= self.recursion or spot.level > MAX_DEPTH:
            return json_leaf(part, notes_of(part, spot))
        if part.reference:
            spot = replace(spot, trail=(*spot.trail, part.reference))
        return self._solid(part, spot)

    def _solid(self, part: Part, spot: Spot) -> Field:
        notes = notes_of(part, spot)
        if part.text("x-widget") == "json" or part.schema.get("not") or part.schema.get("if"):
            return json_leaf(part, notes)
        if part.is_secret:
            return secret_leaf(part, notes)
        values = part.schema.get("enum")
        if "const" in part.schema:
            return const_leaf(part.schema["const"], notes)
        if isinstance(values, list) and values:
            return enum_leaf(notes, tuple(values), self._choices(part))
        arms = part.parts("anyOf") or part.parts("oneOf")
        return self._union(part, spot, arms) if arms else self._typed(part, spot, notes)

    def _typed(self, part: Part, spot: Spot, notes: Notes) -> Field:
        match part.kind:
            case "string" if part.text("format") == DATA_URL_FORMAT or part.text("x-widget") == "file":
                return file_leaf(part, notes)
            case "string":
                choices = self._choices(part)
                return offer_leaf(text_leaf(part, notes, choices), notes, choices)
            case "integer" | "number" as sort:
                return offer_leaf(number_leaf(part, notes, sort), notes, self._choices(part))
            case "boolean":
                return switch_leaf(part, notes)
            case "null" if not notes.nullable:
                return const_leaf(None, notes)
            case "array":
                return self._array(part, spot)
            case "object":
                return self._object(part, spot)
        return json_leaf(part, notes)

    def _choices(self, part: Part) -> Choices:
        return choices_of(part.schema.get("x-choices"), self.outputs)

    def _union(self, part: Part, spot: Spot, arms: tuple[Schema, ...]) -> Field:
        notes, read = notes_of(part, spot), [read_part(arm, self.root) for arm in arms]
        if all("const" in arm.schema for arm in read):
            values = tuple(arm.schema["const"] for arm in read)
            answers = tuple(arm.own_title or titles.value_title(arm.schema["const"]) for arm in read)
            return choice_leaf(notes, values, answers)
        if is_decimal(read):
            bounds = {key: value for key, value in read[0].schema.items() if key != "title"}
            return number_leaf(replace(part, schema={**bounds, **part.schema}), notes, "decimal")
        if len(arms) == 1:
            return self.build(arms[0], spot)
        if len(arms) > MAX_ARMS:
            return json_leaf(part, notes)
        key = as_schema(part.schema.get("discriminator")).get("propertyName")
        made = tuple(self._arm(arm, inner, key, spot) for arm, inner in zip(arms, read, strict=True))
        return Union(**vars(notes), alternatives=made)

    def _arm(self, schema: Schema, part: Part, key: object, spot: Spot) -> Alternative:
        tags: Sequence[object] = ()
        if isinstance(key, str):
            tags = titles.tags_of(read_part(as_schema(part.part("properties").get(key)), self.root))
        title = titles.tab_title(part, tags)
        made = self.build(schema, spot.below(title, step=0))
        return Alternative(title=title, field=made, labels=titles.arm_labels(part, tags))

    def _array(self, part: Part, spot: Spot) -> Field:
        notes = notes_of(part, spot)
        if part.parts("prefixItems"):
            return self._tuple(part, spot)
        if part.integer("maxItems") == 0:
            return self._optional(Const(**vars(notes), value=[]), notes)
        if spot.level + 1 > MAX_DEPTH or not part.part("items"):
            return json_leaf(part, notes)
        # Hints stand at the property; what may be chosen is chosen for each item.
        hint = {"x-choices": part.schema["x-choices"]} if "x-choices" in part.schema else {}
        item = self.build({**part.part("items"), **hint}, spot.below(spot.title))
        picks = part.schema.get("uniqueItems") is True or bool(hint)
        if picks and can_be_picked(item) and not notes.nullable:
            return Picks(**vars(notes), values=item.values, titles=item.titles)
        rows = List(
            **vars(replace(notes, nullable=False)),
            item=item,
            chips=is_chip(item),
            smallest=part.integer("minItems") or 0,
            largest=part.integer("maxItems"),
            hint=titles.rows_hint(part, "minItems", "maxItems"),
        )
        return self._optional(rows, notes) if notes.nullable else rows

    def _tuple(self, part: Part, spot: Spot) -> Field:
        notes, listed = notes_of(part, spot), part.parts("prefixItems")
        smallest = part.integer("minItems") or 0
        if part.part("items") or part.integer("maxItems") != len(listed) or spot.level + 1 > MAX_DEPTH:
            return json_leaf(part, notes)
        read = [read_part(item, self.root) for item in listed]
        items = tuple(
            self.build(item, spot.below(titles.place_title(inner, spot.title, index), required=index < smallest))
            for index, (item, inner) in enumerate(zip(listed, read, strict=True))
        )
        made = Tuple(**vars(replace(notes, nullable=False)), items=items, smallest=smallest)
        return self._optional(made, notes)

    def _object(self, part: Part, spot: Spot) -> Field:
        notes = notes_of(part, spot)
        properties, extra = part.part("properties"), part.schema.get("additionalProperties")
        if spot.level + 1 > MAX_DEPTH or (properties and "patternProperties" in part.schema):
            return json_leaf(part, notes)
        if not properties and extra is not False:
            return self._pairs(part, spot)
        asked = part.schema.get("required")
        required = asked if isinstance(asked, list) else []
        fields = {
            key: self._property(key, as_schema(schema), spot, required=key in required)
            for key, schema in properties.items()
        }
        more = self._more(part, spot) if extra else None
        made = Object(**vars(replace(notes, nullable=False)), properties=fields, more=more)
        return self._optional(made, notes)

    def _property(self, key: str, schema: Schema, spot: Spot, *, required: bool) -> Field:
        title = titles.label(key, Part(schema, own_title=read_part(schema, self.root).own_title))
        return self.build(schema, spot.below(title, required=required))

    def _more(self, part: Part, spot: Spot) -> Field:
        """Make the field for the keys that an open object may have beside its properties."""
        free = {key: part.schema[key] for key in ("additionalProperties", "propertyNames") if key in part.schema}
        return self._pairs(Part(free), spot.below(_("More fields"), required=False, step=0))

    def _pairs(self, part: Part, spot: Spot) -> Field:
        notes = notes_of(part, spot)
        patterns = part.part("patternProperties")
        values = as_schema(next(iter(patterns.values()))) if len(patterns) == 1 else part.part("additionalProperties")
        if not values or len(patterns) > 1 or spot.level + 2 > MAX_DEPTH:
            return json_leaf(replace(part, schema={**part.schema, "type": "object"}), notes)
        item = self.build(values, spot.below(""))
        if isinstance(item, Json):
            return json_leaf(replace(part, schema={**part.schema, "type": "object"}), notes)
        pairs = Pairs(
            **vars(replace(notes, nullable=False)),
            key=self.build({"type": "string", **part.part("propertyNames")}, spot.below("")),
            item=item,
            smallest=part.integer("minProperties") or 0,
            largest=part.integer("maxProperties"),
            hint=titles.rows_hint(part, "minProperties", "maxProperties"),
        )
        return self._optional(pairs, notes) if notes.nullable else pairs

    def _optional(self, inner: Field, notes: Notes) -> Field:
        """Put a switch before what may be left out as a whole."""
        if not inner.may_omit and not notes.nullable:
            return inner
        return Optional(**vars(notes), inner=replace(inner, required=True, nullable=False, help=""))


def build_fields(schema: Schema, outputs: Outputs = no_outputs) -> Field:
    """Make the fields of a whole schema, opening recursive parts as far as the form stays small."""
    schema = as_schema(scrub(schema))
    title = read_part(schema, schema).own_title or _("Value")
    for recursion in range(MAX_RECURSION, 0, -1):
        try:
            return Builder(schema, recursion, outputs).build(schema, Spot(title))
        except TooMany:
            continue
    return Json(title=title)


def notes_of(part: Part, spot: Spot) -> Notes:
    # `name: str = None` takes null as its default, but not as a value, and the default of encoded bytes is
    # said decoded: such a default is only taken where the field is left out.
    unsaid = (part.default is None and not part.takes_null) or part.text("format") in ENCODED
    return Notes(
        title=spot.title,
        help=part.text("description"),
        required=spot.required,
        nullable=part.nullable,
        default=MISSING if unsaid else part.default,
        hints=hints_of(part.schema),
    )


def can_be_picked(item: Field) -> TypeGuard[Choice]:
    """Tell whether each value is an answer that can be ticked; nothing at all is none."""
    return isinstance(item, Choice) and not item.is_optional
