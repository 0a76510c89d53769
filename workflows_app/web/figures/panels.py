"""A page made of panels: each has an address of its own, is read again every so often, and may fail alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger("workflows")
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page. `seconds` is how often it is read again; without `content` it is broken."""

    folder: str
    name: str
    address: str
    seconds: int
    content: Content | None

    @property
    def template(self) -> str:
        return "charts/_broken.html" if self.content is None else f"{self.folder}/_{self.name}.html"


def read_panel(folder: str, name: str, address: str, seconds: int, reading: Callable[[], Content]) -> Panel:
    """Read one panel; whatever goes wrong in it goes to the log."""
    try:
        return Panel(folder, name, address, seconds, reading())
    except Exception:
        logger.exception("the panel %s of the page %s could not be read", name, folder)
        return Panel(folder, name, address, seconds, None)
