"""How the fields of a form are named in a POST.

A name is the way to a value, its parts joined by dots: `lines.0.sku`. An alternative of a union adds `~` and
its number (`evidence.~1.minutes`); what is not a value but says something about one starts with two
underscores (`notify.__set`). Parts that come from a schema are escaped, so none can pass for another thing.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

MARK: Final = "__"
SET: Final = "__set"
NEW: Final = "__new"
KEY: Final = "__key"
VALUE: Final = "__value"
MORE: Final = "__more"
PLACEHOLDER: Final = "__i__"


def join(*parts: str) -> str:
    """Join the parts of a name, leaving out empty ones."""
    return ".".join(part for part in parts if part)


def escape(key: str) -> str:
    """Write a property's key so that it is one plain part of a name."""
    text = quote(key, safe="", errors="replace").replace(".", "%2E").replace("~", "%7E")
    if text.startswith(MARK):
        return "%5F" + text[1:]
    return text or "%00"


def levels(name: str) -> int:
    """Count how deep a name reaches into a value."""
    return sum(bool(part) and not part.startswith(("~", MARK)) for part in name.split("."))
