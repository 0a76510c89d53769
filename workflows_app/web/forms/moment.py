"""A point in time: the local date and time, and beside it the offset from UTC.

A browser's `datetime-local` knows no zone, so the offset has a field of its own. It starts as UTC; the page's
script sets it to the reader's zone as soon as a time is picked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.web.forms.control import Control
from workflows_app.web.forms.field import Errors, Missing, Problems, Texts
from workflows_app.web.forms.names import join
from workflows_app.web.forms.post import Post
from workflows_app.web.forms.text import Text

ZONE: Final = "__zone"
UTC: Final = "+00:00"
LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?")
OFFSET: Final = re.compile(r"Z|[+-]\d\d:\d\d")
AWARE: Final = re.compile(r"(?P<local>\d{4}-\d\d-\d\d.\d\d:\d\d[\d:.]*)(?P<zone>Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment(Text):
    """A date and time with its zone; without one if the zone is emptied."""

    format: str = "date-time"

    def fits(self, value: object) -> bool:
        return self.nullable if value is None else isinstance(value, str) and bool(AWARE.fullmatch(value))

    def write(self, name: str, value: object) -> Texts:
        value = self.start(value)
        if value is None or isinstance(value, Missing):
            yield from self.write_blank(name, value)
            yield join(name, ZONE), UTC
            return
        aware = AWARE.fullmatch(str(value))
        yield name, aware["local"] if aware else str(value)
        yield join(name, ZONE), (aware["zone"] or "") if aware else ""

    def read(self, name: str, post: Post, problems: Problems) -> object:
        local, zone = post.text(name).strip(), post.text(join(name, ZONE)).strip()
        if not local:
            return self.blank(name, post)
        if zone and not OFFSET.fullmatch(zone):
            problems[name] = _("Write the offset from UTC as +02:00, or Z for UTC.")
        typed = AWARE.fullmatch(local)
        return local if typed and typed["zone"] else local + zone

    def show(self, name: str, post: Post, errors: Errors) -> Control:
        control = super().show(name, post, errors)
        zone = Control(kind="input", name=join(name, ZONE), value=post.text(join(name, ZONE)))
        picker = not control.value or LOCAL.fullmatch(control.value)
        kind = (("type", "datetime-local"), ("step", "1")) if picker else (("type", "text"),)
        return replace(control, kind="moment", attributes=kind, children=(zone,), short=False)
