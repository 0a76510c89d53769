"""What `x-choices` offers: answers that the type itself does not know.

* a list: `["north", "south"]`, or `[{"value": "n", "title": "North"}]`
* an object from value to title: `{"n": "North"}`
* `"output:list-shards"`: what an earlier step gave, which is such a list or object; `"output:plan#shards"`
  for a part of it
* `"/shards/"`: an address of this site that answers with such a list; the page asks it when it needs it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from workflows_app.web.forms.schema import as_schema, clean
from workflows_app.web.forms.titles import value_title

MAX_CHOICES: Final = 500
OUTPUT: Final = "output:"
VALUE_KEYS: Final = ("value", "id", "name")
TITLE_KEYS: Final = ("title", "label", "name")

Outputs = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Choices:
    """Values with their titles, or the address that knows them."""

    values: tuple[object, ...] = ()
    titles: tuple[str, ...] = ()
    address: str = ""


NO_CHOICES: Final = Choices()


def no_outputs(step: str) -> object:
    """Stand for the outputs of steps where there is no run yet."""
    return None


def choices_of(hint: object, outputs: Outputs) -> Choices:
    """Read the hint; what makes no sense offers nothing."""
    if isinstance(hint, str) and hint.startswith("/") and not hint.startswith("//"):
        return Choices(address=hint)
    if isinstance(hint, str) and hint.startswith(OUTPUT):
        step, _hash, part = hint.removeprefix(OUTPUT).partition("#")
        hint = outputs(step)
        for key in filter(None, part.split(".")):
            hint = as_schema(hint).get(key)
    found = list(_pairs(hint))[:MAX_CHOICES]
    return Choices(tuple(value for value, _title in found), tuple(title for _value, title in found))


def _pairs(hint: object) -> Iterator[tuple[object, str]]:
    if isinstance(hint, dict):
        yield from ((value, title) for value, title in hint.items() if isinstance(title, str))
    for item in hint if isinstance(hint, list) else ():
        if isinstance(item, dict):
            value = next((item[key] for key in VALUE_KEYS if key in item), None)
            title = next((item[key] for key in TITLE_KEYS if isinstance(item.get(key), str)), None)
        else:
            value, title = item, None
        if isinstance(value, str | int | float):
            yield value, clean(title) or value_title(value)
