"""Files: kept in the value itself, as a data URL or as base64.

A browser sends a file beside the texts; it becomes a text of the post at once, so a form that comes back with
errors still has it. The name of a file travels in its data URL.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote, unquote

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control, Option
from workflows_app.web.forms.field import Errors, Field, Missing, Problems, Texts
from workflows_app.web.forms.names import join
from workflows_app.web.forms.post import Post
from workflows_app.words import size

FILE: Final = "__file"
LARGEST: Final = 1_000_000
DATA_URL: Final = re.compile(r"data:[^;,]*(?:;name=(?P<name>[^;,]*))?(?:;[^;,]*)*?;base64,.*", re.DOTALL)
KIND: Final = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


class Upload(Protocol):
    """A file as a browser sent it."""

    name: str | None
    content_type: str | None

    def read(self) -> bytes: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class File(Field):
    """A file; `bare` files are base64 alone, without their kind and name."""

    accept: str = ""
    largest: int = LARGEST
    bare: bool = False

    def fits(self, value: object) -> bool:
        if value is None:
            return self.nullable
        return isinstance(value, str) and (self.bare or DATA_URL.fullmatch(value) is not None)

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        if value is None or isinstance(value, Missing):
            yield from self.write_blank(name, value)
        else:
            yield name, str(value)

    def read(self, name: str, post: Post, problems: Problems) -> object:
        text = self._sent(name, post)
        if not text:
            return self.blank(name, post)
        count = _bytes_in(text)
        if count > self.largest:
            problems[name] = _("This file has %(size)s; at most %(most)s are taken.") % {
                "size": size(count),
                "most": size(self.largest),
            }
        return text.partition("base64,")[2] if self.bare and text.startswith("data:") else text

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        text = self._sent(name, post)
        kept = (Option(value=text, title=_title(text), chosen=True),) if text else ()
        return Control(
            kind="file",
            name=name,
            title=self.title,
            help=self.help,
            hint=_("at most %s") % size(self.largest),
            error=errors.get(name, ""),
            mark=post.mark(name),
            required=self.required and not self.nullable,
            attributes=(("accept", self.accept),) if self.accept else (),
            options=kept,
        )

    def _sent(self, name: str, post: Post) -> str:
        return post.text(join(name, FILE)) or post.text(name)


def texts_of(files: Mapping[str, Upload]) -> Iterator[tuple[str, str]]:
    """Turn files into texts. How much a browser may send at all is limited before."""
    return ((name, data_url(file)) for name, file in files.items())


def data_url(file: Upload) -> str:
    kind = file.content_type or ""
    kind = kind if KIND.fullmatch(kind) else "application/octet-stream"
    name = f";name={quote(file.name, safe='')}" if file.name else ""
    return f"data:{kind}{name};base64,{b64encode(file.read()).decode()}"


def _bytes_in(text: str) -> int:
    data = text.partition("base64,")[2] or text
    return len(data) * 3 // 4 - data[-2:].count("=")


def _title(text: str) -> str:
    found = DATA_URL.fullmatch(text)
    name = unquote(found["name"] or "") if found else ""
    return f"{name or _('A file')}, {size(_bytes_in(text))}"
