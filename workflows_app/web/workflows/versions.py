"""The versions of a workflow and what differs between two: steps, where they stand, and their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from django.utils.translation import gettext as _
from pydantic_core import from_json

from workflows_app.models import Version
from workflows_app.web.values.schemas import Line, lines_of
from workflows_app.words import kind_word

SCHEMAS: Final = ("input", "output", "state", "request_context", "resume", "suspend")
Parts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one step: `added`, `removed`, `moved` or `changed`, and in words how."""

    what: str
    path: str
    kind: str
    words: tuple[str, ...] = ()


def parts_of(version: Version) -> Parts:
    """Give the steps of a version by their paths, in the order of the graph."""
    return {part["path"]: part for part in from_json(version.parts)}


def steps_in(parts: Parts) -> int:
    """Count the steps as the graph does: of a nested workflow those in it, of what is done for each item the one."""
    repeated = [path for path, part in parts.items() if "foreach" in part["inside"]]
    inside = tuple(f"{path}." for path in repeated)
    own = [path for path in parts if not path.startswith(inside)]
    return sum(parts[path]["kind"] != "nested" or path in repeated for path in own)


def changes(a: Parts, b: Parts) -> list[Change]:
    """Say what has to be done to `a` to get `b`, in the order of `b`, what is gone first."""
    gone = [Change("removed", path, part["kind"]) for path, part in a.items() if path not in b]
    moved = displaced([path for path in a if path in b], [path for path in b if path in a])
    kept = (change_of(path, a.get(path), part, path in moved) for path, part in b.items())
    return [*gone, *(change for change in kept if change is not None)]


def displaced(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """Name the steps that do not stand in the same order any more, as few as possible."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    still = {before[index] for block in blocks for index in range(block.a, block.a + block.size)}
    return set(before) - still


def change_of(path: str, old: Mapping[str, Any] | None, new: Mapping[str, Any], is_displaced: bool) -> Change | None:
    """Compare one step; None when it is the same."""
    if old is None:
        return Change("added", path, new["kind"], tuple(place_of(new)))
    words = [*differences(old, new)]
    is_moved = is_displaced or old["inside"] != new["inside"]
    if is_moved:
        words += [*place_of(new)] or [_("stands elsewhere in the order")]
    if not words:
        return None
    return Change("moved" if is_moved and len(words) == 1 else "changed", path, new["kind"], tuple(words))


def place_of(part: Mapping[str, Any]) -> Iterator[str]:
    if part["inside"]:
        yield _("in %(blocks)s") % {"blocks": ", ".join(map(kind_word, part["inside"]))}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Say what differs in a step itself."""
    if old["kind"] != new["kind"]:
        yield _("was a %(old)s, is a %(new)s") % {"old": kind_word(old["kind"]), "new": kind_word(new["kind"])}
    if old["when"] != new["when"]:
        yield _("its condition was changed")
    for name in SCHEMAS:
        yield from schema_changes(name.replace("_", " "), old["schemas"].get(name), new["schemas"].get(name))


def schema_changes(name: str, old: Any, new: Any) -> Iterator[str]:
    """Say field by field how a schema differs."""
    if old == new:
        return
    before, after = fields_of(old), fields_of(new)
    found = False
    for field in [*before, *(field for field in after if field not in before)]:
        was, now = before.get(field), after.get(field)
        if was != now:
            found = True
            yield f"{name}.{field}: {words_of(was)} → {words_of(now)}"
    if not found:
        yield _("%(name)s: its limits or words were changed") % {"name": name}


def fields_of(schema: Any) -> dict[str, Line]:
    """Name the fields by their path, without what is said about them."""
    stack: list[str] = []
    found: dict[str, Line] = {}
    for line in lines_of(schema) if schema else ():
        stack[line.depth :] = [line.name or _("value")]
        found[".".join(stack)] = Line(line.name, line.type, line.required, "", line.depth)
    return found


def words_of(line: Line | None) -> str:
    if line is None:
        return _("not there")
    return line.type if line.required else f"{line.type}, {_('optional')}"


def last_with(workflow_id: str, path: str) -> Version | None:
    """Find the latest version that had a step."""
    for version in Version.objects.filter(workflow_id=workflow_id).order_by("-last_at", "-number"):
        if path in parts_of(version):
            return version
    return None
