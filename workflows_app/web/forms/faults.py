"""Bringing a validator's errors to the fields they speak of.

A validator knows values (`lines.0.sku`, `evidence.call.minutes`), a form knows names (`lines.2.sku`, if two
rows before it were taken away; `evidence.~1.minutes`). Each field finds the way on from its own path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from workflows_app.web.forms.control import Control, Fault
from workflows_app.web.forms.field import Field, Place, Problems
from workflows_app.web.forms.post import Post

Complaints = Sequence[Mapping[str, str]]
WHOLE: Final = "value"


def place_errors(root: Field, root_name: str, post: Post, problems: Problems, complaints: Complaints) -> dict[str, str]:
    """Give the first error of each field by its name; what could not be read comes before the validator."""
    located = [(_locate(root, root_name, post, item), item.get("message", "")) for item in complaints]
    own = [place.name for place, _message in located if not place.foreign]
    errors = dict(problems)
    for place, message in located:
        answered = any(name == place.name or name.startswith(f"{place.name}.") for name in own)
        unread = any(name == place.name or name.startswith(f"{place.name}.~") for name in problems)
        if not (place.foreign and answered) and not unread:
            rest = "" if place.foreign else ".".join(place.rest)
            errors.setdefault(place.name, f"{rest}: {message}" if rest else message)
    return errors


def list_faults(controls: Sequence[Control], errors: Mapping[str, str]) -> tuple[Fault, ...]:
    """List the errors in the order of the page, those that have no field first."""
    shown = tuple(fault for control in controls for fault in control.faults())
    names = {fault.name for fault in shown}
    loose = (Fault(label="", message=text, name=name) for name, text in errors.items() if name not in names)
    return (*loose, *shown)


def _locate(root: Field, root_name: str, post: Post, complaint: Mapping[str, str]) -> Place:
    path = complaint.get("path", "")
    # A validator calls the value as a whole "value", which a field may be called too.
    whole = not path or (path == WHOLE and root.child(WHOLE) is None)
    return root.locate(root_name, () if whole else path.split("."), post)
