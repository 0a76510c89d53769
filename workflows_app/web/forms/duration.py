"""A stretch of time, written the way people do: `1 h 30 m`.

What is sent is ISO 8601, with the same parts: `PT1H30M`. So a value that is shown and sent back is the same
text; one that people do not write this way (negative, weeks, months) is shown as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _
from pydantic_core import from_json

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.field import Errors, Problems, Texts
from workflows_app.web.forms.names import SET, join
from workflows_app.web.forms.post import Post
from workflows_app.web.forms.text import Text

UNITS: Final = ("D", "H", "M", "S")
ISO: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
SPOKEN: Final = re.compile(
    r"(?:(\d+)\s*(?:d|days?))?\s*(?:(\d+)\s*(?:h|hours?))?"
    r"\s*(?:(\d+)\s*(?:m|min|minutes?))?\s*(?:(\d+(?:\.\d+)?)\s*(?:s|sec|seconds?))?",
    re.IGNORECASE | re.ASCII,
)
BARE: Final = re.compile(r"\d+(\.\d+)?", re.ASCII)
# Marks a duration that was given as a number of seconds and so is sent as one.
SECONDS: Final = "seconds"
COUNTED: Final = re.compile(r"(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?) s", re.ASCII)


@dataclass(frozen=True, kw_only=True, eq=False)
class Duration(Text):
    """A duration; a number, as some schemas have it, counts seconds."""

    format: str = "duration"

    def fits(self, value: object) -> bool:
        return super().fits(value) or (isinstance(value, int | float) and not isinstance(value, bool))

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, f"{value} s"
            yield join(name, SET), SECONDS
        else:
            yield from super().write(name, spoken(value) if isinstance(value, str) else value)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        text = super().read(name, post, problems)
        if not isinstance(text, str):
            return text
        if post.mark(name) == SECONDS and (found := COUNTED.fullmatch(text)):
            return from_json(found[1])
        if BARE.fullmatch(text.strip()):
            problems[name] = _("Say the unit: %(n)s s, %(n)s m, %(n)s h or %(n)s d.") % {"n": text.strip()}
        return iso(text)

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        return replace(super().show(name, post, errors), short=True)


def spoken(text: str) -> str:
    """Take PT1H30M for "1 h 30 m"; every other text stays."""
    found = ISO.fullmatch(text)
    parts = found.groups() if found else ()
    words = [f"{number} {unit.lower()}" for number, unit in zip(parts, UNITS, strict=bool(parts)) if number]
    return " ".join(words) or text


def iso(text: str) -> str:
    """Take "1 h 30 m" for PT1H30M; leave every other text to the validator."""
    found = SPOKEN.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return text
    days, *rest = (f"{number}{unit}" if number else "" for number, unit in zip(found.groups(), UNITS, strict=True))
    clock = "".join(rest)
    return f"P{days}T{clock}" if clock else f"P{days}"
