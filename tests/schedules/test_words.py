"""Cron expressions in words."""

from __future__ import annotations

import pytest

from workflows_app.engine.cron import Cron
from workflows_app.web.values.crons import words_of

WORDS = {
    "* * * * *": "every minute",
    "* * * * * *": "every second",
    "*/10 * * * * *": "every 10 seconds",
    "30 * * * * *": "every minute",
    "*/15 * * * *": "every 15 minutes",
    "0,30 * * * *": "every 30 minutes",
    "*/7 * * * *": "",
    "5 * * * *": "every hour at :05",
    "5,7 * * * *": "every hour at :05, :07",
    "0 9 * * *": "every day at 09:00",
    "30 8,17 * * *": "every day at 08:30, 17:30",
    "0 9 * * mon-fri": "Monday to Friday at 09:00",
    "0 9 * * sun,sat": "Saturday, Sunday at 09:00",
    "0 0 1,15 * *": "each month on day 1, 15 at 00:00",
    "0 0 1 6 *": "",
    "0 9 13 * fri": "",
    "1-9 * * * *": "",
    "0-4 9-12 * * *": "",
    "5 0 9 * * *": "",
    "0 9 * * * * 2030": "",
    "1,3 0 * * * *": "",
    "1,3 * * * * *": "",
}


@pytest.mark.parametrize(("text", "words"), WORDS.items())
def test_what_has_short_words_is_said_in_them(text: str, words: str) -> None:
    assert words_of(Cron.parse(text)) == words
