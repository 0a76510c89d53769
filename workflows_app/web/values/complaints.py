"""What a validator says of a value, in the words of a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Words = Callable[[re.Match[str]], str]


def in_words(message: str) -> str:
    """Say a message of pydantic in fewer words; one of the author's own stands as it is."""
    for pattern, words in SAYINGS:
        if found := pattern.fullmatch(message):
            return words(found)
    return message


def _number(template: Callable[[], str]) -> Words:
    return lambda found: template() % found[1]


def _count(words: Callable[[int], str]) -> Words:
    return lambda found: words(int(found[1])) % {"n": found[1]}


def _saying(pattern: str, words: Words) -> tuple[re.Pattern[str], Words]:
    return re.compile(pattern, re.DOTALL), words


SAYINGS: Final = (
    _saying("(?:Value error|Assertion failed), (.*)", lambda found: found[1]),
    _saying("Field required", lambda found: _("Fill this in.")),
    _saying("Input should be greater than or equal to (.+)", _number(lambda: _("At least %s."))),
    _saying("Input should be less than or equal to (.+)", _number(lambda: _("At most %s."))),
    _saying("Input should be greater than (.+)", _number(lambda: _("More than %s."))),
    _saying("Input should be less than (.+)", _number(lambda: _("Less than %s."))),
    _saying("Input should be a multiple of (.+)", _number(lambda: _("In steps of %s."))),
    _saying(
        r"\w+ should have at least (\d+) characters?",
        _count(lambda n: ngettext("At least %(n)s character.", "At least %(n)s characters.", n)),
    ),
    _saying(
        r"\w+ should have at most (\d+) characters?",
        _count(lambda n: ngettext("At most %(n)s character.", "At most %(n)s characters.", n)),
    ),
    _saying(
        r"\w+ should have at least (\d+) items?.*",
        _count(lambda n: ngettext("At least %(n)s of these.", "At least %(n)s of these.", n)),
    ),
    _saying(
        r"\w+ should have at most (\d+) items?.*",
        _count(lambda n: ngettext("At most %(n)s of these.", "At most %(n)s of these.", n)),
    ),
    _saying("String should match pattern '(.+)'", _number(lambda: _("This has to look like %s."))),
    _saying("Extra inputs are not permitted", lambda found: _("There is no such field.")),
)
