"""What a form shows or was sent: texts by field name.

The same shape serves three ends: an initial value is written as a post, a browser sends one, and the page is
drawn from one. So a form that comes back with errors shows exactly what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.web.forms.names import NEW, SET, join, levels

MAX_FIELDS: Final = 500
MAX_DEPTH: Final = 8
ROW: Final = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Post:
    """Texts by name, with the numbers of the rows below each name."""

    texts: Mapping[str, str] = field(default_factory=dict)
    show_secrets: bool = True
    numbers: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", _row_numbers(self.texts))

    def text(self, name: str) -> str:
        """Give the text sent under a name, or an empty one."""
        return self.texts.get(name, "")

    def lines(self, name: str) -> str:
        """Give the text sent under a name with plain line ends; browsers send each as CR LF."""
        return self.text(name).replace("\r\n", "\n").replace("\r", "\n")

    def mark(self, name: str) -> str:
        """Give the presence mark of a name: "", "1", "empty", "null", "text" or "withheld"."""
        return self.texts.get(join(name, SET), "")

    def rows(self, name: str) -> tuple[str, ...]:
        """List the rows below a name in the order of their numbers, a filled draft row last."""
        draft = (NEW,) if self.text(join(name, NEW)) else ()
        return self.numbers.get(name, ()) + draft

    def with_texts(self, texts: Iterable[tuple[str, str]]) -> Post:
        """Add texts, replacing those of the same names."""
        return Post({**self.texts, **dict(texts)}, self.show_secrets)

    def without(self, name: str) -> Post:
        """Leave out a name and everything below it."""
        kept = {key: text for key, text in self.texts.items() if not (f"{key}.").startswith(f"{name}.")}
        return Post(kept, self.show_secrets)


def read_post(posted: Mapping[str, object], prefix: str, files: Iterable[tuple[str, str]] = ()) -> Post:
    """Take the texts of one form out of a POST, the last one where a name was sent twice."""
    sent = posted.lists() if hasattr(posted, "lists") else posted.items()
    texts = {**{str(name): _last(values) for name, values in sent}, **dict(files)}
    return Post({name: text for name, text in texts.items() if not prefix or name.startswith(f"{prefix}.")})


def refusal(post: Post, root_name: str) -> str:
    """Say why a post is too large to be read, or nothing."""
    if len(post.texts) > MAX_FIELDS:
        return _("This form has more than %d fields. Send the value as JSON instead.") % MAX_FIELDS
    if any(levels(name) - levels(root_name) > MAX_DEPTH for name in post.texts):
        return _("This form is more than %d levels deep. Send the value as JSON instead.") % MAX_DEPTH
    return ""


def _last(values: object) -> str:
    if isinstance(values, str):
        return values
    texts = list(values) if isinstance(values, Iterable) else []
    return str(texts[-1]) if texts else ""


def _row_numbers(texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for name in texts:
        parts = name.split(".")
        for place, part in enumerate(parts):
            if place and ROW.fullmatch(part):
                found.setdefault(".".join(parts[:place]), set()).add(part)
    return {name: tuple(sorted(rows, key=lambda row: (int(row), row))) for name, rows in found.items()}
