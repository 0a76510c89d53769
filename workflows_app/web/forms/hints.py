"""What an author may say of a field beyond its type, by `Field(json_schema_extra={…})`.

* `x-widget`: `textarea`, `code`, `password`, `json` or `file`
* `x-unit`: what a number or text is counted in, shown behind it
* `x-group`: a heading; the properties that share one stand together under it
* `x-order`: a number; properties stand in its order, those without one last
* `x-collapsed`: `True` folds the field, or its whole group, away until somebody opens it
* `x-show-if`: `{"decision": "reject"}`, or several values in a list: the property is asked for only then
* `x-choices`: what may be chosen; see `choices`
* `x-max-bytes`: the largest file that is taken
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LAST: Final = 1_000.0


@dataclass(frozen=True, slots=True)
class Hints:
    """How a property wants to be laid out among the others."""

    group: str = ""
    order: float = LAST
    collapsed: bool = False
    show_if: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


def hints_of(schema: Mapping[str, object]) -> Hints:
    """Read the hints of a part of a schema; what makes no sense says nothing."""
    group, order, wanted = (schema.get(key) for key in ("x-group", "x-order", "x-show-if"))
    conditions = wanted if isinstance(wanted, dict) else {}
    return Hints(
        group=group if isinstance(group, str) else "",
        order=order if isinstance(order, int | float) and not isinstance(order, bool) else LAST,
        collapsed=schema.get("x-collapsed") is True,
        show_if={name: tuple(value) if isinstance(value, list) else (value,) for name, value in conditions.items()},
    )
