"""A form made from a JSON Schema, empty, filled in, or sent.

A form is frozen: `initial` and `bind` give new ones. A form that was sent is either a submission, which is
valid or not, or an edit (a row added or taken away, the view changed), which only wants to be shown again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Final

from django.utils.translation import gettext as _

from workflows_app.web.forms.build import build_fields
from workflows_app.web.forms.choices import Outputs, no_outputs
from workflows_app.web.forms.control import Control, Fault
from workflows_app.web.forms.faults import Complaints, list_faults, place_errors
from workflows_app.web.forms.field import MISSING, Field, Missing, Problems, find
from workflows_app.web.forms.files import Upload, texts_of
from workflows_app.web.forms.groups import Object
from workflows_app.web.forms.json_text import BadJson, parse_json, print_json
from workflows_app.web.forms.names import join
from workflows_app.web.forms.post import Post, read_post, refusal
from workflows_app.web.forms.schema import clean
from workflows_app.web.forms.text import Json

Validate = Callable[[object], Complaints]

AS_FIELDS: Final = "form"
AS_JSON: Final = "json"
FORM_ENCODING: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class SchemaForm:
    """A form and the texts it shows. Templates draw it by `forms/_form.html`."""

    root: Field
    validate: Validate
    prefix: str
    post: Post
    mode: str = AS_FIELDS
    json: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    check: str = ""

    def initial(self, value: object) -> SchemaForm:
        """Fill in a value; one that the fields cannot hold whole is shown as JSON."""
        post = Post({name: clean(text) for name, text in self.root.write(self.root_name, value)})
        text = print_json(value)
        if refusal(post, self.root_name):
            return self._as_json(text)
        problems: Problems = {}
        fits = _covers(self._read(post, problems), value) and not problems
        return replace(self, post=post, mode=AS_FIELDS, json=text) if fits else self._as_json(text)

    def bind(self, posted: Mapping[str, object], files: Mapping[str, Upload] | None = None) -> BoundForm:
        """Take what a browser sent: a `QueryDict` or lists of texts by name, and the files beside it."""
        post = read_post(posted, self.prefix, texts_of(files or {}))
        sent = replace(self, post=post, mode=post.text(self.mode_name), json=post.text(self.json_name))
        wanted = post.text(join(self.prefix, "__show"))
        if wanted:
            return sent._switch(wanted)
        return sent._bind_json() if sent.mode == AS_JSON else sent._bind_fields()

    def checked_at(self, address: str) -> SchemaForm:
        """Have each field checked at an address once it was changed; see `web.checking`."""
        return replace(self, check=address)

    def holds(self, name: str) -> bool:
        """Tell whether an input of this name belongs to the form."""
        return not self.prefix or name.startswith(f"{self.prefix}.")

    def note_of(self, field: str, at: str) -> str:
        """Give what is wrong with one field, or with the list or row that its note stands at."""
        return self.errors.get(field) or self.errors.get(at, "")

    @property
    def cross(self) -> str:
        """Give what is wrong with the whole while every field by itself is right."""
        return self.errors.get(self.root_name, "") if set(self.errors) == {self.root_name} else ""

    @property
    def root_name(self) -> str:
        """Name the whole value: nothing more than the prefix if it is an object with fields."""
        return self.prefix if isinstance(self.root, Object) else join(self.prefix, "value")

    @property
    def id(self) -> str:
        """Name the root element."""
        return join("form", self.prefix).replace(".", "-")

    @property
    def mode_name(self) -> str:
        """Name the input that says whether fields or JSON are sent."""
        return join(self.prefix, "__mode")

    @property
    def json_name(self) -> str:
        """Name the input that holds the whole value as JSON."""
        return join(self.prefix, "__json")

    @property
    def is_json(self) -> bool:
        """Tell whether the whole value is shown as JSON."""
        return self.mode == AS_JSON

    @property
    def has_modes(self) -> bool:
        """Tell whether there is a choice between fields and JSON."""
        return not isinstance(self.root, Json)

    @cached_property
    def controls(self) -> tuple[Control, ...]:
        """Give what to draw."""
        if self.is_json:
            return (self._json_control(),)
        root = self.root.show(self.root_name, self.post, self.errors)
        return root.children if isinstance(self.root, Object) else (root,)

    @cached_property
    def summary(self) -> tuple[Fault, ...]:
        """Give the lines of the error summary in the order of the page."""
        return list_faults(self.controls, self.errors)

    @cached_property
    def encoding(self) -> str:
        """Say how the form around this one is to be sent."""
        return "multipart/form-data" if any(control.has_file for control in self.controls) else FORM_ENCODING

    @property
    def names(self) -> Mapping[str, str]:
        """Name the buttons that change the form instead of sending it."""
        return {verb: join(self.prefix, f"__{verb}") for verb in ("add", "remove", "show")}

    def _json_control(self) -> Control:
        return Control(
            kind="area",
            name=self.json_name,
            title=_("Value as JSON"),
            error=self.errors.get(self.json_name, ""),
            value=self.json,
            attributes=(("data-mono", ""), ("data-tall", ""), ("spellcheck", "false"), *self._unkept()),
        )

    def _unkept(self) -> tuple[tuple[str, str], ...]:
        """Mark a text that may have a secret in it, so that the browser keeps no draft of it."""
        has_secret = self.root.show(self.root_name, Post(), {}).has_secret
        return (("data-unkept", ""),) if has_secret else ()

    def _bind_fields(self) -> BoundForm:
        too_large = refusal(self.post, self.root_name)
        if too_large:
            return self._bound(None, {self.root_name: too_large})
        edited = self._edit()
        if edited is not self.post:
            return replace(self._bound(None, {}), post=edited, is_edit=True)
        problems: Problems = {}
        value = self._read(self.post, problems)
        complaints = self.validate(value)
        return self._bound(value, place_errors(self.root, self.root_name, self.post, problems, complaints))

    def _bind_json(self) -> BoundForm:
        try:
            value = parse_json(self.json)
        except BadJson as error:
            return self._bound(None, {self.json_name: str(error)})
        lines = [f"{item['path']}: {item['message']}".removeprefix(": ") for item in self.validate(value)]
        return self._bound(value, {self.json_name: "\n".join(lines)} if lines else {})

    def _edit(self) -> Post:
        """Add or take away the row that a button asked for."""
        added, removed = self.post.text(self.names["add"]), self.post.text(self.names["remove"])
        target = find(self.root, self.root_name, added) if added else None
        rest = self.post.without(self.names["add"]).without(self.names["remove"])
        if added:
            return target.add(added, rest) if target else rest
        return rest.without(removed) if removed else self.post

    def _switch(self, wanted: str) -> BoundForm:
        """Show the same value in the other way."""
        edited = replace(self._bound(None, {}), is_edit=True)
        if wanted == (self.mode or AS_FIELDS):
            return edited
        if self.mode != AS_JSON:
            # Secrets stay out of the text, which shows everything in clear.
            value = self._read(replace(self.post, show_secrets=False), {})
            return replace(edited, mode=AS_JSON, json=print_json(value)) if wanted == AS_JSON else edited
        try:
            shown = self.initial(parse_json(self.json))
        except BadJson as error:
            return replace(edited, errors={self.json_name: str(error)})
        if shown.is_json and wanted == AS_FIELDS:
            return replace(edited, errors={self.json_name: _("The fields of this form cannot hold this value.")})
        return replace(edited, mode=shown.mode, post=shown.post)

    def _as_json(self, text: str) -> SchemaForm:
        if isinstance(self.root, Json):
            return replace(self, post=Post({self.root_name: text}))
        return replace(self, mode=AS_JSON, json=text)

    def _read(self, post: Post, problems: Problems) -> object:
        value = self.root.read(self.root_name, post, problems)
        return None if isinstance(value, Missing) else value

    def _bound(self, value: object, errors: Mapping[str, str]) -> BoundForm:
        shared = {item.name: getattr(self, item.name) for item in fields(SchemaForm)}
        return BoundForm(**{**shared, "errors": errors}, value=value)


@dataclass(frozen=True)
class BoundForm(SchemaForm):
    """A form that was sent: its value, or what is wrong with it, or the edit it asks to be shown."""

    value: object = None
    is_edit: bool = False

    def is_valid(self) -> bool:
        """Tell whether the value was sent and passed every check."""
        return not self.errors and not self.is_edit


def form_from_schema(
    schema: Mapping[str, object], *, validate: Validate, prefix: str = "", outputs: Outputs = no_outputs
) -> SchemaForm:
    """Make an empty form from a JSON Schema.

    `validate` gives the errors of a value as `[{"path": "lines.0.sku", "message": "…"}]`.
    `prefix` keeps the names of two forms on one page apart.
    `outputs` gives what an earlier step gave, for fields that offer it.
    """
    root = build_fields(schema, outputs)
    form = SchemaForm(root, validate, prefix, Post())
    return replace(form, post=Post(dict(root.write(form.root_name, MISSING))))


def _covers(read: object, given: object) -> bool:
    """Tell whether all of a value came back; defaults may have joined it, and 1.5 may be "1.5"."""
    if isinstance(given, dict):
        return isinstance(read, dict) and all(key in read and _covers(read[key], item) for key, item in given.items())
    if isinstance(given, list):
        if not isinstance(read, list) or len(read) < len(given):
            return False
        in_order = all(_covers(one, other) for one, other in zip(read, given, strict=False))
        return in_order or sorted(map(repr, read)) == sorted(map(repr, given))
    return str(read) == str(given) and (type(read) is type(given) or not isinstance(given, bool))
