"""What a step tells people, as labelled values and tables: its schema's titles and formats instead of JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from pydantic import TypeAdapter, ValidationError

from workflows_app.engine.schema import Json
from workflows_app.web.forms.schema import Part, Schema, as_schema, read_part
from workflows_app.web.forms.titles import label
from workflows_app.web.values.jsontree import said
from workflows_app.web.values.schemas import any_name_schema_of

LONGEST: Final = 300
LISTED: Final = 12
COLUMNS: Final = 8
ROWS: Final = 50
HIDDEN: Final = "••••••"
MOMENT: Final = TypeAdapter(datetime)
NO_SCHEMA: Final[Schema] = {}


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value. A link has an address, a moment an instant."""

    label: str
    text: str
    href: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A list of records as a table; `more` counts the rows that are left out."""

    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Fact | None, ...], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Told:
    """What can be said of an object in a line each, its lists of records, and what is left of it."""

    facts: tuple[Fact, ...] = ()
    grids: tuple[Grid, ...] = ()
    rest: Json = None


def facts_in(data: Json, schema: Schema) -> Told:
    """Say as much of an object in words as can be."""
    if not isinstance(data, dict):
        return Told(rest=data)
    properties = read_part(schema, schema).part("properties")
    facts: list[Fact] = []
    grids: list[Grid] = []
    rest: dict[str, Json] = {}
    for key, value in data.items():
        part = part_of(as_schema(properties.get(key)), schema)
        if value == "":
            continue
        if part.is_secret or is_plain(value):
            facts.append(fact_of(label(key, part), value, part))
        elif isinstance(value, list) and is_grid(value):
            grids.append(grid_of(label(key, part), value, as_schema(part.schema.get("items")), schema))
        else:
            rest[key] = value
    return Told(tuple(facts), tuple(grids), rest or None)


def is_grid(rows: list[Json]) -> bool:
    """Tell whether a list has records of a few plain values only."""
    keys: set[str] = set()
    for row in rows:
        if not isinstance(row, dict) or not all(map(is_plain, row.values())):
            return False
        keys.update(row)
    return 0 < len(keys) <= COLUMNS


def grid_of(title: str, rows: list[Json], schema: Schema, root: Schema) -> Grid:
    records = [row for row in rows[:ROWS] if isinstance(row, dict)]
    properties = read_part(schema, root).part("properties")
    parts = {key: part_of(as_schema(properties.get(key)), root) for key in dict.fromkeys(chain(*records))}
    cells = tuple(
        tuple(fact_of("", row[key], part) if row.get(key, "") != "" else None for key, part in parts.items())
        for row in records
    )
    return Grid(title, tuple(label(key, part) for key, part in parts.items()), cells, len(rows) - len(records))


def described(node: object) -> Schema:
    """Give the schema of what a step tells when it asks; nothing where it declares none."""
    schema = getattr(node, "suspend_schema", None)
    return any_name_schema_of(schema) if schema else NO_SCHEMA


def part_of(schema: Schema, root: Schema) -> Part:
    """Read the schema of a field; its title is its own, not that of the type it refers to."""
    part = read_part(schema, root)
    return Part(part.schema, own_title=part.own_title if "title" in schema else "")


def is_plain(value: Json) -> bool:
    """Tell whether a value fits on a line."""
    if isinstance(value, list):
        return len(value) <= LISTED and all(not isinstance(item, dict | list) and is_plain(item) for item in value)
    return not isinstance(value, dict) and len(str(value)) <= LONGEST


def fact_of(name: str, value: Json, part: Part) -> Fact:
    if part.is_secret:
        return Fact(name, HIDDEN if value else said(None))
    if isinstance(value, list):
        texts = [said(item) for item in value]
        return Fact(name, listed(texts) or said(None))
    if isinstance(value, str) and value.startswith(("https://", "http://")) and not any(map(str.isspace, value)):
        return Fact(name, value, href=value)
    if isinstance(value, str) and part.text("format") == "date-time" and (moment := moment_in(value)) is not None:
        return Fact(name, value, at=moment)
    unit = part.text("x-unit")
    return Fact(name, f"{said(value)} {unit}" if unit else said(value))


def listed(texts: list[str]) -> str:
    """Join the texts of a list so that they can be told apart; sentences get a line each."""
    if all(text.endswith(".") for text in texts):
        return "\n".join(texts)
    return (" · " if any("," in text or text.endswith(".") for text in texts) else ", ").join(texts)


def moment_in(text: str) -> datetime | None:
    """Read an instant; one without a zone stays the text it is."""
    try:
        found = MOMENT.validate_python(text)
    except ValidationError:
        return None
    return found if found.tzinfo is not None else None


def summary_of(data: Json, most: int, schema: Schema = NO_SCHEMA) -> str:
    """Tell an object by the first of its facts."""
    facts = facts_in(data, schema).facts[:most]
    return " · ".join(f"{fact.label} {fact.text}" for fact in facts).replace("\n", " ")
