"""What a value may look like according to its schema, and whether it can ever fit another one.

It reads pydantic's core schemas instead of the JSON Schemas made of them, because those do not say that a
validator comes first or that a field has a second name, and take long to make. Whatever is not known here
may be anything, and anything fits, so a misfit that is found is a certain one. Names and JSON kinds are
compared, not values; numbers and texts are read into each other as lenient validation does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, TypeAlias

from .schema import ANY, Json, Schema

Core: TypeAlias = Mapping[str, Any]
Shape: TypeAlias = Schema | Core

ANYTHING: Core = {"type": "any"}
TEXT: Core = {"type": "str"}
KINDS = {
    "none": "nothing", "bool": "yes or no", "int": "number", "float": "number", "decimal": "decimal",
    "str": "text", "bytes": "text", "uuid": "text", "url": "text", "multi-host-url": "text",
    "date": "date or time", "time": "date or time", "datetime": "date or time", "timedelta": "date or time",
    "list": "list", "set": "list", "frozenset": "list", "generator": "list", "tuple": "list",
    "dict": "object",
}  # fmt: skip
SCALARS = frozenset({"number", "yes or no", "text", "date or time", "decimal"})
TAKES = dict.fromkeys(SCALARS, SCALARS) | {"text": SCALARS - {"number", "yes or no"}}
WITHIN = frozenset({"default", "function-after"})
CHECKED_FIRST = frozenset({"function-before", "function-wrap"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object, under every name that it may have."""

    names: tuple[str, ...]
    shape: Shape
    required: bool


@dataclass(frozen=True, slots=True)
class Form:
    """One of the things that a value may be. An object that is `open` may have further fields."""

    kind: str
    fields: tuple[Field, ...] = ()
    items: Shape = ANY
    open: bool = False
    refuses_more: bool = False

    def field(self, names: Iterable[str]) -> Field | None:
        """Find the field that has one of these names."""
        return next((field for field in self.fields if not set(names).isdisjoint(field.names)), None)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why no value of one shape fits another: at which field, and in what way."""

    field: str
    way: str
    given: str = ""
    wanted: str = ""

    def below(self, name: str) -> Misfit:
        dot = "." if self.field and self.field[0] != "[" else ""
        return replace(self, field=f"{name}{dot}{self.field}")


class Shapes:
    """Reads and compares shapes, each pair once."""

    def __init__(self) -> None:
        self._definitions: dict[str, Core] = {}
        # What is compared is kept with the answer, so that its identity stays its own.
        self._compared: dict[tuple[int, int], tuple[Shape, Shape, Misfit | None]] = {}

    def misfit(self, given: Shape, wanted: Shape) -> Misfit | None:
        """Say why a value of the first shape can never fit the second; None when it might."""
        if is_same(given, wanted):
            return None
        key = id(given), id(wanted)
        if key not in self._compared:
            # A shape that contains itself meets this pair again: it fits if the rest does.
            self._compared[key] = given, wanted, None
            self._compared[key] = given, wanted, self._compare(given, wanted)
        return self._compared[key][2]

    def _compare(self, given: Shape, wanted: Shape) -> Misfit | None:
        offered, taken = self.forms(given, given=True), self.forms(wanted, given=False)
        if offered is None or taken is None:
            return None
        found: list[Misfit] = []
        for one in offered:
            for other in taken:
                misfit = self._form_misfit(one, other)
                if misfit is None:
                    return None
                found.append(misfit)
        inside = next((misfit for misfit in found if misfit.field), None)
        return inside or (Misfit("", "kind", kinds_of(offered), kinds_of(taken)) if found else None)

    def _form_misfit(self, given: Form, wanted: Form) -> Misfit | None:
        if given.kind not in TAKES.get(wanted.kind, {wanted.kind}):
            return Misfit("", "kind")
        if wanted.kind == "list":
            inner = self.misfit(given.items, wanted.items)
            return inner.below("[]") if inner else None
        return next(self._field_misfits(given, wanted), None)

    def _field_misfits(self, given: Form, wanted: Form) -> Iterator[Misfit]:
        for field in wanted.fields:
            offered = given.field(field.names)
            if offered is None:
                if field.required and not given.open:
                    yield Misfit(field.names[0], "lacks")
            elif field.required or offered.required:
                inner = self.misfit(offered.shape, field.shape)
                if inner:
                    yield inner.below(field.names[0])
        if wanted.refuses_more:
            for offered in given.fields:
                if offered.required and wanted.field(offered.names) is None:
                    yield Misfit(offered.names[0], "refused")

    def forms(self, shape: Shape, *, given: bool) -> list[Form] | None:
        """List what a value may be, as it is given or as it is wanted; None when it may be anything."""
        core = core_of(shape) if isinstance(shape, Schema) else shape
        if given and "serialization" in core:
            return None
        kind = core["type"]
        if kind in KINDS:
            items = core.get("items_schema", ANY) if kind != "tuple" else ANY
            return [Form(KINDS[kind], items=items, open=True)]
        if kind in WITHIN or (given and kind in CHECKED_FIRST):
            return self.forms(core["schema"], given=given)
        match kind:
            case "definitions":
                self._definitions.update({one["ref"]: one for one in core["definitions"]})
                return self.forms(core["schema"], given=given)
            case "definition-ref":
                return self.forms(self._definitions.get(core["schema_ref"], ANYTHING), given=given)
            case "nullable":
                return self._any_of([core["schema"], {"type": "none"}], given=given)
            case "union" | "tagged-union":
                return self._any_of(choices_of(core), given=given)
            case "literal":
                return value_forms(core["expected"])
            case "enum" if given or not makes_members(core["cls"]):
                return value_forms(member.value for member in core["members"])
            case "model" | "dataclass":
                return self._model(core, given=given)
            case "typed-dict":
                return [object_form(core, core.get("config", {}), given=given)]
            case "json-or-python":
                return self.forms(core["json_schema"], given=given)
            case "lax-or-strict":
                return self.forms(core["lax_schema"], given=given)
        return None

    def _any_of(self, shapes: Iterable[Shape], *, given: bool) -> list[Form] | None:
        found: list[Form] = []
        for shape in shapes:
            forms = self.forms(shape, given=given)
            if forms is None:
                return None
            found += forms
        return found

    def _model(self, core: Core, *, given: bool) -> list[Form] | None:
        inner = core["schema"]
        while inner["type"] in WITHIN or (given and inner["type"] in CHECKED_FIRST):
            inner = inner["schema"]
        if core.get("root_model"):
            return self.forms(inner, given=given)
        if inner["type"] not in ("model-fields", "dataclass-args") or (core.get("custom_init") and not given):
            return None
        return [object_form(inner, core.get("config", {}), given=given)]

    def items(self, shape: Shape) -> Shape | None:
        """Give what the items of a list may be; None when it can never be a list."""
        forms = self.forms(shape, given=True)
        if forms is None:
            return ANY
        lists = [form.items for form in forms if form.kind == "list"]
        return any_of(lists) if lists else None

    def at(self, shape: Shape, path: str) -> Shape | str:
        """Follow a dotted path; where it can lead nowhere, give the part of it that is not there."""
        keys = path.split(".") if path not in (".", "") else []
        for depth, key in enumerate(keys, 1):
            forms = self.forms(shape, given=True)
            if forms is None:
                return ANY
            found = [inner for form in forms for inner in child(form, key)]
            if not found:
                return ".".join(keys[:depth])
            shape = any_of(found)
        return shape


def is_same(given: Shape, wanted: Shape) -> bool:
    if isinstance(given, Schema) and isinstance(wanted, Schema):
        return given.declared is wanted.declared or bool(given.declared == wanted.declared)
    return given is wanted


def core_of(schema: Schema) -> Core:
    """Read the core schema of a declared type; one that cannot be read yet may be anything."""
    try:
        adapter = schema.adapter
        return ANYTHING if adapter is None else dict(adapter.core_schema)
    except Exception:
        # It may name a class that is defined later; then the run will say what is wrong.
        return ANYTHING


def makes_members(kind: type[Enum]) -> bool:
    """Tell whether an enum makes a member even of a value that none has."""
    return any("_missing_" in vars(base) for base in kind.__mro__ if base is not Enum)


def choices_of(core: Core) -> list[Shape]:
    choices = core["choices"].values() if isinstance(core["choices"], Mapping) else core["choices"]
    return [choice[0] if isinstance(choice, tuple) else choice for choice in choices]


def value_forms(values: Iterable[object]) -> list[Form] | None:
    """Say what kinds the values of a literal or an enum are."""
    plain = (value.value if isinstance(value, Enum) else value for value in values)
    kinds = [core_of_value(value)["type"] for value in plain]
    return None if "any" in kinds else [Form(KINDS[kind], open=True) for kind in dict.fromkeys(kinds)]


def core_of_value(value: Json) -> Core:
    """Describe a fixed value."""
    if isinstance(value, dict):
        return object_of({str(key): (core_of_value(one), True) for key, one in value.items()})
    names = {type(None): "none", bool: "bool", int: "int", float: "float", str: "str", list: "list"}
    return {"type": names.get(type(value), "any")}


def object_of(fields: Mapping[str, tuple[Shape, bool]]) -> Core:
    """Describe an object with just these fields, each with whether it is always there."""
    listed = {name: {"schema": shape, "required": required} for name, (shape, required) in fields.items()}
    return {"type": "typed-dict", "fields": listed}


def kinds_of(forms: Iterable[Form]) -> str:
    return " or ".join(dict.fromkeys(form.kind for form in forms))


def any_of(shapes: Iterable[Shape]) -> Shape:
    choices = list(shapes)
    return choices[0] if len(choices) == 1 else {"type": "union", "choices": choices}


def object_form(core: Core, config: Core, *, given: bool) -> Form:
    """Read the fields of a model, a dataclass or a typed dict."""
    listed = core["fields"]
    named = listed.items() if isinstance(listed, Mapping) else [(field["name"], field) for field in listed]
    read = given_names if given else wanted_names
    fields = [
        Field(read(name, field), shape_of_field(field, config), is_required(field, core)) for name, field in named
    ]
    fields += [Field(given_names(c["property_name"], c), ANY, False) for c in core.get("computed_fields", ())]
    extra = core.get("extra_behavior") or config.get("extra_fields_behavior")
    unsure = any(not field.names for field in fields)
    return Form(
        "object", tuple(field for field in fields if field.names), open=extra == "allow",
        refuses_more=extra == "forbid" and not unsure,
    )  # fmt: skip


def shape_of_field(field: Core, config: Core) -> Shape:
    """Give the shape of a field; where numbers are read as text, no kind is certain."""
    shape: Shape = ANY if config.get("coerce_numbers_to_str") else field["schema"]
    return shape


def is_required(field: Core, owner: Core) -> bool:
    shape = field["schema"]
    while isinstance(shape, Mapping) and shape["type"].startswith("function-") and "schema" in shape:
        shape = shape["schema"]
    has_default = isinstance(shape, Mapping) and shape["type"] == "default"
    return bool(field.get("required", owner.get("total", True))) and not has_default and field.get("init", True)


def given_names(name: str, field: Core) -> tuple[str, ...]:
    """Name a field as it may be called in an output, which is a dumped model or a dict."""
    aliases = (field.get("serialization_alias"), field.get("validation_alias"), field.get("alias"))
    return (name, *(alias for alias in aliases if isinstance(alias, str)))


def wanted_names(name: str, field: Core) -> tuple[str, ...]:
    """Name a field as an input may call it; nothing when it may be found in several ways."""
    alias = field.get("validation_alias")
    if alias is None:
        return (name,)
    return (alias, name) if isinstance(alias, str) else ()


def child(form: Form, key: str) -> list[Shape]:
    """Look into an object or a list."""
    if form.kind == "list":
        return [form.items] if key.isdigit() else []
    field = form.field((key,))
    if field is not None:
        return [field.shape]
    return [ANY] if form.kind == "object" and form.open else []
