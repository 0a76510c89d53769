"""A browser in a few words, from what it sends as its user agent."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _

# Many call themselves by the names of those after them as well, so the order matters.
BROWSERS: Final = {
    "Edg(?:e|A|iOS)?": "Edge", "OPR|Opera": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox|FxiOS": "Firefox",
    "HeadlessChrome|Chromium": "Chromium", "Chrome|CriOS": "Chrome", "Version(?=.*Safari)": "Safari",
}  # fmt: skip
SYSTEMS: Final = {
    "iPhone|iPad": "iOS", "Android": "Android", "CrOS": "ChromeOS", "Windows": "Windows", "Mac OS X|Macintosh": "macOS",
    "Linux": "Linux",
}  # fmt: skip
NAMES: Final = [(re.compile(rf"\b(?:{pattern})/(\d+)"), name) for pattern, name in BROWSERS.items()]


def browser_of(agent: str) -> str:
    """Name a browser, its version and its system; what is not known stays the text that it sends."""
    found = next((f"{name} {match[1]}" for pattern, name in NAMES if (match := pattern.search(agent))), "")
    system = next((name for pattern, name in SYSTEMS.items() if re.search(pattern, agent)), "")
    if found and system:
        return _("%(browser)s on %(system)s") % {"browser": found, "system": system}
    return found or agent
