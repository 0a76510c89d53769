"""Asking the person at a terminal for the answer that a run waits for: one field after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json
from rich.console import Console
from rich.text import Text

from workflows_app.engine.paths import PublicPath, to_text
from workflows_app.engine.schema import Json
from workflows_app.management.progress import printable
from workflows_app.web.forms.json_text import parse_json
from workflows_app.web.forms.schema import Part, as_schema, read_part
from workflows_app.web.values.schemas import words_of

NOTHING: Final = object()
"""What a field gives that was left empty."""
YES: Final = {"y": True, "yes": True, "true": True, "n": False, "no": False, "false": False}


def choose(console: Console, paths: Sequence[PublicPath]) -> str:
    """Let a person pick one of several questions."""
    names = [to_text(path) for path in paths]
    for number, name in enumerate(names, 1):
        console.print(Text(f"{number}  {name}"))
    return str(ask(console, "Which", Part({"enum": names}), required=True))


def ask_answer(console: Console, schema: Json, proposal: Json = None) -> Json:
    """Ask for a value of a schema: for each field of an object, else for the value as a whole.

    What is left empty is as it is proposed.
    """
    root = as_schema(schema)
    whole = read_part(root, root)
    fields = whole.part("properties")
    if not fields:
        offered = NOTHING if proposal is None else proposal
        return ask(console, "Answer", whole, root, required=True, offered=offered)
    required = whole.schema.get("required", [])
    names = required if isinstance(required, list) else []
    proposed = proposal if isinstance(proposal, dict) else {}
    given = {
        name: ask(
            console, name, read_part(as_schema(field), root), root,
            required=name in names, offered=proposed.get(name, NOTHING),
        )
        for name, field in fields.items()
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not NOTHING}


def ask(
    console: Console, name: str, part: Part, root: Mapping[str, object] | None = None, *, required: bool,
    offered: Any = NOTHING,
) -> Any:  # fmt: skip
    """Ask for one value until what was typed can be one; empty it is the one that is `offered`, if any is."""
    words = words_of(part, dict(root or {}))
    offered = NOTHING if is_secret(part) else offered
    empty = "" if required else f"; empty: {default_of(part)}"
    if offered is not NOTHING:
        empty = f"; empty to keep {to_json(offered).decode()}"
    about = part.text("description")
    if about:
        console.print(Text(printable(about), style="bright_black"))
    prompt = Text(printable(name), style="bold").append(printable(f" ({words}{empty}): "), style="not bold")
    while True:
        typed = console.input(prompt, password=is_secret(part)).strip()
        if not typed and (offered is not NOTHING or not required):
            return offered
        try:
            return read(part, typed)
        except ValueError:
            console.print(Text(printable(f"Wanted: {words}."), style="red"))


def is_secret(part: Part) -> bool:
    return part.schema.get("writeOnly") is True or part.text("format") == "password"


def default_of(part: Part) -> str:
    if "default" not in part.schema:
        return "left out"
    return "the default" if is_secret(part) else to_json(part.schema["default"]).decode()


def read(part: Part, typed: str) -> Json:
    """Read what was typed as a value. Raises: ValueError when it cannot be one"""
    values = part.schema.get("enum")
    if isinstance(values, list):
        return picked(values, typed)
    if part.kind == "string":
        if not typed:
            raise ValueError
        return typed
    if part.kind == "boolean":
        return picked(list(YES), typed, list(YES.values()))
    try:
        return parse_json(typed)
    except ValueError:
        # Where a text is taken among other things, it need not be quoted.
        if typed and takes_text(part):
            return typed
        raise


def takes_text(part: Part) -> bool:
    arms = part.parts("anyOf") or part.parts("oneOf")
    return not part.kind and (not arms or any(arm.get("type") == "string" for arm in arms))


def picked(texts: Sequence[object], typed: str, values: Sequence[Json] | None = None) -> Json:
    """Find what was typed in a list, by its text or by its number. Raises: ValueError"""
    known = [str(text) for text in texts]
    given: Sequence[Any] = texts if values is None else values
    for spelled, written in ((known, typed), ([text.lower() for text in known], typed.lower())):
        if written in spelled:
            return given[spelled.index(written)]
    if values is None and typed.isdecimal() and 0 < int(typed) <= len(known):
        return given[int(typed) - 1]
    raise ValueError(typed)
