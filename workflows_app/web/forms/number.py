"""Numbers. They are typed into plain inputs, so that a slip is shown again and long numbers stay exact."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Final, Literal

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.field import Errors, Field, Missing, Problems, Texts
from workflows_app.web.forms.json_text import print_json
from workflows_app.web.forms.names import SET, join
from workflows_app.web.forms.post import Post

# Python refuses to convert longer ones.
MAX_DIGITS: Final = 4_000
WHOLE: Final = re.compile(r"[+-]?[0-9]+")
# Marks a decimal that was given as text and so is sent as text.
TEXT: Final = "text"
# On many phones the keys for a decimal have a comma and no point. What may mean thousands is not guessed at.
COMMA: Final = re.compile(r"[+-]?(?!0*[1-9][0-9]{0,2},[0-9]{3}$)[0-9]*,[0-9]+")
DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, kw_only=True, eq=False)
class Number(Field):
    """A whole number, a number, or a decimal, which is a number or a text."""

    sort: Literal["integer", "number", "decimal"] = "number"
    hint: str = ""
    placeholder: str = ""
    unit: str = ""

    def fits(self, value: object) -> bool:
        if value is None:
            return self.nullable
        if self.sort == "decimal" and isinstance(value, str):
            return bool(DECIMAL.fullmatch(value))
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole or (self.sort != "integer" and isinstance(value, float))

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        if value is None or isinstance(value, Missing):
            yield from self.write_blank(name, value)
        else:
            yield name, value if isinstance(value, str) else print_json(value)
            if isinstance(value, str):
                yield join(name, SET), TEXT

    def read(self, name: str, post: Post, problems: Problems) -> object:
        text = post.text(name).strip()
        if not text:
            return self.blank(name, post)
        if self.sort != "integer" and COMMA.fullmatch(text):
            text = text.replace(",", ".")
        number = _whole(text) if self.sort == "integer" else _number(text)
        if number is None:
            # A decimal may be a text that only its validator can judge.
            if self.sort != "decimal":
                problems[name] = self._remedy()
            return text
        was_text = self.sort == "decimal" and (post.mark(name) == TEXT or json.dumps(number) != text)
        return text if was_text else number

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        mode = "numeric" if self.sort == "integer" else "decimal"
        example = (("placeholder", self.placeholder),) if self.placeholder else ()
        return Control(
            kind="input",
            name=name,
            title=self.title,
            help=self.help,
            hint=self.hint,
            error=errors.get(name, ""),
            unit=self.unit,
            value=post.text(name),
            mark=post.mark(name),
            required=self.required and not self.nullable,
            short=True,
            attributes=(("type", "text"), ("inputmode", mode), ("autocomplete", "off"), *example),
        )

    def _remedy(self) -> str:
        if self.sort == "integer":
            return _("Write a whole number, such as 12.")
        return _("Write a number, such as 12.5.")


def _whole(text: str) -> int | None:
    return int(text) if WHOLE.fullmatch(text) and len(text) <= MAX_DIGITS else None


def _number(text: str) -> int | float | None:
    whole = _whole(text)
    if whole is not None or not DECIMAL.fullmatch(text):
        return whole
    number = float(text)
    return number if math.isfinite(number) else None
