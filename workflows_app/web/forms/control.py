"""What the templates of a form see: one control per field, already filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workflows_app.web.forms.names import NEW, SET, join


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer of a choice."""

    value: str
    title: str
    chosen: bool = False


@dataclass(frozen=True)
class Condition:
    """Another field, and the texts it must have."""

    name: str
    title: str
    answers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Control:
    """A field with its name, its texts and what is wrong with it. `kind` names its template."""

    kind: str
    name: str
    title: str = ""
    help: str = ""
    hint: str = ""
    error: str = ""
    unit: str = ""
    value: str = ""
    mark: str = ""
    required: bool = False
    optional: bool = False
    short: bool = False
    bare: bool = False
    on: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    options: tuple[Option, ...] = ()
    children: tuple[Control, ...] = ()
    prototype: Control | None = None
    full: bool = False
    conditions: tuple[Condition, ...] = ()

    @property
    def id(self) -> str:
        """Name the element that labels point at and the error summary moves to."""
        return f"f-{self.name}"

    @property
    def template(self) -> str:
        """Name the template that draws this control."""
        return f"forms/_field_{self.kind}.html"

    @property
    def mark_name(self) -> str:
        """Name the hidden input that says that this field was on the page."""
        return join(self.name, SET)

    @property
    def draft_name(self) -> str:
        """Name the open last row of a list of short values."""
        return join(self.name, NEW)

    @property
    def has_file(self) -> bool:
        """Tell whether a file can be chosen here or below, also in a row that is not there yet."""
        return self.kind == "file" or any(control.has_file for control in self._below)

    @property
    def has_secret(self) -> bool:
        """Tell whether a secret can be typed here or below, also in a row that is not there yet."""
        return ("type", "password") in self.attributes or any(control.has_secret for control in self._below)

    @property
    def _below(self) -> tuple[Control, ...]:
        return (*self.children, self.prototype) if self.prototype else self.children

    @property
    def placeholder(self) -> str:
        """Give the example that stands in the empty field."""
        return dict(self.attributes).get("placeholder", "")

    @property
    def described_by(self) -> str:
        """List the ids of help and note, as `aria-describedby` wants them; the note is empty while all is well."""
        return f"{self.id}-help {self.id}-error" if self.help else f"{self.id}-error"

    def faults(self, trail: tuple[str, ...] = ()) -> Iterator[Fault]:
        """List what is wrong here and below, in the order of the page."""
        # A row is named after its list: "Lines 2" says it all.
        above = trail[:-1] if trail and self.title.startswith(f"{trail[-1]} ") else trail
        here = trail if self.bare or not self.title else (*above, self.title)
        if self.error:
            yield Fault(label=" · ".join(here), message=self.error, href=f"#{self.id}", name=self.name)
        for child in self.children:
            yield from child.faults(here)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One line of the error summary."""

    label: str
    message: str
    href: str = ""
    name: str = ""
