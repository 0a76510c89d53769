"""The words of a form: labels from property names, hints from bounds, tabs from types."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.web.forms.json_text import print_json
from workflows_app.web.forms.schema import Part, clean
from workflows_app.words import grouped

READABLE_BITS: Final = 64
# What pydantic calls the arms of a union in an error's path.
LABELS: Final = {
    "string": ("str", "constrained-str", "url", "date", "datetime", "time", "timedelta", "uuid", "decimal"),
    "integer": ("int", "constrained-int"),
    "number": ("float", "constrained-float"),
    "boolean": ("bool",),
    "array": ("list", "set", "frozenset", "tuple"),
    "object": ("dict", "model", "typed-dict"),
}


def label(key: str, part: Part) -> str:
    """Give the label of a property: its own title, else its name; never that of the type it refers to."""
    generated = key.replace("_", " ").title().replace(" ", "")
    title = part.own_title
    return humanise(key) if not title or title.replace(" ", "") == generated else title


def humanise(key: str) -> str:
    """Write a name as words: `ship_on` as "Ship on"; one with capitals of its own stays."""
    words = clean(key).replace("_", " ").strip() or clean(key)
    return words[:1].upper() + words[1:] if words.islower() else words


def value_title(value: object) -> str:
    """Write one answer of a choice."""
    if isinstance(value, str):
        return humanise(value) or '""'
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return clean(print_json(value))


def tags_of(part: Part) -> tuple[object, ...]:
    """List the values by which a union's shape is told from the others."""
    if "const" in part.schema:
        return (part.schema["const"],)
    values = part.schema.get("enum")
    return tuple(values) if isinstance(values, list) else ()


def place_title(part: Part, title: str, index: int) -> str:
    """Name one place of a tuple."""
    return part.own_title or f"{title} {index + 1}".strip()


def tab_title(part: Part, tags: Sequence[object]) -> str:
    """Name one shape of a union."""
    if tags:
        return " / ".join(map(value_title, tags))
    named = part.own_title or (part.names[-1] if part.names else "")
    if named:
        return named
    kinds = {
        "string": _format_title(part.text("format")),
        "integer": _("Whole number"),
        "number": _("Number"),
        "boolean": _("Yes or no"),
        "array": _("List"),
        "object": _("Object"),
    }
    return kinds.get(part.kind, _("Other"))


def arm_labels(part: Part, tags: Sequence[object]) -> frozenset[str]:
    """List the names by which an error's path may speak of a shape."""
    if tags:
        return frozenset(map(str, tags))
    if part.names:
        return frozenset({part.names[-1], part.text("title")} - {""})
    kind, shape = part.kind, part.text("format")
    if kind == "string" and shape:
        return frozenset({shape.replace("date-time", "datetime").replace("duration", "timedelta")})
    return frozenset(LABELS.get(kind, ()))


def number_hint(part: Part) -> str:
    """Say between which bounds a number lies, and in which steps."""
    step = _bound(part, "multipleOf")
    return ", ".join(filter(None, (_range_hint(part), _("in steps of %s") % step if step else "")))


def _range_hint(part: Part) -> str:
    low, high = _bound(part, "minimum", "exclusiveMinimum"), _bound(part, "maximum", "exclusiveMaximum")
    if low and high:
        return _("%(low)s to %(high)s") % {"low": low, "high": high}
    if low:
        return _("at least %s") % low if "minimum" in part.schema else _("above %s") % low
    if high:
        return _("at most %s") % high if "maximum" in part.schema else _("below %s") % high
    return ""


def length_hint(part: Part) -> str:
    """Say how long a text may be, where that is worth a word."""
    most = part.integer("maxLength")
    return _("at most %s characters") % grouped(most) if most is not None and most > 1 else ""


def rows_hint(part: Part, fewest: str, greatest: str) -> str:
    """Say how many rows a list takes; the two keys hold the bounds."""
    least, most = part.integer(fewest) or 0, part.integer(greatest)
    if most is None:
        return _("at least %s") % grouped(least) if least else ""
    if least:
        return _("%(low)s to %(high)s") % {"low": grouped(least), "high": grouped(most)}
    return _("at most %s") % grouped(most)


def example(part: Part) -> str:
    """Give the first example, to stand in the empty field."""
    examples = part.schema.get("examples")
    first = examples[0] if isinstance(examples, list) and examples else ""
    return clean(first if isinstance(first, str) else print_json(first))


def _format_title(shape: str) -> str:
    titles = {
        "date": _("Date"),
        "date-time": _("Date and time"),
        "decimal": _("Exact number"),
        "time": _("Time"),
        "uri": _("Link"),
    }
    return titles.get(shape, _("Text"))


def _bound(part: Part, *keys: str) -> str:
    values = (part.schema.get(key) for key in keys)
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return number_words(numbers[0]) if numbers else ""


def number_words(number: float) -> str:
    """Write a bound; a whole number to its last digit, unless it has so many that nobody reads them."""
    if isinstance(number, int):
        return str(number) if number.bit_length() <= READABLE_BITS else str(Decimal(number).normalize())
    return f"{number:.12g}"
